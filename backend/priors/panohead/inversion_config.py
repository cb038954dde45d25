"""Constants of inversion, of the orbit and of the filter; published values are the defaults where there are any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InversionConfig:
    """From a picture to a head (FaceCraft4D section 3.1; Roich et al. 2022; PanoHead's published projector)."""

    latent_steps: int = 500
    """Steps over the styles (published)."""
    latent_rate: float = 0.1
    """Adam's rate there (published) ..."""
    ramp_up: float = 0.05
    """... which rises over this part of the steps ..."""
    ramp_down: float = 0.25
    """... and falls over this last part, as a cosine."""
    style_samples: int = 10_000
    """Random heads whose mean style is the start, and whose spread the noise is measured in (published)."""
    style_seed: int = 123
    """Seed of these heads (published)."""
    noise: float = 0.05
    """Noise on the styles at the beginning, in spreads (published) ..."""
    noise_until: float = 0.75
    """... which has faded after this part of the steps."""
    pixel_weight: float = 0.1
    """Of the mean squared difference of pixels in -1..1 (published)."""
    perceptual_weight: float = 1.0
    """Of the perceptual distance (published: VGG16's; the paper: LPIPS)."""
    perceptual_size: int = 256
    """Side of the pictures that it compares (published)."""
    average_weight: float = 1.0
    """Of the mean squared distance of the styles from the average one (published)."""
    tuning_steps: int = 500
    """Steps over the generator's weights (published)."""
    tuning_rate: float = 3e-4
    """Adam's rate there (published; pivotal tuning's own)."""
    ray_start: float = 2.35
    """Distance to the first sample, instead of the checkpoint's (published)."""
    raw_size: int | None = None
    """Side of the volume rendering; None: as the checkpoint was trained."""
    rays_per_chunk: int = 4096
    """Rays rendered at once: bounds the memory, about 0.5 GB in training with the released sizes."""
    preview_every: int = 25
    """Steps between previews."""


@dataclass(frozen=True)
class OrbitConfig:
    """The views of the finished head (FaceCraft4D sections 3.1 and 4)."""

    views: int = 24
    """Azimuths round the head, evenly spread from the front (section 4)."""
    depth_size: int = 256
    """Side of the depth and mask rendering; the colours' is the checkpoint's, which is coarser."""
    rays_per_chunk: int = 8192
    """Rays rendered at once: bounds the memory."""
    surface: float = 0.5
    """Coverage from which a pixel shows the surface; below, there is no depth."""
    edge: float = 0.02
    """Neighbouring depths further apart than this lie on two surfaces: not mixed; PanoHead's unit."""


@dataclass(frozen=True)
class InversionLimits:
    """What a good inversion measures. Ours: neither the paper nor PanoHead has a filter."""

    most_pixel_error: float = 0.12
    """Root mean square difference to the picture over the head, of values 0..1."""
    most_perceptual: float = 0.45
    """Perceptual distance to the picture."""
    least_outline: float = 0.7
    """Overlap (intersection over union) of the head's outline with the picture's matte."""
    coverage: tuple[float, float] = (0.1, 0.95)
    """Part of the picture that the head covers, seen from the reference, the front and the back."""
    thickness: tuple[float, float] = (0.25, 0.85)
    """From the front's surface to the back's through the middle, PanoHead's unit; a person's is about 0.5."""
    most_back_likeness: float = 0.6
    """Correlation of the face's detail with the same place seen from behind, mirrored: a face at the back of the head
    (a known fault of such generators: SphereHead)."""
    most_landmark_error: float = 0.12
    """Mean distance between the picture's landmarks and the rendered ones, in distances of the irises."""
