"""How blurred is a face? From its strongest edges, blurred once more: an edge that was soft hardly changes.

The ratio of an edge's steepness before and after tells its own width (Zhuo and Sim, "Defocus map estimation from a
single image", Pattern Recognition 2011, section 3).
"""

from __future__ import annotations

import cv2
import numpy as np

from .landmark_names import FACE_OVAL

_AGAIN = 0.01  # standard deviation of the second blur, in face heights
_STRONG = 98.0  # percentile of steepness from which a pixel counts as an edge
_BLURRED = 1.3  # percent; four portraits measured .24 to .45, the same blurred by 1.5 % of the face's height 1.4 to 2.1


def face_blur(image: np.ndarray, points: np.ndarray) -> float:
    """Standard deviation of the blur of the face's edges, per cent of its height.

    Args:
        image: uint8 [H,W,3] sRGB.
        points: float [478,3] landmarks of the face in its pixels.
    """
    outline = points[list(FACE_OVAL), :2].astype(np.int32)
    height = float(np.ptp(outline[:, 1]))
    inside = cv2.fillConvexPoly(np.zeros(image.shape[:2], np.uint8), cv2.convexHull(outline), 1) > 0
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    again = max(_AGAIN * height, 0.5)
    before, after = _steepness(grey), _steepness(cv2.GaussianBlur(grey, (0, 0), again))
    edges = inside & (before >= np.percentile(before[inside], _STRONG))
    ratio = np.median(before[edges] / np.maximum(after[edges], 1e-6))
    return float(100 * again / np.sqrt(max(ratio**2 - 1, 1e-3)) / height)


def blur_warnings(image: np.ndarray, points: np.ndarray) -> tuple[tuple[str, str], ...]:
    """A ``portrait.blurred`` warning, none for a sharp face. Arguments as for :func:`face_blur`."""
    if face_blur(image, points) < _BLURRED:
        return ()
    return (("portrait.blurred", "The face is blurred; the avatar's skin and eyes will be soft."),)


def _steepness(grey: np.ndarray) -> np.ndarray:
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
