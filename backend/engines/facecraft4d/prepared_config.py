"""Constants of the preparation; the published limits are the defaults where there are any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PreparedConfig:
    """Cutting the portrait as PanoHead wants it (FaceCraft4D section 6.1), and when the artist is warned."""

    most_yaw_deg: float = 40.0
    """A head turned further is seldom found again by PanoHead: its photographs of faces seldom are. (Its preparation
    refuses 90 degrees.)"""
    most_pitch_deg: float = 25.0
    """The same for looking up or down. (Its preparation refuses 80 degrees.)"""
    scale_range: tuple[float, float] = (0.7, 1.3)
    """Final square over FFHQ's square; outside, PanoHead's preparation leaves a picture out."""
    most_shift: float = 1.0
    """The head's middle may lie this far off the middle of FFHQ's square, in halves of its side (published)."""

    @staticmethod
    def toy() -> PreparedConfig:
        """As it is: it takes a second."""
        return PreparedConfig()
