"""Motions that an artist gives as files: a video of a face, or a motion template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...errors import PortraitError
from ...perception.clip import clip_landmarks, clip_pictures, clip_rate
from .crop import clip_crop, cut
from .networks import LivePortraitNetworks
from .sequence import MotionSequence, motion_of_clip
from .templates import read_template

_TEMPLATE = ".pkl"
_MOST_PICTURES = 240
"""A longer video is looked at in evenly chosen pictures: 190 MB, and 10 s of the landmarker on a CPU."""


def motion_of_file(networks: LivePortraitNetworks, path: Path) -> MotionSequence:
    """The motion in a template (``.pkl``) or in a video of one face (anything else).

    Raises:
        AssetError: ``template.unreadable``, ``template.wrong_contents``.
        PortraitError: ``clip.unreadable``, ``clip.no_face``.
    """
    return read_template(path) if path.suffix.lower() == _TEMPLATE else _motion_of_video(networks, path)


def _motion_of_video(networks: LivePortraitNetworks, path: Path) -> MotionSequence:
    """Pictures without a face are left out."""
    every = -(-max(1, clip_rate(path)[1]) // _MOST_PICTURES)
    points = clip_landmarks(path, every).points
    shows = np.isfinite(points[:, 0, 0])
    if not shows.any():
        raise PortraitError(
            "clip.no_face",
            f"No face was found in the video '{path.name}'.",
            fix="Choose a video in which one face is seen from the front.",
        )
    crop = clip_crop(points[shows])
    images = [cut(image, crop) for image, good in zip(clip_pictures(path, every), shows) if good]
    landmarks = torch.from_numpy(points[shows, :, :2])
    return motion_of_clip(networks, torch.from_numpy(np.stack(images)), landmarks)
