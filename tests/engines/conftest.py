"""A simple head with hair whose true thickness is known, photographed by a known camera."""

from dataclasses import dataclass

import numpy as np
import pytest
from cameo.backend.artifacts import Camera, orbit_camera
from cameo.backend.engines.builtin.hair_atlas import HairAtlas
from cameo.backend.head.mesh_raster import rasterize_mesh

ATLAS = HairAtlas.with_cell(0.002)


@dataclass(frozen=True)
class KnownHair:
    """``skull``, ``radius`` [R,C] metres; ``mask`` bool [S,S], what the camera sees of the hair."""

    atlas: HairAtlas
    skull: np.ndarray
    radius: np.ndarray
    mask: np.ndarray
    camera: Camera


def ellipsoid_radius(atlas, half_axes):
    """Radius [R,C] of an ellipsoid round the atlas centre; below the horizon a cylinder."""
    return 1 / np.sqrt(((atlas.directions / np.asarray(half_axes)) ** 2).sum(-1))


@pytest.fixture(scope="session")
def known_hair():
    skull = ellipsoid_radius(ATLAS, (0.075, 0.095, 0.095))
    radius = skull + 0.02
    camera = orbit_camera(0, 0, distance=0.9, fov_deg=28, size=384)
    length = ATLAS.row_at_height(-0.09)
    points = ATLAS.points(radius)[:length].reshape(-1, 3)
    faces = ATLAS.faces[(ATLAS.faces < len(points)).all(1)]
    mask = rasterize_mesh(points, faces, camera).face >= 0
    return KnownHair(ATLAS, skull, radius, mask, camera)
