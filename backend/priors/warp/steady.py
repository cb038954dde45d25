"""Depth that shivers: volume renderers give it with noise, and often at few pixels.

Warping needs both the surface's place and, to tell front from back, its slope. Both are taken from planes that are
fitted round each pixel, so that a slanted surface stays where it is; an average would flatten it towards the outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .config import WarpConfig

_FAR = 1e3  # relative depth of "nothing", beyond any edge
_REACH = 1.5  # windows end here, in sigmas


def steady_depth(depth: np.ndarray, config: WarpConfig) -> np.ndarray:
    """Take the noise out of ``depth`` float [H,W] (camera z, inf on nothing); edges stay where they are.

    Returns:
        float32 [H,W], inf where ``depth`` is. With ``config.smoothing`` 0 it is ``depth``.
    """
    sigma, seen = config.smoothing * depth.shape[1], np.isfinite(depth)
    if sigma == 0 or not seen.any():
        return depth.astype(np.float32)
    # Planes in space are planes in 1/z over the picture.
    scale = float(np.median(depth[seen]))
    inverse = np.divide(scale, depth, out=np.ones(depth.shape), where=seen) - 1
    plane = Planes(seen, sigma).fit(inverse).height
    rest = np.where(seen, inverse - plane, _FAR).astype(np.float32)
    window = 2 * int(np.ceil(_REACH * sigma)) + 1
    rest = cv2.bilateralFilter(rest, window, config.edge_depth, sigma)
    return np.divide(scale, 1 + plane + rest, out=np.full(depth.shape, np.inf), where=seen).astype(np.float32)


@dataclass(frozen=True)
class Fit:
    """``height`` of the fitted plane at each pixel, and its change per pixel ``across`` and ``down``; [H,W] each."""

    height: np.ndarray
    across: np.ndarray
    down: np.ndarray


class Planes:
    """Least-squares planes round each pixel, to values that are given where ``known`` bool [H,W] is true."""

    def __init__(self, known: np.ndarray, sigma: float) -> None:
        height, width = known.shape
        x, y = np.meshgrid(np.arange(width) - width / 2, np.arange(height) - height / 2)
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)
        self._known, self._sigma = known, sigma
        self._total = np.maximum(self._blur(known.astype(np.float32)), 1e-6)
        self._mean_x, self._mean_y = self._mean(self._x), self._mean(self._y)
        # A hundredth of a square pixel keeps lone pixels from tilting.
        self._xx = self._mean(self._x**2) - self._mean_x**2 + 1e-2
        self._yy = self._mean(self._y**2) - self._mean_y**2 + 1e-2
        self._xy = self._mean(self._x * self._y) - self._mean_x * self._mean_y

    def fit(self, values: np.ndarray) -> Fit:
        """Fit ``values`` float [H,W]; what they are elsewhere does not count."""
        values = np.where(self._known, values, 0).astype(np.float32)
        mean = self._mean(values)
        along_x = self._mean(self._x * values) - self._mean_x * mean
        along_y = self._mean(self._y * values) - self._mean_y * mean
        determinant = self._xx * self._yy - self._xy**2
        across = (along_x * self._yy - along_y * self._xy) / determinant
        down = (along_y * self._xx - along_x * self._xy) / determinant
        return Fit(mean + across * (self._x - self._mean_x) + down * (self._y - self._mean_y), across, down)

    def _mean(self, what: np.ndarray) -> np.ndarray:
        return self._blur(np.where(self._known, what, 0)) / self._total

    def _blur(self, values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (0, 0), self._sigma, borderType=cv2.BORDER_CONSTANT)
