"""The hair as a volume: one closed sheet round the head, with a thickness and an opacity for every cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .hair_atlas import HairAtlas, blur_wrapped


@dataclass(frozen=True)
class HairShell:
    """The outer surface of the hair in the neutral head frame. Hair follows the neck joint and no expression.

    Attributes:
        atlas: the map it is stored on, R x C cells.
        skull: float32 [R,C], radius of the bare skin, metres.
        radius: float32 [R,C], radius of the hair's outside, metres.
        alpha: float32 [R,C], 1 where there is hair, 0 where there is none; soft at the hairline.
        hidden_ears: whether hair covers the (subject's left, right) ear.
    """

    atlas: HairAtlas
    skull: np.ndarray
    radius: np.ndarray
    alpha: np.ndarray
    hidden_ears: tuple[bool, bool]

    @cached_property
    def vertices(self) -> np.ndarray:
        """float64 [R*C,3], head frame, metres."""
        return self.atlas.points(self.radius).reshape(-1, 3)

    @property
    def faces(self) -> np.ndarray:
        """int32 [F,3] into ``vertices``, all cells; cut by ``alpha`` (vertex alpha = ``alpha.ravel()``)."""
        return self.atlas.faces

    def coverage(self, points: np.ndarray) -> np.ndarray:
        """How much hair lies over skin points [N,3] of the neutral head: float32 [N], 0..1."""
        row, column, _ = self.atlas.locate(points)
        alpha = self.atlas.sample(blur_wrapped(self.alpha, 3.0), row, column)
        inside_map = row < self.atlas.rows - 1
        return np.where(inside_map, np.clip((alpha - 0.4) * 4, 0, 1), 0).astype(np.float32)

    def push_under(self, points: np.ndarray, margin: float = 0.003) -> np.ndarray:
        """Move covered skin points [N,3] to at least ``margin`` metres below the hair; others stay. float64 [N,3].

        Ears that show and the inside of the mouth must not be given.
        """
        row, column, radius = self.atlas.locate(points)
        ceiling = self.atlas.sample(self.radius, row, column) - margin
        target = radius + (np.minimum(radius, ceiling) - radius) * self.coverage(points)
        return self.atlas.with_radius(points, target)
