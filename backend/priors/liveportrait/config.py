"""Constants of driving; the paper's values are the defaults where it gives any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AtRest:
    """When a source's own mouth and eyes are at rest, as height over width of the opening."""

    lips_closed_below: float = 0.03
    """Lips that are wider open are closed before they are driven (upstream's threshold)."""
    eyes_open_from: float = 0.12
    """Eyes that are less open are opened before they are driven; 0: never."""
    eyes_open: float = 0.28
    """How far they are opened: an ordinary eye."""


@dataclass(frozen=True)
class ExpressionClipsConfig:
    """Moving the views with LivePortrait (FaceCraft4D section 3.3).

    Memory: a moment takes ``views * size^2 * 4`` bytes, 12 MiB for 12 views of 512 pixels; the defaults' 96 moments
    1.2 GB, in memory and on the disk.
    """

    rig_clips: tuple[str, ...] = ("brows", "lids", "gaze", "jaw", "lips", "cheeks", "visemes", "emotions")
    """Clips that our own rig plays (paper: 8 driving videos, which are not public)."""
    files: tuple[str, ...] = ()
    """More driving clips: videos of a face and LivePortrait's motion templates (.pkl)."""
    moments_per_clip: int = 12
    """Moments of each clip, evenly chosen; the first is its most neutral one."""
    rate: float = 4.0
    """Moments per second that tracking takes for granted when it steadies them; clips' own time is stretched to it."""
    widest_deg: float = 75.0
    """Orbit views up to this azimuth move, beside the reference (paper: 11 frontal ones of 24)."""
    at_rest: AtRest = AtRest()
    """What a source's mouth and eyes are brought to first."""
    border: float = 0.1
    """Width of the soft edge at which a driven square meets its view, in units of its side."""
    half_precision: bool = True
    """float16 on a GPU, as upstream; a CPU always computes in float32."""
    memory_mb: int = 4096
    """For frames that go through the networks at once on a GPU; the result does not depend on it."""

    @staticmethod
    def toy() -> ExpressionClipsConfig:
        """Small enough for a test with generated networks: seconds on two CPU cores."""
        return ExpressionClipsConfig(rig_clips=("jaw", "lids"), moments_per_clip=3, widest_deg=20.0)
