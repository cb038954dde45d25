"""Looking at a picture before a head is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from .base import Axes, JobMessage, Picture
from .requests import GenerateAvatar


@dataclass(frozen=True, eq=False)
class Examine(JobMessage):
    """Client: what would you make of this request? ``job`` is the question's own id, not a job's.

    Answer: :class:`Examined`, or :class:`Failure` with that id. A client that asks again before it was answered gets
    an answer to its last question only.
    """

    KIND: ClassVar[str] = "examine"
    request: GenerateAvatar


@dataclass(frozen=True)
class FaceBox:
    """A face in the picture: the box of its landmarks, pixels from the upper left."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Remark:
    """Something the artist should know about the picture: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Examined(JobMessage):
    """Server: what it sees in the picture.

    Attributes:
        width, height: of the decoded, upright picture.
        faces: the largest first. chosen: which of them the head would be made of.
        crop: float64 [2,3], pixel of the picture -> pixel of ``image``, before that was made smaller.
        image: uint8 [S,S,3] sRGB, the crop.
        matte: uint8 [S,S], the person in it.
        landmarks: float32 [K,2], pixels of ``image``.
        yaw_deg, pitch_deg, roll_deg: how the head is turned (``backend/conventions.md``).
        face_height: pixels of the picture. blur: of the face's edges, per cent of its height.
    """

    KIND: ClassVar[str] = "examined"
    width: int
    height: int
    faces: tuple[FaceBox, ...]
    chosen: int
    crop: Annotated[np.ndarray, Axes("<f8", (2, 3))]
    image: Picture
    matte: Annotated[np.ndarray, Axes("|u1", (None, None))]
    landmarks: Annotated[np.ndarray, Axes("<f4", (None, 2))]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    face_height: float
    blur: float
    remarks: tuple[Remark, ...] = ()
