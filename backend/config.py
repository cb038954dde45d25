"""Constants of every stage, one frozen dataclass per stage, one line of documentation under each field."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BuiltinConfig:
    """The engine that needs no downloaded generative weights (``docs/builtin_engine.md``)."""

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
class PortraitConfig:
    """Which pictures are taken, and the crop that every engine starts from."""

    size: int = 768
    """Side of the crop, pixels; an enlarged crop is what makes the 256-pixel matting network good enough."""
    face_fraction: float = 0.4
    """Height of the face (forehead to chin) as a part of the crop."""
    raise_fraction: float = 0.05
    """How far the crop's centre lies above the face's, in face heights."""
    upright_roll_deg: float = 30.0
    """A head tilted further than this is turned upright in the crop."""
    min_face_pixels: int = 64
    """A smaller face is refused."""
    low_resolution_pixels: int = 100
    """A smaller face is taken with a warning."""
    max_yaw_deg: float = 50.0
    """A face turned further than this counts as a profile and is refused."""
    max_pixels: int = 64_000_000
    """Pictures with more pixels are refused before they are decoded."""
    max_bytes: int = 32_000_000
    """Larger files are refused."""


@dataclass(frozen=True)
class ReportGoals:
    """What the stills of a good avatar measure (``metrics/avatar_report.py``)."""

    identity_front: float = 0.70
    """Identity cosine with the photo at yaw 0."""
    identity_30: float = 0.55
    """The same at yaw +-30."""
    identity_45: float = 0.40
    """The same at yaw +-45."""
    control_rise: float = 0.25
    """How far each keyed control raises its expression score over neutral."""
    outline_iou: float = 0.95
    """Overlap of the outline with the photo's matte in the photo's own view."""

    def identity_at(self, yaw_deg: float) -> float:
        """The identity goal at a yaw, degrees."""
        return {0: self.identity_front, 30: self.identity_30, 45: self.identity_45}[round(abs(yaw_deg))]


@dataclass(frozen=True)
class InitialCloudConfig:
    """How a coloured surface becomes the first Gaussians."""

    gaussians: int = 60_000
    """Gaussians to make, about."""
    rest_growth: float = 1.3
    """A triangle that some expression enlarges by more than this rests in that expression."""
    sigma: float = 0.5
    """Standard deviation in the surface, as a part of the square root of the area; 0.5 shows a weave untrained."""
    flatness: float = 0.15
    """Thickness over the standard deviation in the surface."""
    min_thickness: float = 5e-5
    """Metres."""
    hair_aspect: float = 2.0
    """Length over width of a hair Gaussian."""
    opacity: float = 0.9
    """Opacity before training."""


@dataclass(frozen=True)
class ServiceConfig:
    """How the server treats its worker."""

    worker_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.worker")
    """Starts a worker; ``--home FOLDER`` is added."""
    attempts: int = 3
    """Workers that may die in one stage of a job before the job fails."""
    cancel_seconds: float = 1.5
    """A worker that has not stopped by itself by then is killed; the protocol promises 2 s."""
    silence_seconds: float = 120.0
    """A worker unheard of for so long hangs and is killed. Its heartbeat comes every second."""
    stop_seconds: float = 2.0
    """Time for a worker to end in order when the server stops."""
