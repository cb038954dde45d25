"""The built-in engine's head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BuiltinConfig:
    """The engine that needs no downloaded generative weights (``docs/builtin_engine.md``)."""

    head_model_path: str = ""
    """FLAME's model file in place of the built-in head (``docs/flame.md``); empty: the built-in head."""
    hair: Literal["auto", "hair", "hat", "bald"] = "auto"
    """What is on the head; ``auto`` guesses from colour."""
    subdivisions: int = 3
    """How often the head mesh is divided before it is painted; 3 makes about 1 mm edges."""
    atlas_cell: float = 0.001
    """Size of a hair cell, metres."""
    view_size: int = 512
    """Side of the rendered views, pixels."""
    supersample: int = 2
    """Samples per pixel side when views are rendered."""
    azimuths: int = 24
    """Views on the horizontal orbit (FaceCraft4D section 3.1 uses 24)."""
    elevated: bool = True
    """Add views from above and below."""
    expression_yaws: tuple[float, ...] = (0.0, 25.0, -25.0)
    """Yaws from which every expression is shown, degrees."""
    view_distance: float = 1.3
    """Orbit radius, metres."""
    view_fov_deg: float = 17.5
    """Field of view of the orbit cameras."""
    close_distance: float = 1.0
    """Radius of the close frontal view."""
    photo_reference: bool = True
    """Use the photo itself as the reference view instead of the close frontal render."""
    seed: int = 0
    """Seed of everything synthetic: strands, skin grain, ragged tips."""

    @staticmethod
    def toy() -> BuiltinConfig:
        """Small enough for a test of the whole job: seconds instead of a minute, and nothing for the eye."""
        return BuiltinConfig(
            subdivisions=1,
            atlas_cell=0.002,
            view_size=128,
            supersample=1,
            azimuths=8,
            elevated=False,
            expression_yaws=(0.0,),
        )


@dataclass(frozen=True)
class OutlineConfig:
    """Letting ears and bare skull follow the person's outline (``head/outline.py``)."""

    rounds: int = 4
    """Times the outlines are compared."""
    reach: float = 0.024
    """How far from the head's outline the person's is looked for, metres."""
    step: float = 0.008
    """The most one round pulls, metres."""
    least_pixels: int = 24
    """Outline pixels below which nothing is moved."""
    stiffness: float = 8.0
    """Of the bending energy."""
    pull_weight: float = 1.0
    """Of all pulls together, in thousands."""
    stay_weight: float = 2e-3
    """Of the squared displacement of ears and scalp."""
    hold_weight: float = 50.0
    """Of the squared displacement of everything else."""
