"""The crop that PanoHead was trained on, and the camera that goes with it.

PanoHead's authors cut a first square from 68 landmarks as FFHQ does, fit a face model (3DDFA, weak perspective) in it
and cut again, so that the model's middle and size come to lie in the same place in every picture. Our own fit stands in
for 3DDFA's; the constants below carry the one model's frame into the other's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...artifacts import Camera
from ...head.face_regions import IBUG_EYES, IBUG_INNER
from .camera import CROP_METRES, SIZE, looking_along

_FIRST_INNER = 17  # of iBUG's 68, behind the jaw line
_MOUTH_CORNERS = (48, 54)
_RISE = 0.012  # metres: the rim of a tenth is added above and at the sides, not below
_MIDDLE = np.array([0.0, -0.0266, 0.024])
"""Head frame, metres: the origin of 3DDFA's face model (Basel Face Model), moved forward by half its mean depth as the
published crop does. The model's published landmarks (eyes, mouth) lie 27 mm higher and 10 mm more forward than the same
ones of our mean head, whose size is the same; its mean depth is about 68 mm."""


@dataclass(frozen=True)
class FaceSquare:
    """FFHQ's square round a face.

    Attributes:
        center: float64 [2], pixels.
        right: float64 [2], from the centre to the middle of the square's right side: half its side, along the eyes.
    """

    center: np.ndarray
    right: np.ndarray

    @property
    def side(self) -> float:
        """Pixels."""
        return 2 * float(np.hypot(*self.right))


@dataclass(frozen=True)
class PanoHeadCrop:
    """Where a picture is cut, and how PanoHead's camera stands.

    Attributes:
        transform: float64 [2,3], source pixel -> pixel of the square picture of :data:`SIZE` pixels.
        camera: PanoHead's camera that sees the head as the cut picture shows it.
        scale: side of the final square without its rim over that of FFHQ's; near 1 where all is well.
        shift: how far the head's middle lies from the middle of FFHQ's square, in halves of its side.
    """

    transform: np.ndarray
    camera: Camera
    scale: float
    shift: float


def face_square(inner: np.ndarray) -> FaceSquare:
    """FFHQ's square (Karras et al., CVPR 2019, appendix C) of iBUG's landmarks 17..67 [51,2], pixels."""
    eyes = [inner[[index - _FIRST_INNER for index in half]].mean(0) for half in (IBUG_EYES[:6], IBUG_EYES[6:])]
    mouth = inner[[index - _FIRST_INNER for index in _MOUTH_CORNERS]].mean(0)
    across, middle = eyes[1] - eyes[0], (eyes[0] + eyes[1]) / 2
    down = mouth - middle
    right = across + np.array([down[1], -down[0]])
    half = max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down))
    return FaceSquare(middle + 0.1 * down, right / np.hypot(*right) * half)


def inner_landmarks(points: np.ndarray) -> np.ndarray:
    """iBUG's landmarks 17..67 [51,2] among the landmarker's ``points`` [478,2+]."""
    return points[list(IBUG_INNER), :2].astype(np.float64)


def panohead_crop(square: FaceSquare, camera: Camera) -> PanoHeadCrop:
    """Cut the picture that ``square`` lies in.

    The crop is turned as the square is; what the head is still turned to is the camera's. Perspective is undone by
    turning the camera towards the head, as a weak-perspective fit sees it.

    Args:
        square: of the picture's landmarks.
        camera: sees the head where the picture shows it; its world is the head frame.
    """
    middle = camera.viewmat[:3, :3] @ _MIDDLE + camera.viewmat[:3, 3]
    place = (camera.K @ middle)[:2] / middle[2]
    metre = camera.K[0, 0] / middle[2]  # pixels
    right = square.right / np.hypot(*square.right)
    down = np.array([-right[1], right[0]])
    linear = np.stack([right, down]) * (SIZE / (CROP_METRES * metre))
    center = place - down * _RISE * metre
    transform = np.concatenate([linear, (SIZE / 2 - linear @ center)[:, None]], axis=1)
    upright = np.eye(3)
    upright[:2, :2] = np.stack([right, down])
    rotation = upright @ _towards(middle) @ camera.viewmat[:3, :3]
    final_side = (CROP_METRES / 1.1) * metre
    shift = float(np.abs(np.stack([right, down]) @ (place - square.center)).max() / (square.side / 2))
    return PanoHeadCrop(transform, looking_along(rotation), final_side / square.side, shift)


def _towards(place: np.ndarray) -> np.ndarray:
    """The smallest rotation [3,3] that brings the direction of ``place`` [3] onto the camera's axis."""
    forward = place / np.linalg.norm(place)
    axis = np.cross(forward, (0.0, 0.0, 1.0))
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + skew + skew @ skew / (1 + forward[2])
