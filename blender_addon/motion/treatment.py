"""What is done to a performance before it becomes keys: trim, rest pose, frame rate, smoothing, strength."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ...protocol.errors import CameoError
from .clip import FRAMES_LIMIT, MotionClip
from .turns import inverse, multiply, to_axis_angle, to_quaternions

GROUPS = {  # group -> what the names of its controls begin with; the longest beginning wins
    "brows": ("brow",),
    "lids": ("eye",),
    "gaze": ("eyeLook",),
    "cheeks": ("cheek", "nose"),
    "jaw": ("jaw",),
    "mouth": ("mouth", "tongue"),
    "head": (),
}
_JOINT_GROUPS = {"root": "head", "neck": "head", "jaw": "jaw", "left_eye": "gaze", "right_eye": "gaze"}
_KERNEL_SIGMAS = 3.0  # the smoothing kernel's half width


@dataclass(frozen=True)
class Treatment:
    """Times are seconds from the clip's first moment; everything at its default changes nothing but the rate."""

    rate: float | None = None
    """Frames a second of the result; None: the clip's own."""
    trim_start: float = 0.0
    trim_end: float | None = None
    rest_time: float | None = None
    """The moment that counts as the neutral face; None: the values are taken as they are."""
    smoothing: float = 0.0
    """Standard deviation of a symmetric Gaussian, seconds. Symmetric: what is smoothed comes neither late nor early."""
    gains: Mapping[str, float] = field(default_factory=dict)
    """Strength of each of :data:`GROUPS`; 1 where not named."""


def treated(clip: MotionClip, treatment: Treatment) -> MotionClip:
    """The clip at an even rate, its controls cut to 0..1. Steps in this order: rest, trim and rate, smoothing, gains.

    Raises:
        CameoError: ``motion.nothing_left``, the trim leaves no moment; ``motion.too_long``.
    """
    if treatment.rest_time is not None:
        clip = _from_rest(clip, treatment.rest_time)
    clip = _resampled(clip, treatment)
    if treatment.smoothing > 0 and len(clip.times) > 1:
        clip = _smoothed(clip, treatment.smoothing * clip.rate)
    return _strengthened(clip, treatment.gains)


def group_of(control: str) -> str:
    """The group of a control; the mouth's for names that no group knows (action units)."""
    fitting = [(len(start), group) for group, starts in GROUPS.items() for start in starts if control.startswith(start)]
    return max(fitting)[1] if fitting else "mouth"


def _from_rest(clip: MotionClip, time: float) -> MotionClip:
    """What the face shows at ``time`` becomes 0, and 1 stays 1."""
    at = int(np.abs(clip.times - time).argmin())

    def control(values: np.ndarray) -> np.ndarray:
        rest = min(max(values[at], 0.0), 0.95)
        return (values - rest) / (1 - rest)

    def joint(turns: np.ndarray) -> np.ndarray:
        quats = to_quaternions(turns)
        return to_axis_angle(multiply(quats, inverse(quats[at : at + 1])))

    return replace(
        clip,
        controls={name: control(values) for name, values in clip.controls.items()},
        joints={name: joint(turns) for name, turns in clip.joints.items()},
        translation=None if clip.translation is None else clip.translation - clip.translation[at],
        expression=None if clip.expression is None else clip.expression - clip.expression[at],
    )


def _resampled(clip: MotionClip, treatment: Treatment) -> MotionClip:
    """Even times from the trim's start, linear between the recorded moments (rotations on the shorter arc)."""
    rate = treatment.rate or clip.rate
    start = max(treatment.trim_start, 0.0)
    end = clip.duration if treatment.trim_end is None else min(treatment.trim_end, clip.duration)
    if end < start:
        raise CameoError(
            "motion.nothing_left",
            "The trim leaves nothing of the motion.",
            cause=f"It is {clip.duration:.2f} seconds long.",
            fix="Choose a start and an end within it.",
        )
    if (end - start) * rate > FRAMES_LIMIT:
        raise CameoError("motion.too_long", "The motion has too many frames.", fix="Trim it, or lower the frame rate.")
    wanted = start + np.arange(int((end - start) * rate + 1e-6) + 1) / rate

    def columns(values: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(wanted, clip.times, column) for column in values.T], 1)

    return replace(
        clip,
        times=wanted - start,
        rate=rate,
        controls={name: np.interp(wanted, clip.times, values) for name, values in clip.controls.items()},
        joints={name: to_axis_angle(columns(to_quaternions(turns))) for name, turns in clip.joints.items()},
        translation=None if clip.translation is None else columns(clip.translation),
        expression=None if clip.expression is None else columns(clip.expression),
    )


def _smoothed(clip: MotionClip, sigma: float) -> MotionClip:
    """Gaussian of ``sigma`` frames; at both ends the first and last value go on."""
    reach = max(int(np.ceil(_KERNEL_SIGMAS * sigma)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()

    def column(values: np.ndarray) -> np.ndarray:
        return np.convolve(np.pad(values, reach, mode="edge"), kernel, mode="valid")

    def columns(values: np.ndarray) -> np.ndarray:
        return np.stack([column(one) for one in values.T], 1)

    return replace(
        clip,
        controls={name: column(values) for name, values in clip.controls.items()},
        joints={name: to_axis_angle(columns(to_quaternions(turns))) for name, turns in clip.joints.items()},
        translation=None if clip.translation is None else columns(clip.translation),
        expression=None if clip.expression is None else columns(clip.expression),
    )


def _strengthened(clip: MotionClip, gains: Mapping[str, float]) -> MotionClip:
    head = gains.get("head", 1.0)
    return replace(
        clip,
        controls={
            name: np.clip(values * gains.get(group_of(name), 1.0), 0.0, 1.0) for name, values in clip.controls.items()
        },
        joints={name: turns * gains.get(_JOINT_GROUPS[name], 1.0) for name, turns in clip.joints.items()},
        translation=None if clip.translation is None else clip.translation * head,
    )
