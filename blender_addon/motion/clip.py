"""A performance: values of controls and turns of joints over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...protocol.errors import CameoError

FRAMES_LIMIT = 1_000_000  # over four hours at 60 frames a second


@dataclass(frozen=True)
class MotionClip:
    """T moments, T >= 1, float64.

    Attributes:
        times: [T] seconds, strictly increasing, the first is 0.
        rate: frames a second that it was recorded at, as far as the file says.
        controls: control name -> [T] values, 0..1 but not cut.
        joints: joint name -> [T,3] axis-angle, radians, head frame (y up, z forward, x to the subject's left).
        translation: [T,3] metres of the whole head, or None.
        expression: [T,E] coefficients of FLAME's expression space, or None; not yet on controls.
        notes: what was left out or guessed while reading, a sentence each.
    """

    times: np.ndarray
    rate: float
    controls: Mapping[str, np.ndarray] = field(default_factory=dict)
    joints: Mapping[str, np.ndarray] = field(default_factory=dict)
    translation: np.ndarray | None = None
    expression: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds from the first to the last moment."""
        return float(self.times[-1] - self.times[0])


def unreadable(name: str, why: str, fix: str = "Export or record it again, or choose another file.") -> CameoError:
    """The one error of all readers: ``why`` says where, such as a line and a column."""
    return CameoError("motion.unreadable", f"The motion in {name} cannot be read.", cause=why, fix=fix)


def evenly(count: int, rate: float) -> np.ndarray:
    """[count] times of a fixed frame rate."""
    return np.arange(count) / rate
