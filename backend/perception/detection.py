"""Find faces of any size in a picture of any size: a 128-pixel detector run over a pyramid of windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from .networks import landmarker_network

_INPUT = 128
_SCORE = 0.5
_OVERLAP = 0.3  # intersection over union above which two boxes are one face
_PADDINGS = (1.0, 1.6)  # the second look sees faces that fill the whole picture
_FINEST_WINDOW = 400  # pixels; a 64-pixel face is still 20 pixels of the detector's 128 there
_WINDOW_STEP = 0.5  # neighbouring windows overlap by half


@dataclass(frozen=True)
class FaceBox:
    """A detected face in picture pixels.

    Attributes:
        center: (x, y).
        size: side of the detector's square box, roughly brow to chin.
        keypoints: float32 [6,2]: right eye, left eye (the subject's), nose tip, mouth, right ear, left ear.
        score: 0..1.
    """

    center: tuple[float, float]
    size: float
    keypoints: np.ndarray
    score: float

    @property
    def roll(self) -> float:
        """Rotation of the eye line in the picture, radians; positive turns clockwise as seen."""
        right_eye, left_eye = self.keypoints[0], self.keypoints[1]
        return float(np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0]))


def detect_faces(image: np.ndarray) -> list[FaceBox]:
    """Return the faces of the coarsest level of :func:`face_levels` that shows any, largest first.

    Args:
        image: uint8 [H,W,3] sRGB.
    """
    return next((boxes for boxes in face_levels(image) if boxes), [])


def face_levels(image: np.ndarray) -> Iterator[list[FaceBox]]:
    """Look at the whole picture, then at smaller and smaller windows; yield what each level shows, largest first.

    The first level takes a few milliseconds and finds the face of an ordinary portrait; the time of the next ones grows
    with the picture. Boxes are guesses: whether there is a face in one, the landmark network tells.
    """
    longer = max(image.shape[:2])
    yield _look(image, longer, lambda small: [_square_window(small, padding) for padding in _PADDINGS])
    window = longer / 2
    while window >= _FINEST_WINDOW / 2:
        yield _look(image, window, lambda small, side=window / longer: _windows(small, side))
        window /= 2


_Window = tuple[float, float, float]  # x, y of the upper left corner, side


def _look(image: np.ndarray, window: float, choose: Callable[[np.ndarray], list[_Window]]) -> list[FaceBox]:
    """Look through the windows that ``choose`` lays over the picture, largest face first.

    The picture is shrunk once, so that a window is twice the network's input, instead of once per window.
    """
    height, width = image.shape[:2]
    shrink = max(1.0, window / (2 * _INPUT))
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrink > 1 else image
    boxes = [box for place in choose(small) for box in _detect_in(small, place)]
    scale = np.array([width / small.shape[1], height / small.shape[0]])
    return _largest_first([_scaled(box, scale) for box in _merged(boxes)])


def _scaled(box: FaceBox, scale: np.ndarray) -> FaceBox:
    x, y = np.array(box.center) * scale
    return FaceBox((float(x), float(y)), box.size * float(scale.mean()), box.keypoints * scale, box.score)


def _largest_first(boxes: list[FaceBox]) -> list[FaceBox]:
    return sorted(boxes, key=lambda box: -box.size)


def _square_window(image: np.ndarray, padding: float) -> _Window:
    """The picture as a centred square window (x, y, side), ``padding`` times its longer side."""
    height, width = image.shape[:2]
    side = padding * max(height, width)
    return (width - side) / 2, (height - side) / 2, side


def _windows(image: np.ndarray, part: float) -> list[_Window]:
    """Overlapping square windows whose side is ``part`` of the picture's longer side."""
    height, width = image.shape[:2]
    side = part * max(height, width)

    def starts(length: int) -> np.ndarray:
        if length <= side:
            return np.array([(length - side) / 2])
        count = int(np.ceil((length - side) / (_WINDOW_STEP * side))) + 1
        return np.linspace(0, length - side, count)

    return [(float(x), float(y), side) for y in starts(height) for x in starts(width)]


def _detect_in(image: np.ndarray, window: _Window) -> list[FaceBox]:
    x, y, side = window
    patch = _resample(image, window)
    regressors, logits = landmarker_network("face_detector")(patch[None] / np.float32(127.5) - 1)
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    kept = scores >= _SCORE
    if not kept.any():
        return []
    anchors = _anchors()[kept][:, None]
    values = regressors[0, kept].reshape(-1, 8, 2) / _INPUT  # centre, size, six keypoints
    points = np.delete(values, 1, axis=1) + anchors
    points = points * side + np.array([x, y])
    sizes = values[:, 1].max(axis=1) * side
    boxes = [
        FaceBox((float(p[0, 0]), float(p[0, 1])), float(size), p[1:].astype(np.float32), float(score))
        for p, size, score in zip(points, sizes, scores[kept])
    ]
    return _merged(boxes)


def _resample(image: np.ndarray, window: _Window) -> np.ndarray:
    """The window as float32 [128,128,3], black outside the picture; shrunk by area so that nothing aliases."""
    x, y, side = window
    height, width = image.shape[:2]
    x0, y0 = max(0, round(x)), max(0, round(y))
    x1, y1 = min(width, round(x + side)), min(height, round(y + side))
    scale = _INPUT / side
    size = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    small = cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    patch = np.zeros((_INPUT, _INPUT, 3), np.float32)
    left, top = max(0, round((x0 - x) * scale)), max(0, round((y0 - y) * scale))
    part = small[: _INPUT - top, : _INPUT - left]
    patch[top : top + part.shape[0], left : left + part.shape[1]] = part
    return patch


def _anchors() -> np.ndarray:
    """Anchor centres [896,2] of the short-range BlazeFace: 16x16 cells with two anchors, then 8x8 with six."""
    centers = []
    for cells, per_cell in ((16, 2), (8, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        grid = np.stack([x, y], axis=-1).reshape(-1, 2)
        centers.append(np.repeat((grid + 0.5) / cells, per_cell, axis=0))
    return np.concatenate(centers)


def _merged(boxes: list[FaceBox]) -> list[FaceBox]:
    """Non-maximum suppression that averages the boxes of one face, weighted by score."""
    left = sorted(boxes, key=lambda box: -box.score)
    faces = []
    while left:
        same = [box for box in left if box is left[0] or _overlap(left[0], box) > _OVERLAP]
        left = [box for box in left if not any(box is other for other in same)]
        faces.append(_average(same))
    return faces


def _average(boxes: list[FaceBox]) -> FaceBox:
    weights = np.array([box.score for box in boxes])
    weights /= weights.sum()
    center = weights @ np.array([box.center for box in boxes])
    size = weights @ np.array([box.size for box in boxes])
    keypoints = np.tensordot(weights, np.stack([box.keypoints for box in boxes]), axes=1)
    score = max(box.score for box in boxes)
    return FaceBox((float(center[0]), float(center[1])), float(size), keypoints.astype(np.float32), score)


def _overlap(a: FaceBox, b: FaceBox) -> float:
    """Intersection over union, or how much of the smaller box the larger one covers where it swallows it."""
    half_a, half_b = a.size / 2, b.size / 2
    sides = [min(ca + half_a, cb + half_b) - max(ca - half_a, cb - half_b) for ca, cb in zip(a.center, b.center)]
    if min(sides) <= 0:
        return 0.0
    common = sides[0] * sides[1]
    return common / (a.size**2 + b.size**2 - common)
