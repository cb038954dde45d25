"""Eyelids that can close: skin instead of the smear a half-hidden lid gives, with a crease and lashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...head.lids import MARGIN_ROW
from ...head.model import HeadModel
from .dense import DenseHead
from .light import LUMINANCE
from .membrane import Membrane
from .skin_regions import SkinRegions
from .skin_texture import SkinLayer

LID_TINT = np.array([1.02, 0.99, 0.98])  # lids are a little redder than the skin round them
FADE_ROWS = (7.5, 10.5)  # rows of the lid over which the new skin gives way to the photo
LENDING_ROW = 7.2  # from here on the photo's skin is seen well enough to lend its colour to the lid below
CREASE_ROW, CREASE_WIDTH, CREASE_DEPTH = 8.0, 0.8, 0.13
LASH_ROWS = (-1.0, 2.5)  # rows beside the margin that the lashes darken
LASHES, LOWER_LASHES = 0.62, 0.13  # how much darker the lines of lashes are
AROUND = 0.036  # metres, the neighbourhood that lends its colour


@dataclass(frozen=True)
class Lid:
    """One eye's lids on the dense head (the grid of ``head/lids.py``, carried over).

    Attributes:
        row: float64 [N], row of the lid grid; the number of rows outside.
        upper: float64 [N], 1 in the middle of the upper lid, 0 at the corners, negative on the lower lid.
        middle: [3], head frame, between the lids.
    """

    row: np.ndarray
    upper: np.ndarray
    middle: np.ndarray


def find_lids(model: HeadModel, dense: DenseHead, neutral: np.ndarray) -> tuple[Lid, Lid]:
    """(left, right) lids; ``neutral`` float64 [N,3]."""
    left, right = (_find_lid(rows, model, dense, neutral) for rows in model.lid_rows)
    return left, right


def _find_lid(grid: np.ndarray, model: HeadModel, dense: DenseHead, neutral: np.ndarray) -> Lid:
    rows, columns = grid.shape
    row = np.full(len(model.v_template), float(rows))
    row[grid] = np.arange(rows)[:, None]
    upper = np.zeros(len(model.v_template))
    upper[grid] = np.sin(2 * np.pi * np.arange(columns) / columns)
    margin = np.zeros(len(model.v_template), bool)
    margin[grid[MARGIN_ROW]] = True
    on_margin = dense.mask(margin, 0.99)
    return Lid(np.asarray(dense.operator @ row), np.asarray(dense.operator @ upper), neutral[on_margin].mean(0))


def paint_lids(
    layer: SkinLayer, neutral: np.ndarray, dense: DenseHead, regions: SkinRegions, lids: tuple[Lid, Lid]
) -> np.ndarray:
    """Refill both upper lids; returns the colours [N,3]. ``neutral``: [N,3] head frame."""
    colors = layer.colors
    for lid in lids:
        near = regions.skin & (np.linalg.norm(neutral - lid.middle, axis=1) < AROUND)
        membrane = Membrane(dense, near)
        skin = _from_around(colors, layer.known, lid, near, membrane)
        fade = 1 - np.clip((lid.row - FADE_ROWS[0]) / (FADE_ROWS[1] - FADE_ROWS[0]), 0, 1)
        on_upper = np.clip(lid.upper / 0.25 + 0.2, 0, 1)
        amount = membrane.soften(fade * on_upper * near)
        crease = CREASE_DEPTH * np.exp(-(((lid.row - CREASE_ROW) / CREASE_WIDTH) ** 2)) * on_upper
        gain = LID_TINT * (1 - crease)[:, None]
        colors = colors + (skin * gain - colors) * amount[:, None]
        colors = colors * (1 - _lashes(lid))[:, None]
    return colors


def _from_around(colors: np.ndarray, known: np.ndarray, lid: Lid, near: np.ndarray, membrane: Membrane) -> np.ndarray:
    """Skin colour continued over the lid from the skin round the eye; brows and lashes lend nothing."""
    luminance = colors @ LUMINANCE
    around = near & (lid.row > LENDING_ROW) & (known > 0.1)
    if not around.any():
        return colors
    bright = luminance > 0.45 * np.median(luminance[around])
    return membrane.fill(colors, (around & bright).astype(np.float64))


def _lashes(lid: Lid) -> np.ndarray:
    """The lines of lashes along the margins, darkening [N]."""
    below, above = LASH_ROWS
    beside = lid.row - MARGIN_ROW
    line = np.clip((beside - below) / 0.5, 0, 1) * np.clip((above - beside) / 0.8, 0, 1)
    return line * (LASHES * np.clip(4 * lid.upper, 0, 1) + LOWER_LASHES * np.clip(-3 * lid.upper, 0, 1))
