"""Eyelids that can close: skin instead of the smear a half-hidden lid gives, with a crease and lashes."""

from __future__ import annotations

import numpy as np

from .dense import DenseHead
from .light import LUMINANCE
from .membrane import Membrane
from .skin_regions import SkinRegions
from .skin_texture import SkinLayer

LID_FROM, LID_TO = 0.14, 0.32  # part of the lid margin's motion from which, and over which, the photo fades out
LID_TINT = np.array([0.95, 0.915, 0.905])  # lids are a little darker and redder than the skin round them
CREASE, CREASE_WIDTH, CREASE_DEPTH = 0.3, 0.075, 0.17
LASHES_FROM, LASHES_TO, LASHES_DEPTH = 0.9, 0.985, 0.62


def paint_lids(
    layer: SkinLayer, neutral: np.ndarray, dense: DenseHead, regions: SkinRegions, eye_centers: np.ndarray
) -> np.ndarray:
    """Refill both upper lids; returns the colours [N,3].

    Args:
        neutral: [N,3] head frame. eye_centers: [2,3], (left, right).
    """
    membrane = Membrane(dense, regions.skin)
    colors = layer.colors
    for blink, center in zip(regions.blink, eye_centers):
        skin = _from_around(colors, layer.known, blink, neutral, regions, membrane)
        lid = np.clip((blink - LID_FROM) / (LID_TO - LID_FROM), 0, 1) * regions.skin
        upper = _upper(neutral, center)
        gain = LID_TINT * (1 - _details(blink) * upper)[:, None]
        colors = colors + (skin * gain - colors) * lid[:, None]
    return colors


def _from_around(
    colors: np.ndarray,
    known: np.ndarray,
    blink: np.ndarray,
    neutral: np.ndarray,
    regions: SkinRegions,
    membrane: Membrane,
) -> np.ndarray:
    """Skin colour continued over the lid from the well lit, still skin round the eye."""
    middle = neutral[regions.skin & (blink > LID_FROM)].mean(0)
    near = regions.skin & (np.linalg.norm((neutral - middle) * [1, 1.3, 1], axis=1) < 0.03)
    luminance = colors @ LUMINANCE
    around = near & (blink < 0.1) & (known > 0.1)
    if not around.any():
        return colors
    bright = luminance > 0.88 * np.median(luminance[around])
    return membrane.fill(colors, (around & bright).astype(np.float64))


def _upper(neutral: np.ndarray, center: np.ndarray) -> np.ndarray:
    """1 on the upper lid, 0 on the lower, soft at the corners; float64 [N]."""
    return np.clip((neutral[:, 1] - center[1] + 0.0005) / 0.002, 0, 1)


def _details(blink: np.ndarray) -> np.ndarray:
    """How much darker [N] the crease and the line of lashes are than the lid."""
    crease = CREASE_DEPTH * np.exp(-(((blink - CREASE) / CREASE_WIDTH) ** 2))
    lashes = LASHES_DEPTH * np.clip((blink - LASHES_FROM) / (LASHES_TO - LASHES_FROM), 0, 1)
    return np.maximum(crease, lashes)
