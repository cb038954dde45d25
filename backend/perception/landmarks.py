"""478 face landmarks and 52 ARKit expression scores of one face, by the three networks of ``face_landmarker.task``."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .detection import FaceBox, detect_faces, face_levels
from .landmark_names import BLENDSHAPE_NAMES, BLENDSHAPE_POINTS, LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from .networks import landmarker_network

__all__ = [
    "FaceBox",
    "FaceLandmarks",
    "Roi",
    "detect_faces",
    "find_landmarks",
    "landmarks_at",
    "roi_of",
    "settle_landmarks",
]

_INPUT = 256
_ROI = 1.5  # the landmark network sees one and a half times the face, as it was trained
_PRESENCE = 0.5
_SETTLE = 3  # looks after the first
_SETTLED = 0.01  # mean movement, in face heights, below which another look changes nothing


@dataclass(frozen=True)
class FaceLandmarks:
    """What the landmarker says about one face.

    Attributes:
        points: float32 [478,3]; x, y in picture pixels (pixel centres at half-integers), z in the same unit, smaller
            is nearer.
        blendshapes: 52 ARKit scores by name, 0..1.
        presence: how sure the network is that this is a face, 0..1.
    """

    points: np.ndarray
    blendshapes: dict[str, float]
    presence: float


@dataclass(frozen=True)
class Roi:
    """The turned square that the landmark network looks at: ``size`` in pixels, ``roll`` in radians."""

    center: np.ndarray  # [2] pixels
    size: float
    roll: float


def find_landmarks(image: np.ndarray, box: FaceBox | None = None) -> FaceLandmarks | None:
    """Return the landmarks of the face at ``box``, or of the largest face that really is one; None without a face.

    Args:
        image: uint8 [H,W,3] sRGB.
        box: from :func:`detect_faces` on the same picture.
    """
    if box is not None:
        return _verified(image, box)
    candidates = (candidate for boxes in face_levels(image) for candidate in boxes)
    return next((face for candidate in candidates if (face := _verified(image, candidate)) is not None), None)


def _verified(image: np.ndarray, box: FaceBox) -> FaceLandmarks | None:
    """The face at ``box``, if the landmark network sees one there and still does when it frames it itself."""
    points, presence = landmarks_at(image, Roi(np.array(box.center), _ROI * box.size, box.roll))
    if presence < _PRESENCE:
        return None
    return settle_landmarks(image, points)


def settle_landmarks(image: np.ndarray, points: np.ndarray) -> FaceLandmarks | None:
    """Look at the face near ``points`` (float [478,3]) again, framed by its own landmarks, until they stand still.

    A face settles, steadier than in the detector's coarse box; a mistake drifts away and gives None.
    """
    presence = 0.0
    for _ in range(_SETTLE):
        before, (points, presence) = points, landmarks_at(image, roi_of(points))
        if presence < _PRESENCE:
            return None
        if np.abs(points - before)[:, :2].mean() < _SETTLED * np.ptp(points[:, 1]):
            break
    return FaceLandmarks(points, _blendshapes(points), presence)


def landmarks_at(image: np.ndarray, roi: Roi) -> tuple[np.ndarray, float]:
    """One look of the landmark network: points float32 [478,3] in picture pixels and the presence score 0..1."""
    scale = roi.size / _INPUT
    cos, sin = np.cos(roi.roll) * scale, np.sin(roi.roll) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    to_picture = np.concatenate([linear, (roi.center - linear @ np.full(2, _INPUT / 2))[:, None]], axis=1)
    patch = _sample(image, to_picture, scale)
    landmarks, presence_logit, _tongue = landmarker_network("face_landmarks_detector")(patch[None] / np.float32(255))
    local = landmarks.reshape(478, 3)
    xy = local[:, :2] @ linear.T + to_picture[:, 2]
    presence = float(1 / (1 + np.exp(-np.clip(presence_logit.item(), -80, 80))))
    return np.concatenate([xy, local[:, 2:] * scale], axis=1).astype(np.float32), presence


def _sample(image: np.ndarray, to_picture: np.ndarray, scale: float) -> np.ndarray:
    """Warp the region to float32 [256,256,3]; a region larger than that is shrunk by area first, against aliasing."""
    factor = max(1, int(scale))
    if factor > 1:
        corners = to_picture @ np.array([[0, _INPUT, _INPUT, 0], [0, 0, _INPUT, _INPUT], [1, 1, 1, 1]])
        x0, y0 = np.maximum(np.floor(corners.min(axis=1)).astype(int), 0)
        x1, y1 = np.ceil(corners.max(axis=1)).astype(int)
        part = image[y0:y1, x0:x1]
        part = part[: max(factor, part.shape[0] // factor * factor), : max(factor, part.shape[1] // factor * factor)]
        if part.size == 0:
            return np.zeros((_INPUT, _INPUT, 3), np.float32)
        size = max(1, part.shape[1] // factor), max(1, part.shape[0] // factor)
        image = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        to_picture = to_picture.copy()
        to_picture[:, 2] -= (x0, y0)
        to_picture = to_picture / factor
    # Our coordinates put pixel centres at half-integers, OpenCV's at integers.
    to_opencv = to_picture.copy()
    to_opencv[:, 2] += to_picture[:, :2] @ np.full(2, 0.5) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, to_opencv, (_INPUT, _INPUT), flags=flags).astype(np.float32)


def roi_of(points: np.ndarray) -> Roi:
    """The region that frames given landmarks: their upright bounding box in the face's own rotation."""
    eyes = points[LEFT_EYE_OUTER, :2] - points[RIGHT_EYE_OUTER, :2]
    roll = float(np.arctan2(eyes[1], eyes[0]))
    axes = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    local = points[:, :2] @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    return Roi(axes.T @ ((low + high) / 2), _ROI * float((high - low).max()), roll)


def _blendshapes(points: np.ndarray) -> dict[str, float]:
    (scores,) = landmarker_network("face_blendshapes")(points[None, BLENDSHAPE_POINTS, :2])
    return {name: float(score) for name, score in zip(BLENDSHAPE_NAMES, scores.ravel())}
