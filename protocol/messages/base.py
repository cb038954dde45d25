"""What every message is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from ..jobs import is_job_id

Scalar = str | int | float | bool
LEFT_OUT_WHEN_DEFAULT = {"left_out_when_default": True}
"""Metadata of a field that a minor version added to an older message: without it that message is as it always was."""


@dataclass(frozen=True)
class Axes:
    """What an array field must be: a dtype, and for each axis an extent or None for any."""

    dtype: str
    extents: tuple[int | None, ...]


Bytes = Annotated[np.ndarray, Axes("|u1", (None,))]
Picture = Annotated[np.ndarray, Axes("|u1", (None, None, 3))]
Points = Annotated[np.ndarray, Axes("<f4", (None, 3))]
Radii = Annotated[np.ndarray, Axes("<f4", (None,))]
Colors = Annotated[np.ndarray, Axes("|u1", (None, 3))]


def require(condition: bool, sentence: str) -> None:
    """A rule that a message keeps, whoever makes it; a broken one is a ValueError."""
    if not condition:
        raise ValueError(sentence)


@dataclass(frozen=True, eq=False)
class Message:
    """The root of every message; ``KIND`` names it on the wire."""

    KIND: ClassVar[str] = ""


@dataclass(frozen=True, eq=False)
class JobMessage(Message):
    """A message about one job. ``job`` is a canonical UUID."""

    job: str

    def __post_init__(self) -> None:
        require(is_job_id(self.job), "job is not a canonical UUID")


@dataclass(frozen=True, eq=False)
class JobEvent(JobMessage):
    """Something that happened to a job. ``seq`` grows through a server's life and restarts; 0: not journalled."""

    seq: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.seq >= 0, "seq is negative")
