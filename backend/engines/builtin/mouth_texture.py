"""The inside of the mouth: what no closed mouth shows and every expression does."""

from __future__ import annotations

import numpy as np

from ...head.normals import vertex_normals
from .dense import DenseHead
from .skin_regions import SkinRegions

EDGE = np.array([0.93, 0.91, 0.87])  # enamel at the biting edge, and towards the gum
NECK = np.array([0.92, 0.86, 0.75])
GUM = np.array([0.72, 0.42, 0.41])
TONGUE = np.array([0.66, 0.36, 0.36])
MUCOSA = np.array([0.42, 0.19, 0.18])


def paint_mouth(
    colors: np.ndarray, neutral: np.ndarray, dense: DenseHead, regions: SkinRegions, light: np.ndarray
) -> np.ndarray:
    """Colours [N,3] with inner mouth, teeth and tongue painted; ``light`` [3] is what white looks like in the photo."""
    colors = colors.copy()
    normals = vertex_normals(neutral, dense.faces)
    lips = np.median(colors[regions.lips], axis=0) if regions.lips.any() else MUCOSA / 0.5
    inner = regions.inner_mouth
    lip_depth = neutral[regions.lips, 2].max()
    # from wet lip to the dark of the throat over three centimetres
    back = np.clip((lip_depth - 0.006 - neutral[inner, 2]) / 0.03, 0, 1)[:, None]
    wet = 0.8 * lips * np.array([1, 0.86, 0.86])
    colors[inner] = wet + (0.55 * MUCOSA - wet) * back**0.7
    for part, color, reach in ((regions.tongue, TONGUE, 0.03), (regions.gums, GUM, 0.045)):
        if part.any():  # FLAME has neither tongue nor gums
            colors[part] = color * _form(neutral[part, 2], normals[part], reach)[:, None]
    for jaw, upper in ((regions.upper_teeth, True), (regions.teeth & ~regions.upper_teeth, False)):
        if jaw.any():
            colors[jaw] = light * _teeth(neutral[jaw], normals[jaw], upper=upper)
    return colors


def _form(forward: np.ndarray, normals: np.ndarray, reach: float) -> np.ndarray:
    """Light [n] on a part of the mouth: bright in front and facing forward, dark behind; ``forward`` [n] is z."""
    depth = np.clip((forward.max() - forward) / reach, 0, 1)
    return (0.82 + 0.18 * np.clip(normals[:, 2], 0, 1)) * (1 - 0.5 * depth)


def _teeth(points: np.ndarray, normals: np.ndarray, *, upper: bool) -> np.ndarray:
    """Enamel [n,3]: yellower towards the gum, a little translucent at the biting edge, darker between two teeth."""
    light = _form(points[:, 2], normals, 0.045)
    low, high = points[:, 1].min(), points[:, 1].max()
    root = (points[:, 1] - low) / (high - low)
    root = (root if upper else 1 - root)[:, None]
    outwards = np.clip(normals[:, 2] * 0.75 + np.abs(normals[:, 0]) * 0.6, 0, 1)[:, None]
    between = 0.72 + 0.28 * np.clip(outwards / 0.6, 0, 1)
    tooth = (EDGE + (NECK - EDGE) * root) * between
    gum = np.clip((root - 0.78) / 0.15, 0, 1)
    return (tooth + (GUM - tooth) * gum) * light[:, None]
