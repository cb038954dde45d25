"""Where each control's slider stands on the face board. Plain numbers; nothing here needs Blender.

One row per control, or per left/right pair: the subject's right side stands on the left, as one sees it face to face.

             Brows
    (o----)  Down       (o----)
             Inner Up   (o----)

Partners stand in one row: Blender's flip demands it (``face_board.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .control_groups import GROUPS, controls_in

SLIDER_LENGTH = 0.02  # metres a slider travels from 0 to 1
SLIDE_AXIS = 1  # of its bone: local y, which no flip of Blender's negates
ROW_HEIGHT, HEADING_HEIGHT, BASELINE = 0.012, 0.016, -0.0026  # letters stand on the baseline, knobs on 0
LABEL_WIDTH, MORE_LABEL_WIDTH, GAP = 0.05, 0.104, 0.004

BOARD, MORE = "Face board", "More controls"  # bone collections
BOARD_BONES = {BOARD: "face_board", MORE: "more_controls"}
_SECOND_COLUMN = ("MOUTH",)  # groups


@dataclass(frozen=True)
class Slider:
    """One control: where its zero lies on the board (``x``, ``y`` metres, board frame) and its bone collection.

    ``second``: it stands on the far side of its row's label, :attr:`BoardLayout.second_place` from its partner.
    """

    control: str
    x: float
    y: float
    collection: str
    second: bool


@dataclass(frozen=True)
class Label:
    """A line of text; ``x``, ``y`` is its left end on the baseline."""

    text: str
    x: float
    y: float
    heading: bool


@dataclass(frozen=True)
class BoardLayout:
    """``second_place``: metres from a row's first slider to its second; the same in every row."""

    sliders: tuple[Slider, ...]
    labels: tuple[Label, ...]
    second_place: float


def mirrored_name(name: str) -> str:
    """The control of the other side; a name without a side comes back unchanged."""
    for left, right in (("Left", "Right"), ("left", "right")):
        if left in name:
            return name.replace(left, right)
        if right in name:
            return name.replace(right, left)
    return name


def lay_out(names: list[str]) -> tuple[BoardLayout, BoardLayout]:
    """The face board, and a second board for the controls that are not ARKit's."""
    rest = controls_in("MORE", names)
    groups = [(g.title, controls_in(g.key, names), int(g.key in _SECOND_COLUMN)) for g in GROUPS if g.starts]
    board = _columns(groups, BOARD, 0.0, LABEL_WIDTH)
    half = (len(_rows(rest)) + 1) // 2
    columns = [(n, 0) for row in _rows(rest)[:half] for n in row] + [(n, 1) for row in _rows(rest)[half:] for n in row]
    split = [(GROUPS[-1].title, [n for n, c in columns if c == column], column) for column in (0, 1)]
    return board, _columns(split, MORE, 2 * _column_width(LABEL_WIDTH), MORE_LABEL_WIDTH)


def _column_width(label_width: float) -> float:
    return 2 * SLIDER_LENGTH + label_width + 2 * GAP + 0.02


def _columns(groups: list[tuple[str, list[str], int]], collection: str, left: float, label_width: float) -> BoardLayout:
    sliders: list[Slider] = []
    labels: list[Label] = []
    y = {0: 0.0, 1: 0.0}
    second_place = SLIDER_LENGTH + label_width + 2 * GAP
    for heading, names, column in groups:
        if not names:
            continue
        x = left + column * _column_width(label_width)
        y[column] -= HEADING_HEIGHT
        labels.append(Label(heading, x + SLIDER_LENGTH + GAP, y[column], True))
        for row in _rows(names):
            y[column] -= ROW_HEIGHT
            labels.append(Label(_title(row[0], heading), x + SLIDER_LENGTH + GAP, y[column] + BASELINE, False))
            for name, second in zip(row, (False, True) if len(row) == 2 else (True,)):
                sliders.append(Slider(name, x + second * second_place, y[column], collection, second))
        y[column] -= 0.4 * HEADING_HEIGHT
    return BoardLayout(tuple(sliders), tuple(labels), second_place)


def _rows(names: list[str]) -> list[tuple[str, ...]]:
    """Pairs that belong together, right side first; the order of first appearance."""
    rows: list[tuple[str, ...]] = []
    done: set[str] = set()
    for name in names:
        if name in done:
            continue
        other = mirrored_name(name)
        row = tuple(sorted({name, other}, key=_is_left)) if other in names else (name,)
        rows.append(row)
        done.update(row)
    return rows


def _is_left(name: str) -> bool:
    return "left" in name.lower()


def _title(name: str, heading: str) -> str:
    """Under ``Mouth``: ``mouthLowerDownLeft`` -> ``Lower Down``; ``mouthLeft``, one of two ways -> ``Sideways``.

    An action unit keeps its number in front: ``AU12LipCornerPuller`` -> ``AU12 Lip Corner Puller``.
    """
    text = re.sub("(?i)[-_]?(left|right)$", "", name)
    title = spoken_name(text + "Sideways" if text in ("jaw", "mouth") else text)
    return title.removeprefix(heading.rstrip("s") + " ")


def spoken_name(name: str) -> str:
    """``mouthLowerDownLeft`` -> ``Mouth Lower Down Left``; ``AU12_left`` -> ``AU12 Left``."""
    words = re.sub("([a-z0-9])([A-Z])", r"\1 \2", name).replace("_", " ").replace("-", " ")
    return " ".join(word[0].upper() + word[1:] for word in words.split())
