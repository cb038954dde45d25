"""Is part of the face covered? Judged by how steady the landmarks are, and how dark the eyes.

On 40 photos the spread of eyes and mouth (:mod:`.steadiness`) was at most .3 % of the face's height; with dark glasses,
a mask or a hand over them it was .4 to 2 %.
"""

from __future__ import annotations

import cv2
import numpy as np

from .landmark_names import LEFT_EYE, LEFT_IRIS, LIPS_INNER, LIPS_OUTER, RIGHT_EYE, RIGHT_IRIS
from .steadiness import landmark_spread

_UNSTEADY_EYE = 0.5  # percent of the face's height
_UNSTEADY_MOUTH = 0.55
_DARK_GLASS = 0.3  # luminance of the brightest parts of the eye region, relative to the cheeks
_DARK_AND_UNSTEADY = 0.32

# Points round the eye, between brow and cheekbone, and points on the cheeks.
_RIGHT_SOCKET = (145, 110, 24, 23, 22, 26, 112, 243, 190, 56, 28, 27, 29, 30, 247, 130, 25)
_LEFT_SOCKET = (374, 339, 254, 253, 252, 256, 341, 463, 414, 286, 258, 257, 259, 260, 467, 359, 255)
_RIGHT_CHEEK = (50, 205, 36, 101, 118)
_LEFT_CHEEK = (280, 425, 266, 330, 347)


def occlusion_warnings(image: np.ndarray, points: np.ndarray) -> tuple[tuple[str, str], ...]:
    """Return ``portrait.occluded`` warnings, none for a face that can be seen well.

    Args:
        image: uint8 [H,W,3] sRGB.
        points: float [478,3] landmarks of the face in its pixels.
    """
    spread = landmark_spread(image, points)
    eyes = {
        "right": float(spread[list(RIGHT_EYE + RIGHT_IRIS)].mean()),
        "left": float(spread[list(LEFT_EYE + LEFT_IRIS)].mean()),
    }
    mouth = float(spread[list(LIPS_OUTER + LIPS_INNER)].mean())
    warnings = []
    if max(eye_brightness(image, points)) < _DARK_GLASS and max(eyes.values()) > _DARK_AND_UNSTEADY:
        warnings.append("Dark glasses seem to hide the eyes; the avatar's eyes will be invented.")
    elif hidden := [side for side, value in eyes.items() if value > _UNSTEADY_EYE]:
        one = "The left eye (the person's own) is" if hidden == ["left"] else "The right eye (the person's own) is"
        subject = "Both eyes are" if len(hidden) == 2 else one
        warnings.append(f"{subject} hard to make out; something may cover the face there.")
    if mouth > _UNSTEADY_MOUTH:
        warnings.append("The mouth is hard to make out; something may cover it.")
    return tuple(("portrait.occluded", sentence) for sentence in warnings)


def eye_brightness(image: np.ndarray, points: np.ndarray) -> tuple[float, float]:
    """Lightness of the brighter parts of the right and left eye region, relative to the cheeks."""
    lightness = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float64)

    def values(*outlines: tuple[int, ...]) -> np.ndarray:
        mask = np.zeros(lightness.shape, np.uint8)
        for outline in outlines:
            cv2.fillConvexPoly(mask, cv2.convexHull(points[list(outline), :2].astype(np.int32)), 1)
        return lightness[mask > 0]

    cheeks = max(float(np.median(values(_RIGHT_CHEEK, _LEFT_CHEEK))), 1.0)
    right, left = (float(np.percentile(values(socket), 85)) / cheeks for socket in (_RIGHT_SOCKET, _LEFT_SOCKET))
    return right, left
