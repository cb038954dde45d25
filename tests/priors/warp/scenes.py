"""Two scenes of known depth: an ellipsoid, by formula, and our head, rasterized. Their colour is their place."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from cameo.backend.artifacts import Camera, orbit_camera
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.head.model import load_head_model
from cameo.backend.priors.warp.reproject import View

HALF_AXES = np.array([0.08, 0.11, 0.10])
ROOM = 0.5  # metres; places within it are colours 0..1
SIZE = 256


def camera_at(yaw_deg: float, size: int = SIZE) -> Camera:
    return orbit_camera(yaw_deg, 5.0, distance=1.2, fov_deg=18, size=size)


def color_of(place):
    return place / ROOM + 0.5


def place_of(color):
    return (color - 0.5) * ROOM


def with_alpha(color, covered):
    return np.concatenate([color, np.ones_like(color[..., :1])], -1).astype(np.float32) * covered[..., None]


@dataclass(frozen=True, eq=False)
class Sight:
    """``view`` and what is known of it: ``place`` [H,W,3] of the surface, ``distance`` [H,W] along the rays."""

    view: View
    place: np.ndarray
    distance: np.ndarray


def see_ellipsoid(camera: Camera) -> Sight:
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    local = np.stack(
        [(x - camera.K[0, 2]) / camera.K[0, 0], (y - camera.K[1, 2]) / camera.K[1, 1], np.ones_like(x)], -1
    )
    local /= np.linalg.norm(local, axis=-1, keepdims=True)
    rotation, eye = camera.viewmat[:3, :3], -camera.viewmat[:3, :3].T @ camera.viewmat[:3, 3]
    ray = local @ rotation
    a = ((ray / HALF_AXES) ** 2).sum(-1)
    b = ((ray / HALF_AXES) * (eye / HALF_AXES)).sum(-1)
    c = ((eye / HALF_AXES) ** 2).sum() - 1
    root = b**2 - a * c
    distance = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    hit = np.isfinite(distance)
    place = eye + ray * np.where(hit, distance, 0)[..., None]
    depth = (place @ rotation.T + camera.viewmat[:3, 3])[..., 2]
    depth = np.where(hit, depth, np.inf).astype(np.float32)
    return Sight(View(with_alpha(color_of(place), hit), depth, camera), place, distance)


@cache
def head_mesh():
    """``vertices`` float64 [V,3], ``faces``."""
    model = load_head_model()
    return model.v_template.astype(float), model.faces


def see_head(camera: Camera) -> Sight:
    vertices, faces = head_mesh()
    raster = rasterize_mesh(vertices, faces, camera)
    hit = raster.face >= 0
    place = np.zeros((*hit.shape, 3))
    place[hit] = np.einsum("nk,nkc->nc", raster.bary[hit], vertices[faces[raster.face[hit]]])
    distance = np.linalg.norm(place @ camera.viewmat[:3, :3].T + camera.viewmat[:3, 3], axis=-1)
    return Sight(View(with_alpha(color_of(place), hit), raster.depth, camera), place, np.where(hit, distance, np.inf))


def iou(first, second):
    return (first & second).sum() / (first | second).sum()
