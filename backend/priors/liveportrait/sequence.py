"""What drives: a motion for each moment, and which moment is neutral.

The motion extractor makes it from pictures of a clip here; from a file in ``files.py``, from our own rig in ``rig.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .keypoints import Motion
from .networks import LivePortraitNetworks
from .retargeting import Landmarks, eye_openings, lip_opening

_LIP = (19, 4.2)
_EYES = ((11, -16.0), (15, -19.0))
"""Keypoint whose y tells the opening, and ratio per unit of y; the eye on the image's left first.

Measured on the five published motion templates that come with ratios (633 frames): correlation .80 for the lips, .88
and .91 for the eyes. The offset differs between people, so these compare frames of one clip only.
"""
_USUALLY_OPEN = 0.75
"""This quantile of a clip's eye openings counts as open: eyes are shut in fewer than three quarters of the frames."""


@dataclass(frozen=True)
class MotionSequence:
    """``frames`` of one face in time (B = T) and the index of the ``neutral`` one, from which changes are taken."""

    frames: Motion
    neutral: int

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def reference(self) -> Motion:
        """The neutral frame, B = 1."""
        return self.frames[self.neutral]

    def sampled(self, moments: int) -> MotionSequence:
        """At most ``moments`` frames, the neutral one first, the others evenly in time from the first to the last.

        Where the neutral frame is not the first, time jumps once, after it.
        """
        if self.neutral == 0:
            times = torch.linspace(0, len(self) - 1, min(moments, len(self)))
        else:
            rest = torch.linspace(0, len(self) - 1, min(moments - 1, len(self)))
            times = torch.cat([torch.tensor([float(self.neutral)]), rest])
        return MotionSequence(self.frames[times.round().long().to(self.frames.exp.device)], neutral=0)


def motion_of_clip(
    networks: LivePortraitNetworks, images: torch.Tensor, landmarks: Landmarks | None = None, *, at_once: int = 8
) -> MotionSequence:
    """The motion of a clip.

    Args:
        images: [T,3,256,256] float 0..1, cut so that the face stays in place (``crop.clip_crop``).
        landmarks: [T,478,2] of the same frames, if there are any: the neutral frame is then found by measured lips and
            lids, without them by the expression's own keypoints, which is less sure.
        at_once: frames in one pass of the network.
    """
    parts = [networks.motion.motion(some.to(networks.device)) for some in images.split(at_once)]
    frames = Motion.joined(parts)
    if landmarks is None:
        return MotionSequence(frames, most_neutral(*estimated_openings(frames.exp)))
    return MotionSequence(frames, most_neutral(lip_opening(landmarks)[:, 0], eye_openings(landmarks)))


def most_neutral(lip: torch.Tensor, eyes: torch.Tensor) -> int:
    """The frame with the lips most closed and no eye shut, among ``lip`` [T] and ``eyes`` [T,2] openings.

    Changes are relative to that frame. If it had an open mouth, a source with closed lips would press them together
    wherever the driver closes his (upstream's issues 368 and 466).
    """
    shut = (eyes.quantile(_USUALLY_OPEN, dim=0) - eyes).clamp(min=0)
    return int(torch.argmin(lip + shut.sum(1)))


def estimated_openings(exp: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Openings of lips [T] and eyes [T,2] read off expressions [T,21,3], up to an offset of the person's."""
    lip = exp[:, _LIP[0], 1] * _LIP[1]
    return lip, torch.stack([exp[:, index, 1] * slope for index, slope in _EYES], 1)
