"""Settings of the whole engine: one field per stage, in the paper's order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FaceCraft4DConfig:
    """FaceCraft4D from a portrait to multi-view expression data (``docs/facecraft4d.md``)."""

    head_model_path: str = ""
    """FLAME's model file in place of the built-in head (``docs/flame.md``); empty: the built-in head."""
    seed: int = 0
    """Seed of everything random: latents, noise."""

    @staticmethod
    def toy() -> FaceCraft4DConfig:
        """Small enough for a test with generated networks."""
        return FaceCraft4DConfig()
