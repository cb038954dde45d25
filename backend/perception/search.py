"""Look for faces patiently: paintings, line drawings, dark pictures and pictures lying on their side."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from .detection import face_levels
from .landmarks import FaceLandmarks, find_landmarks
from .steadiness import landmark_spread

_UNSTEADY = (
    1.6  # mean spread, percent of the face's height: photos .3, rough drawings up to 1.4, clouds and cells 1.7-8
)
_PATIENT_PIXELS = 2_000_000
_LARGE = 0.2  # of the picture: beside a smaller face the coarse look may have missed others
_SAME_FACE = 0.5  # two finds are one face when their centres are nearer than this part of its size


def search_faces(image: np.ndarray) -> list[FaceLandmarks]:
    """Return the landmarks of all faces in ``image`` (uint8 [H,W,3]), largest first.

    The picture is taken as it is; only when nothing is found, more contrast, softer lines and other orientations are
    tried, on a picture of at most two million pixels. Landmarks are always in the pixels of ``image``.
    """
    found = _faces(image)
    if found:
        return found
    height, width = image.shape[:2]
    shrink = max(1.0, np.sqrt(height * width / _PATIENT_PIXELS))
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrink > 1 else image
    return [_scaled(face, width / size[0]) for face in _faces_of_variants(small)]


def _faces_of_variants(image: np.ndarray) -> list[FaceLandmarks]:
    for variant in (_more_contrast, _softer, _on_paper):
        found = _faces(variant(image))
        if found:
            return found
    for quarter_turns in (1, 3, 2):
        found = _faces(np.ascontiguousarray(np.rot90(image, quarter_turns)))
        if found:
            return [_turned_back(face, image.shape[:2], quarter_turns) for face in found]
    return []


def _scaled(face: FaceLandmarks, scale: float) -> FaceLandmarks:
    return FaceLandmarks((face.points * scale).astype(np.float32), face.blendshapes, face.presence)


def _faces(image: np.ndarray) -> list[FaceLandmarks]:
    """All faces of the coarsest level that really shows one; of the next level too where they are small."""
    found: list[FaceLandmarks] = []
    for boxes in face_levels(image):
        done = bool(found)
        for box in boxes:
            face = find_landmarks(image, box)
            if face is None or any(_same(face, other) for other in found):
                continue
            if landmark_spread(image, face.points).mean() < _UNSTEADY:
                found.append(face)
        if done or (found and max(map(_size, found)) > _LARGE * max(image.shape[:2])):
            break
    return sorted(found, key=lambda face: -_size(face))


def _size(face: FaceLandmarks) -> float:
    return float(np.ptp(face.points[:, :2], axis=0).max())


def _same(a: FaceLandmarks, b: FaceLandmarks) -> bool:
    distance = np.linalg.norm(a.points[:, :2].mean(axis=0) - b.points[:, :2].mean(axis=0))
    return bool(distance < _SAME_FACE * max(_size(a), _size(b)))


def _more_contrast(image: np.ndarray) -> np.ndarray:
    """Local contrast, for faces in the dark or in haze."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _softer(image: np.ndarray) -> np.ndarray:
    """Thin lines and hatching melt into the tones that a face detector knows."""
    return cv2.GaussianBlur(image, (0, 0), max(image.shape[:2]) / 200)


def _on_paper(image: np.ndarray) -> np.ndarray:
    """A line drawing given skin: soft tones over a mid-toned paper."""
    soft = _softer(image).astype(np.float32)
    return (0.5 * soft + 0.5 * np.array([205, 165, 140], np.float32)).astype(np.uint8)


def _turned_back(face: FaceLandmarks, shape: tuple[int, int], quarter_turns: int) -> FaceLandmarks:
    """Carry landmarks from the picture turned by ``np.rot90(image, quarter_turns)`` back to ``shape`` = (H, W)."""
    height, width = shape
    x, y = face.points[:, 0], face.points[:, 1]
    back: dict[int, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
        1: lambda: (width - y, x),
        2: lambda: (width - x, height - y),
        3: lambda: (y, height - x),
    }
    points = np.stack([*back[quarter_turns](), face.points[:, 2]], axis=1)
    return FaceLandmarks(points.astype(np.float32), face.blendshapes, face.presence)
