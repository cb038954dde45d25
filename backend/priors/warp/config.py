"""Constants of warping; the paper's values are the defaults where it gives any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WarpConfig:
    """Carrying texture between views by depth (FaceCraft4D sections 3.2 and 6.2)."""

    border: float = 0.1
    """Value of the mask at its border (section 6.2)."""
    depth_tolerance: float = 0.002
    """A point may lie this much behind the other view's surface and still be that surface; part of its distance. The
    default is for exact depth."""
    edge_depth: float = 0.01
    """Source pixels side by side that differ more in depth show two surfaces; part of their distance."""
    least_detail: float = 0.1
    """Source pixels per target pixel up to which a warped pixel is too stretched to show."""
    full_detail: float = 0.4
    """Source pixels per target pixel from which it is shown in full."""
    feather: float = 0.006
    """Width over which warped texture fades in from the border of what is visible; part of the picture's side."""
    smoothing: float = 0.0
    """Radius (sigma) within which noisy depth is smoothed; part of the picture's side. 0: the depth is exact."""

    @staticmethod
    def for_noisy_depth() -> WarpConfig:
        """For depth of volume renderers: measured on a head with depth of 128 pixels a side and .1 % of noise."""
        return WarpConfig(depth_tolerance=0.008, smoothing=0.006)
