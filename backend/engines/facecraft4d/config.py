"""Settings of the whole engine: one field per stage, in the paper's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...priors.liveportrait.config import ExpressionClipsConfig
from .consistent_views_config import ConsistentViewsConfig
from .prepared_config import PreparedConfig
from .shape_views_config import ShapeViewsConfig
from .tracking_config import ViewTrackingConfig


@dataclass(frozen=True)
class FaceCraft4DConfig:
    """FaceCraft4D from a portrait to multi-view expression data (``docs/facecraft4d.md``)."""

    head_model_path: str = ""
    """FLAME's model file in place of the built-in head (``docs/flame.md``); empty: the built-in head."""
    seed: int = 0
    """Seed of everything random."""
    unet: Literal["auto", "sdxl", "cosmicman"] = "auto"
    """Whose central network the image prior uses (section 3.2: CosmicMan). auto: CosmicMan's where it is installed."""
    prepared: PreparedConfig = field(default_factory=PreparedConfig)
    """Stage 0, section 6.1."""
    shape_views: ShapeViewsConfig = field(default_factory=ShapeViewsConfig)
    """Stage 1, section 3.1: the shape prior."""
    consistent_views: ConsistentViewsConfig = field(default_factory=ConsistentViewsConfig)
    """Stage 2, sections 3.2 and 6.2: the image prior."""
    expression_clips: ExpressionClipsConfig = field(default_factory=ExpressionClipsConfig)
    """Stage 3, section 3.3: the video prior."""
    tracking: ViewTrackingConfig = field(default_factory=ViewTrackingConfig)
    """Stage 4, section 6.3."""

    @staticmethod
    def toy() -> FaceCraft4DConfig:
        """Small enough for a test with generated networks."""
        return FaceCraft4DConfig(
            prepared=PreparedConfig.toy(),
            shape_views=ShapeViewsConfig.toy(),
            consistent_views=ConsistentViewsConfig.toy(),
            expression_clips=ExpressionClipsConfig.toy(),
            tracking=ViewTrackingConfig.toy(),
        )
