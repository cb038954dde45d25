"""Edges of masks: where the head's outline runs, which way is out, and how far the person's edge lies from it."""

from __future__ import annotations

import cv2
import numpy as np
import scipy.ndimage as ndi


def rim(mask: np.ndarray) -> np.ndarray:
    """bool [H,W]: pixels of ``mask`` that touch others; the picture's own border is no rim."""
    return mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).astype(bool)


def outward_normals(head: np.ndarray, on_rim: np.ndarray) -> np.ndarray:
    """Unit normals [K,2] (x, y) of a mask's outline at pixels ``on_rim`` [K,2] (row, column)."""
    soft = ndi.gaussian_filter(head.astype(np.float64), 4.0)
    rows, columns = on_rim.T
    down, across = np.gradient(soft)
    normal = -np.stack([across[rows, columns], down[rows, columns]], 1)
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)


def distance_to_edge(
    person: np.ndarray, skin: np.ndarray, start: np.ndarray, normal: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Signed distance [K] from ``start`` [K,2] along ``normal`` to where the person ends, NaN beyond ``reach``.

    And whether skin forms the outline there: bool [K].
    """
    steps = np.arange(-np.ceil(reach), np.ceil(reach) + 1)
    points = start[:, None] + steps[:, None] * normal[:, None]
    column, row = (np.clip(points[..., axis].astype(int), 0, person.shape[0] - 1) for axis in (0, 1))
    inside = person[row, column]
    # The end that belongs to this rim is the one nearest to it.
    ends = inside[:, :-1] & ~inside[:, 1:]
    offset = np.where(ends, np.abs(steps[:-1] + 0.5), np.inf)
    nearest = offset.argmin(1)
    index = np.arange(len(start))
    found = np.isfinite(offset[index, nearest])
    just_inside = [np.maximum(nearest - k, 0) for k in (1, 2, 3, 4)]
    at_skin = np.mean([skin[row[index, j], column[index, j]] for j in just_inside], axis=0) > 0.7
    return np.where(found, steps[nearest] + 0.5, np.nan), at_skin
