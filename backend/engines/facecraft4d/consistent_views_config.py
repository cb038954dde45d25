"""Settings of the image prior."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...priors.diffusion.config import DiffusionConfig
from ...priors.warp.config import WarpConfig


@dataclass(frozen=True)
class ConsistentViewsConfig:
    """From coarse views to views with the reference's texture (FaceCraft4D sections 3.2 and 6.2)."""

    kind: Literal["diffusion", "warp", "none"] = "diffusion"
    """diffusion: the paper's. warp: texture is carried by depth alone, without a network. none: views stay coarse."""
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    """Inversion, denoising, attention."""
    warp: WarpConfig = field(default_factory=WarpConfig.for_noisy_depth)
    """Carrying texture between views; their depth comes from a volume renderer."""
    size: int = 1024
    """Side of the pictures that the network sees, pixels. The paper gives none; SDXL was trained at 1024."""
    tone_radius: float = 0.1
    """The network changes what is finer than this, part of the picture's side; broader colour stays the reference's
    where it is seen, the coarse view's elsewhere. The paper has no such rule: 0."""
    memory_gb: float = 14.0
    """GPU memory to use, which sets how many views pass the network at once; the result does not depend on it."""

    @staticmethod
    def toy() -> ConsistentViewsConfig:
        """For generated tiny networks: two levels of noise, small pictures."""
        return ConsistentViewsConfig(
            diffusion=DiffusionConfig(steps=10, strength=0.2, start_layer=4), size=96, memory_gb=6.0
        )
