"""Constants of every stage, one frozen dataclass per stage, one line of documentation under each field."""

from __future__ import annotations

from .heads import BuiltinConfig, OutlineConfig
from .portraits import FitConfig, PortraitConfig, ReportGoals, TrackingConfig
from .reconstruction import AppearanceConfig, DensityConfig, GaussianRates, InitialCloudConfig, ReconstructionConfig
from .service import ServiceConfig

__all__ = [
    "AppearanceConfig",
    "BuiltinConfig",
    "DensityConfig",
    "FitConfig",
    "GaussianRates",
    "InitialCloudConfig",
    "OutlineConfig",
    "PortraitConfig",
    "ReconstructionConfig",
    "ReportGoals",
    "ServiceConfig",
    "TrackingConfig",
]
