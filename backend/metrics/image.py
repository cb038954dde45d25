"""How alike two pictures are, pixel by pixel: PSNR and SSIM, optionally only inside a mask."""

from __future__ import annotations

import cv2
import numpy as np

_SIGMA = 1.5  # Wang et al. 2004: an 11-pixel Gaussian window
_WINDOW = 11
_C1, _C2 = 0.01**2, 0.03**2
_MAX_PSNR = 100.0  # of identical pictures, so that results stay JSON numbers


def psnr(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB; 100 for identical pictures.

    Args:
        a, b: uint8 or float 0..1, [H,W] or [H,W,C], same shape.
        mask: float [H,W] weights, e.g. a matte; all pixels count when None.

    Raises:
        ValueError: shapes differ, or the mask is empty.
    """
    x, y = _as_float(a, b)
    squared = (x - y) ** 2
    if squared.ndim == 3:
        squared = squared.mean(axis=2)
    error = _weighted_mean(squared, mask)
    return min(_MAX_PSNR, float(-10 * np.log10(max(error, 1e-12))))


def ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Structural similarity (Wang et al. 2004), mean over channels and (masked) pixels; 1 for identical pictures.

    Arguments and errors as in :func:`psnr`.
    """
    x, y = _as_float(a, b)

    def blur(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT)

    mean_x, mean_y = blur(x), blur(y)
    var_x, var_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)) / (
        (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    )
    if similarity.ndim == 3:
        similarity = similarity.mean(axis=2)
    return _weighted_mean(similarity, mask)


def _as_float(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if a.shape != b.shape:
        raise ValueError(f"the pictures differ in shape: {a.shape} and {b.shape}")
    x, y = (value.astype(np.float64) / (255 if value.dtype == np.uint8 else 1) for value in (a, b))
    return x, y


def _weighted_mean(values: np.ndarray, mask: np.ndarray | None) -> float:
    if mask is None:
        return float(values.mean())
    total = float(mask.sum())
    if total <= 0:
        raise ValueError("the mask is empty")
    return float((values * mask).sum() / total)
