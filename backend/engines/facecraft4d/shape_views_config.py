"""Constants of the shape prior's stage; the paper's values are the defaults where it gives any."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...priors.panohead.inversion_config import InversionConfig, InversionLimits, OrbitConfig


@dataclass(frozen=True)
class ShapeViewsConfig:
    """From the prepared portrait to 24 views with depth (FaceCraft4D section 3.1)."""

    inversion: InversionConfig = field(default_factory=InversionConfig)
    """How PanoHead is bent to the picture."""
    orbit: OrbitConfig = field(default_factory=OrbitConfig)
    """The views of the result."""
    limits: InversionLimits = field(default_factory=InversionLimits)
    """What a good result measures."""
    attempts: int = 2
    """Inversions that are tried, each with the next seed, before a bad one is an error."""
    seed: int = 0
    """Of the first inversion."""

    @staticmethod
    def toy() -> ShapeViewsConfig:
        """Seconds on two cores with a generated network of a few channels, whose head is no more than an ellipsoid."""
        inversion = InversionConfig(
            latent_steps=1,
            style_samples=100,
            tuning_steps=10,
            tuning_rate=5e-4,
            perceptual_size=128,
            raw_size=40,
            preview_every=4,
        )
        limits = InversionLimits(most_pixel_error=0.7, most_perceptual=1.5, least_outline=0.4, most_landmark_error=0.3)
        return ShapeViewsConfig(inversion, OrbitConfig(depth_size=64), limits, attempts=1)
