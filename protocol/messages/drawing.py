"""Having a picture of splats drawn: since 1.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from .. import limits
from .base import Axes, JobMessage, Points, Radii, require


@dataclass(frozen=True, eq=False)
class Draw(JobMessage):
    """Client: draw these splats. ``job`` is the question's own id, not a job's.

    Answer: :class:`Drawn`, or :class:`Failure` with that id. A client that asks again before it was answered gets an
    answer to its last question only. Axes, units and blending are those of ``backend/conventions.md``.

    Attributes:
        width, height: pixels of the picture.
        viewmat: float64 [4,4], world to camera. K: float64 [3,3], pixels.
        means: float32 [N,3] metres, world. quats: float32 [N,4] wxyz. scales: float32 [N,3] metres.
        opacities: float32 [N], 0..1. colors: float32 [N,3], blended as they are.
    """

    KIND: ClassVar[str] = "draw"
    width: int
    height: int
    viewmat: Annotated[np.ndarray, Axes("<f8", (4, 4))]
    K: Annotated[np.ndarray, Axes("<f8", (3, 3))]
    means: Points
    quats: Annotated[np.ndarray, Axes("<f4", (None, 4))]
    scales: Points
    opacities: Radii
    colors: Points

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.width > 0 and self.height > 0, "the picture has no size")
        require(self.width * self.height <= limits.DRAWN_PIXELS, "the picture is larger than allowed")
        counts = {len(part) for part in (self.means, self.quats, self.scales, self.opacities, self.colors)}
        require(len(counts) == 1, "the splats disagree")


@dataclass(frozen=True, eq=False)
class Drawn(JobMessage):
    """Server: the picture, on nothing.

    Attributes:
        rgba: float16 [H,W,4], colour premultiplied.
        depth: float32 [H,W] metres along the camera's axis, weighted by alpha.
    """

    KIND: ClassVar[str] = "drawn"
    rgba: Annotated[np.ndarray, Axes("<f2", (None, None, 4))]
    depth: Annotated[np.ndarray, Axes("<f4", (None, None))]
