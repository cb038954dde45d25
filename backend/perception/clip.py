"""Landmarks and expression scores through a video, each picture framed by the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import PortraitError
from .landmarks import find_landmarks, settle_landmarks


@dataclass(frozen=True)
class ClipLandmarks:
    """What the landmarker saw.

    Attributes:
        points: float32 [T,478,3] pixels, NaN where no face was found.
        scores: T times the 52 ARKit scores by name; empty where no face was found.
        size: (width, height). rate: pictures per second, of those that were looked at.
    """

    points: np.ndarray
    scores: tuple[dict[str, float], ...]
    size: tuple[int, int]
    rate: float


def clip_landmarks(path: Path, every: int = 1) -> ClipLandmarks:
    """Look at every ``every``-th picture of the video at ``path``, following one face.

    Raises:
        PortraitError: ``clip.unreadable`` when it is no video that can be decoded.
    """
    rate, _ = clip_rate(path)
    points, scores, size, last = [], [], (0, 0), None
    for image in clip_pictures(path, every):
        size = image.shape[1], image.shape[0]
        face = settle_landmarks(image, last) if last is not None else None
        face = face or find_landmarks(image)
        last = face.points if face else None
        points.append(face.points if face else np.full((478, 3), np.nan, np.float32))
        scores.append(face.blendshapes if face else {})
    if not points:
        raise PortraitError(
            "clip.unreadable",
            f"The video '{path.name}' could not be read.",
            cause="it is damaged, or of a kind that OpenCV cannot decode",
            fix="Convert it to MP4 (H.264) and try again.",
        )
    return ClipLandmarks(np.stack(points), tuple(scores), size, rate / every)


def clip_rate(path: Path) -> tuple[float, int]:
    """Pictures per second of the video at ``path`` and how many it says it has; 0 where it cannot be read."""
    video = cv2.VideoCapture(str(path))
    rate, count = video.get(cv2.CAP_PROP_FPS), video.get(cv2.CAP_PROP_FRAME_COUNT)
    video.release()
    return rate, max(0, int(count))


def clip_pictures(path: Path, every: int = 1) -> Iterator[np.ndarray]:
    """Every ``every``-th picture of a video, uint8 [H,W,3] sRGB; none where it cannot be read."""
    video = cv2.VideoCapture(str(path))
    number = 0
    while video.grab():
        if number % every == 0:
            good, image = video.retrieve()
            if good:
                yield np.ascontiguousarray(image[..., ::-1])
        number += 1
    video.release()
