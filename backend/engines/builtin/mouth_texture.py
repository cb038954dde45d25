"""The inside of the mouth: what no closed mouth shows and every expression does."""

from __future__ import annotations

import numpy as np

from .dense import DenseHead, vertex_normals
from .skin_regions import SkinRegions

ENAMEL = np.array([0.87, 0.83, 0.76])
GUM = np.array([0.66, 0.36, 0.35])
TONGUE = np.array([0.66, 0.36, 0.36])
MUCOSA = np.array([0.42, 0.19, 0.18])
TEETH_ACROSS = 0.0085  # metres, width of a front tooth


def paint_mouth(colors: np.ndarray, neutral: np.ndarray, dense: DenseHead, regions: SkinRegions) -> np.ndarray:
    """Colours [N,3] with inner mouth, teeth and tongue painted."""
    colors = colors.copy()
    normals = vertex_normals(neutral, dense.faces)
    lips = np.median(colors[regions.lips], axis=0) if regions.lips.any() else MUCOSA / 0.5
    inner = regions.inner_mouth
    lip_depth = neutral[regions.lips, 2].max()
    # from wet lip to the dark of the throat over three centimetres
    back = np.clip((lip_depth - 0.006 - neutral[inner, 2]) / 0.03, 0, 1)[:, None]
    wet = 0.8 * lips * np.array([1, 0.86, 0.86])
    colors[inner] = wet + (0.55 * MUCOSA - wet) * back**0.7
    colors[regions.tongue] = TONGUE * _form(neutral, normals, regions.tongue, 0.03)[:, None]
    for jaw in (regions.upper_teeth, regions.teeth & ~regions.upper_teeth):
        colors[jaw] = _teeth(neutral[jaw], normals[jaw], upper=jaw is regions.upper_teeth)
    return colors


def _form(neutral: np.ndarray, normals: np.ndarray, part: np.ndarray, reach: float) -> np.ndarray:
    """Light [n] on a part of the mouth: bright in front and facing forward, dark behind."""
    depth = np.clip((neutral[part, 2].max() - neutral[part, 2]) / reach, 0, 1)
    return (0.8 + 0.2 * np.clip(normals[part, 2], 0, 1)) * (1 - 0.55 * depth)


def _teeth(points: np.ndarray, normals: np.ndarray, *, upper: bool) -> np.ndarray:
    """Enamel [n,3] with gaps between the teeth and gums at their roots."""
    everything = np.ones(len(points), bool)
    light = _form(points, normals, everything, 0.035)
    along = _arc_length(points)
    gap = np.abs(((along / TEETH_ACROSS) % 1) - 0.5) * 2  # 1 between two teeth
    edge = 1 - 0.45 * np.clip((gap - 0.8) / 0.2, 0, 1) ** 2
    low, high = points[:, 1].min(), points[:, 1].max()
    root = (points[:, 1] - low) / (high - low)
    root = root if upper else 1 - root
    arch = 0.72 + 0.16 * np.sqrt(np.clip(1 - gap**2, 0, 1))  # gums climb between the teeth
    gum = np.clip((root - arch) / 0.08, 0, 1)[:, None]
    tooth = ENAMEL * edge[:, None] * (1 - 0.1 * root)[:, None]
    return (tooth + (GUM - tooth) * gum) * light[:, None]


def _arc_length(points: np.ndarray) -> np.ndarray:
    """Signed length [n] along the dental arch from its middle, metres."""
    center_z = points[:, 2].max() - 0.028
    angle = np.arctan2(points[:, 0], points[:, 2] - center_z)
    return angle * 0.028
