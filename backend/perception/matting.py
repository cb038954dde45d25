"""Separate the person from the background: a 256-pixel network, then an edge that follows the picture's own hair."""

from __future__ import annotations

import cv2
import numpy as np

from .networks import matting_network

_INPUT = 256
_BAND = 0.02  # radius of the refined band, as a part of the picture's longer side
_EPSILON = 1e-4  # guided filter: variance (of values 0..1) below which an area counts as flat
_FLOOR, _CEILING = 0.04, 0.96  # what the filter leaves below and above is haze, not hair


def portrait_matte(image: np.ndarray) -> np.ndarray:
    """Return how much of each pixel is the person: float32 [H,W], 0..1.

    Works best on a crop in which the head fills about half of the picture (the network sees 256 pixels).

    Args:
        image: uint8 [H,W,3] sRGB.

    Raises:
        AssetError: the network's file is not here and cannot be fetched.
    """
    height, width = image.shape[:2]
    small = cv2.resize(image, (_INPUT, _INPUT), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    (mask,) = matting_network()(small[None])
    coarse = cv2.resize(mask.reshape(_INPUT, _INPUT), (width, height), interpolation=cv2.INTER_CUBIC)
    radius = max(2, round(_BAND * max(height, width)))
    refined = guided_filter(image.astype(np.float32) / 255, np.clip(coarse, 0, 1), radius, _EPSILON)
    return np.clip((refined - _FLOOR) / (_CEILING - _FLOOR), 0, 1).astype(np.float32)


def guided_filter(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Smooth ``target`` so that its edges follow those of the colour picture ``guide`` (He et al., ECCV 2010, eq. 19).

    In each window the result is the linear function of the guide's colour that fits the target best.

    Args:
        guide: float32 [H,W,3], 0..1.
        target: float32 [H,W].
        radius: half the window, pixels.
        epsilon: ridge on the colour's covariance.

    Returns:
        float32 [H,W], not clipped.
    """
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(values, cv2.CV_64F, size, borderType=cv2.BORDER_REFLECT)

    color, goal = guide.astype(np.float64), target.astype(np.float64)
    mean_color, mean_goal = mean(color), mean(goal)
    covariance = np.empty((*goal.shape, 3, 3))
    for i in range(3):
        for j in range(i, 3):
            value = mean(color[..., i] * color[..., j]) - mean_color[..., i] * mean_color[..., j]
            covariance[..., i, j] = covariance[..., j, i] = value
    correlation = mean(color * goal[..., None]) - mean_color * mean_goal[..., None]
    slope = np.linalg.solve(covariance + epsilon * np.eye(3), correlation[..., None])[..., 0]
    offset = mean_goal - (slope * mean_color).sum(axis=-1)
    return ((mean(slope) * color).sum(axis=-1) + mean(offset)).astype(np.float32)
