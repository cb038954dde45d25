"""The parts of the face that the panel, the keys and the resets know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..joints import JOINT_NAMES


class ControlGroup(NamedTuple):
    """``starts``: what the names of its controls begin with; ``joints``: those the artist turns by hand."""

    key: str
    title: str
    starts: tuple[str, ...]
    joints: tuple[str, ...]


EVERYTHING = "ALL"  # in place of a group's key
GROUPS = (
    ControlGroup("BROWS", "Brows", ("brow",), ()),
    ControlGroup("EYES", "Eyes", ("eye",), ("left_eye", "right_eye")),
    ControlGroup("CHEEKS", "Cheeks and Nose", ("cheek", "nose"), ()),
    ControlGroup("MOUTH", "Mouth", ("mouth", "tongue"), ()),
    ControlGroup("JAW", "Jaw", ("jaw",), ("jaw",)),
    ControlGroup("HEAD", "Head", (), ("neck", "root")),
    ControlGroup("MORE", "Action Units", (), ()),  # every other control
)
_NAMED = tuple(start for group in GROUPS for start in group.starts)


def controls_in(key: str, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that belong to the group."""
    if key == EVERYTHING:
        return list(names)
    if key == "MORE":
        return [name for name in names if not name.startswith(_NAMED)]
    return [name for name in names if name.startswith(_group(key).starts)]


def joints_in(key: str) -> tuple[str, ...]:
    """The group's joints; of everything: all five, in FLAME's order."""
    return JOINT_NAMES if key == EVERYTHING else _group(key).joints


def _group(key: str) -> ControlGroup:
    return next(group for group in GROUPS if group.key == key)
