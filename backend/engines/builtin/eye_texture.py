"""Eyes: iris and white measured in the photo, laid on the eyeball the same for both, with the lid's shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...artifacts import Camera, Portrait
from ...head import face_regions as regions
from ...head.mesh_raster import project
from .photo_samples import eye_openings

RINGS = 24
LIMBUS_RING = 20  # profile rings per iris radius: ring 20 is the border of the iris
IRIS_RADIUS = (0.0056, 0.0063)  # metres; eyes differ little between people
PUPIL = 0.36  # over the iris' radius
WHITE = np.array([0.85, 0.79, 0.765])
PUPIL_COLOR = np.array([0.045, 0.04, 0.04])
HIGHLIGHT = np.array([0.93, 0.94, 0.96])


@dataclass(frozen=True)
class EyeColors:
    """What the photo says of this person's eyes, float64.

    Attributes:
        profile: [RINGS,3], colour from the centre outwards; ring LIMBUS_RING is the border.
        white: [3].
    """

    profile: np.ndarray
    white: np.ndarray

    @property
    def light(self) -> np.ndarray:
        """What white looks like in the photo's light, [3]; its brightest channel is 1."""
        tint = self.white / WHITE
        return tint / tint.max()


def measure_eyes(portrait: Portrait) -> EyeColors:
    """Median colours of rings round both irises' centres, lids excluded."""
    image = portrait.image.astype(np.float64) / 255
    opening = eye_openings(portrait, grow=-2) > 0
    rows, columns = np.nonzero(opening)
    pixels = image[rows, columns]
    distance = np.full(len(rows), np.inf)
    for center, ring in ((regions.LEFT_IRIS, regions.LEFT_IRIS_RING), (regions.RIGHT_IRIS, regions.RIGHT_IRIS_RING)):
        at = portrait.landmarks[center, :2]
        radius = np.linalg.norm(portrait.landmarks[list(ring), :2] - at, axis=1).mean()
        distance = np.minimum(distance, np.hypot(columns + 0.5 - at[0], rows + 0.5 - at[1]) / radius)
    profile = np.full((RINGS, 3), np.nan)
    for ring in range(RINGS):
        band = np.abs(distance - (ring + 0.5) / LIMBUS_RING) < 0.08
        if band.sum() > 4:
            profile[ring] = np.percentile(pixels[band], 30, axis=0)
    return EyeColors(_without_gaps(profile), _white(pixels[(distance > 1.2) & (distance < 3)]))


def _without_gaps(profile: np.ndarray) -> np.ndarray:
    known = np.isfinite(profile[:, 0])
    if not known.any():
        return np.tile(np.array([0.3, 0.24, 0.2]), (RINGS, 1))
    ring = np.arange(RINGS)
    return np.stack([np.interp(ring, ring[known], profile[known, k]) for k in range(3)], 1)


def _white(pixels: np.ndarray) -> np.ndarray:
    """The eye's white in this photo's light: never grey as its shadow, never brighter than white."""
    if len(pixels) < 12:
        return WHITE
    seen = np.percentile(pixels, 65, axis=0)
    brightness = np.clip(seen.mean(), 0.56, 0.84)
    tint = seen / max(seen.mean(), 1e-3)
    return brightness * (0.5 * tint + 0.5 * WHITE / WHITE.mean())


def paint_eye(
    vertices: np.ndarray, iris_center: np.ndarray, lid_shadow: np.ndarray, eyes: EyeColors, iris_radius: float
) -> np.ndarray:
    """Colours [n,3] of one eyeball.

    Args:
        vertices: [n,3] of the neutral eyeball. iris_center: [3], a point in the middle of the iris.
        lid_shadow: [n] 0..1, light that reaches each vertex between the lids.
        iris_radius: metres.
    """
    center = (vertices.max(0) + vertices.min(0)) / 2
    axis = iris_center - center
    axis /= np.linalg.norm(axis)
    right = np.cross([0.0, 1.0, 0.0], axis)
    right /= np.linalg.norm(right)
    up = np.cross(axis, right)
    offset = vertices - center
    x, y, ahead = offset @ right, offset @ up, offset @ axis
    distance = np.where(ahead > 0, np.hypot(x, y) / iris_radius, 4.0)
    color = _iris(distance, np.arctan2(y, x), eyes)
    color = color * lid_shadow[:, None]
    # one light, high and to one side, in both eyes: two different highlights look cross-eyed
    spark = np.hypot(x / iris_radius + 0.26, y / iris_radius - 0.34)
    gleam = np.where(ahead > 0, np.clip((0.2 - spark) / 0.07, 0, 1), 0)[:, None]
    return color + (HIGHLIGHT - color) * 0.9 * gleam


def _iris(distance: np.ndarray, angle: np.ndarray, eyes: EyeColors) -> np.ndarray:
    """Pupil, iris with fibres, darker limbus, white; ``distance`` [n] in iris radii."""
    rings = (np.arange(RINGS) + 0.5) / LIMBUS_RING
    color = np.stack([np.interp(distance, rings, eyes.profile[:, k]) for k in range(3)], 1)
    fibres = 0.5 * np.sin(23 * angle + 3 * np.sin(5 * angle)) + 0.5 * np.sin(37 * angle + 1.3)
    ring = np.clip((distance - PUPIL) / 0.15, 0, 1) * np.clip((0.9 - distance) / 0.2, 0, 1)
    color = color * (1 + 0.1 * fibres * ring)[:, None]
    pupil = np.clip((PUPIL + 0.05 - distance) / 0.1, 0, 1)[:, None]
    color = color + (PUPIL_COLOR - color) * pupil
    limbus = 1 - 0.35 * np.exp(-(((distance - 0.97) / 0.1) ** 2))
    white = np.clip((distance - 1.0) / 0.14, 0, 1)[:, None]
    return (color * limbus[:, None]) * (1 - white) + eyes.white * white


def iris_radius(portrait: Portrait, eyeballs: list[np.ndarray], camera: Camera) -> float:
    """Radius of the irises on the head, metres, from the photo's ring landmarks."""
    found = []
    pairs = ((regions.LEFT_IRIS, regions.LEFT_IRIS_RING), (regions.RIGHT_IRIS, regions.RIGHT_IRIS_RING))
    for (center, ring), ball in zip(pairs, eyeballs):
        at = portrait.landmarks[center, :2]
        radius = np.linalg.norm(portrait.landmarks[list(ring), :2] - at, axis=1).mean()
        depth = project(ball.mean(0, keepdims=True), camera)[0, 2]
        found.append(radius * depth / camera.K[0, 0])
    return float(np.clip(np.mean(found), *IRIS_RADIUS))
