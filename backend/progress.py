"""How a stage tells the outside world what it is doing. Every long function takes a :class:`Reporter`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class PreviewCloud:
    """A coarse head in space: ``means`` float32 [N,3] metres, head frame, neutral pose; ``radii`` float32 [N] metres;
    ``colors`` uint8 [N,3] sRGB."""

    means: np.ndarray
    radii: np.ndarray
    colors: np.ndarray


class Reporter(Protocol):
    """Where a stage reports to: the worker's pipe, a terminal, or nothing."""

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how far the current stage is (0..1). Raises :class:`~.errors.JobCancelled` when the artist cancelled."""
        ...

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        """Show a picture, uint8 [H,W,3] sRGB, and perhaps the head in space. Latest wins; cheap to call."""
        ...


class SilentReporter:
    """Reports to nobody; for tests and library use."""

    def progress(self, fraction: float, message: str = "") -> None:
        return None

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        return None
