"""The hair as a volume: one closed sheet round the head, with a thickness and an opacity for every cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...artifacts import Camera, Portrait
from .hair_alpha import cut_out_ear, hair_alpha, look_at_shell
from .hair_atlas import HairAtlas, blur_wrapped
from .hair_strands import Strands, comb
from .hair_texture import hair_color
from .hair_thickness import skull_radius, solve_shell
from .segmentation import Segmentation


@dataclass(frozen=True)
class BareHead:
    """The skin hair grows on; points float64 [.,3] in the head frame, densely sampled.

    Attributes:
        skin: neutral skin without ears and the inside of the mouth, [N,3].
        scalp: float [N], 1 where hair usually grows.
        ears: neutral points of the (left, right) ear.
        hidden_ears: whether hair covers it.
    """

    skin: np.ndarray
    scalp: np.ndarray
    ears: tuple[np.ndarray, np.ndarray]
    hidden_ears: tuple[bool, bool]


@dataclass(frozen=True)
class HairShell:
    """The outer surface of the hair in the neutral head frame. Hair follows the neck joint and no expression.

    Attributes:
        atlas: the map it is stored on, R x C cells.
        skull: float32 [R,C], radius of the bare skin, metres.
        radius: float32 [R,C], radius of the hair's outside, metres.
        alpha: float32 [R,C], 1 where there is hair, 0 where there is none; soft at the hairline.
        hidden_ears: whether hair covers the (subject's left, right) ear.
        color: float32 [R,C,3] sRGB 0..1.
        strands: direction and pattern of the hair.
    """

    atlas: HairAtlas
    skull: np.ndarray
    radius: np.ndarray
    alpha: np.ndarray
    hidden_ears: tuple[bool, bool]
    color: np.ndarray
    strands: Strands

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


def build_hair(
    portrait: Portrait, segmentation: Segmentation, camera: Camera, head: BareHead, *, cell: float, seed: int
) -> HairShell:
    """Make the hair of a person who has some.

    Args:
        camera: the photo's.
        cell: size of an atlas cell, metres.
        seed: of everything synthetic.
    """
    atlas = HairAtlas.with_cell(cell)
    skull = skull_radius(atlas, head.skin)
    person = (portrait.matte > 0.5) & (portrait.inside > 0.5)
    known = portrait.inside > 0.5
    radius, outline = solve_shell(atlas, skull, segmentation.hair_mask & person, known, camera)
    seen = look_at_shell(atlas, radius, segmentation.hair_mask, person, known, camera)
    strands = comb(atlas, radius, portrait.image, segmentation.hair_mask, seen, camera, seed)
    scalp = _scalp_map(atlas, head)
    alpha = hair_alpha(atlas, seen, outline, scalp, camera, bare_crown=segmentation.bare_crown, seed=seed)
    for covered, points in zip(head.hidden_ears, head.ears):
        if not covered:
            alpha = cut_out_ear(atlas, alpha, points)
    alpha = _fray(atlas, alpha, strands, soft=not segmentation.hat)
    color = hair_color(atlas, alpha, strands, seen, portrait, segmentation)
    return HairShell(
        atlas, skull.astype(np.float32), radius.astype(np.float32), alpha, head.hidden_ears, color, strands
    )


def _scalp_map(atlas: HairAtlas, head: BareHead) -> np.ndarray:
    """The head model's scalp on the atlas, float32 [R,C] 0..1."""
    row, column, _ = atlas.locate(head.skin)
    row, column = np.clip(row.astype(int), 0, atlas.rows - 1), column.astype(int) % atlas.columns
    hit, count = np.zeros((2, *atlas.shape), np.float32)
    np.add.at(hit, (row, column), head.scalp)
    np.add.at(count, (row, column), 1)
    sigma = 0.004 / atlas.cell
    return blur_wrapped(hit, sigma) / np.maximum(blur_wrapped(count, sigma), 1e-3)


def _fray(atlas: HairAtlas, alpha: np.ndarray, strands: Strands, *, soft: bool) -> np.ndarray:
    """Let the border of the hair end strand by strand instead of along a line."""
    if not soft:
        return alpha
    wide = blur_wrapped(alpha, 0.0025 / atlas.cell)
    frayed = (wide - 0.5) * 1.6 + 0.5 + (0.22 * strands.clumps + 0.12 * strands.fine) * (4 * wide * (1 - wide))
    return np.clip(frayed, 0, 1).astype(np.float32)
