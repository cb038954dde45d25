"""Light: taking the lopsided part out of the photo's, and how much of the surroundings each point of a head sees."""

from __future__ import annotations

import numpy as np

from ...artifacts import Camera
from ...head.mesh_raster import project, rasterize_mesh

LUMINANCE = np.array([0.299, 0.587, 0.114])
DARKEST = 0.03


def lopsided_light(normals: np.ndarray, colors: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Gain [N] by which the photo's light brightens one side of the face over the other.

    Log-luminance is fitted by second-order spherical harmonics of the normal; the gain is that of the three terms that
    are odd in x. The even ones (light from above) stay: they look natural from everywhere.

    Args:
        normals: [N,3] of the neutral head. colors: [N,3] 0..1. weight: [N], 0 where the colour is not skin in light.
    """
    used = weight > 0
    x, y, z = normals.T
    terms = np.stack([np.ones_like(x), y, z, y * y, z * z, y * z, x * x, x, x * y, x * z], 1)
    luminance = np.log(np.maximum(colors[used] @ LUMINANCE, DARKEST))
    basis, trust = terms[used], weight[used]
    ridge = np.diag([1e-6] * 7 + [2e-3 * trust.sum()] * 3)
    coefficients = np.zeros(terms.shape[1])
    for _ in range(6):
        scaled = basis * trust[:, None]
        coefficients = np.linalg.solve(scaled.T @ basis + ridge, scaled.T @ luminance)
        trust = weight[used] / (1 + ((luminance - basis @ coefficients) / 0.15) ** 2)
    return np.exp(np.clip(terms[:, 7:] @ coefficients[7:], -0.8, 0.8))


def ambient_openness(vertices: np.ndarray, normals: np.ndarray, faces: np.ndarray, directions: int = 48) -> np.ndarray:
    """Part of the sky each vertex sees, cosine-weighted, float64 [V] 0..1: dark in ears, nostrils, under the chin.

    Seen from ``directions`` far cameras spread over the sphere; a vertex counts where the z-buffer reaches it.
    """
    seen, most = np.zeros(len(vertices)), np.zeros(len(vertices))
    center, size = vertices.mean(0), 320
    reach = np.linalg.norm(vertices - center, axis=1).max()
    for direction in _sphere(directions):
        cosine = np.maximum(normals @ direction, 0)
        camera = _far_camera(center, direction, reach, size)
        raster = rasterize_mesh(vertices, faces, camera)
        points = project(vertices, camera)
        column, row = np.clip(points[:, :2].astype(int), 0, size - 1).T
        seen += cosine * (points[:, 2] < raster.depth[row, column] + 0.0035)
        most += cosine
    return seen / np.maximum(most, 1e-9)


def _sphere(count: int) -> np.ndarray:
    """Evenly spread unit vectors [count,3] (Fibonacci's spiral); those from straight below are left out."""
    index = np.arange(count) + 0.5
    y = 1 - 1.85 * index / count
    angle = index * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(np.maximum(1 - y * y, 0))
    return np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], 1)


def _far_camera(center: np.ndarray, direction: np.ndarray, reach: float, size: int) -> Camera:
    """A nearly parallel view along -direction that holds a sphere of radius ``reach``."""
    distance = 20 * reach
    side = np.cross([0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0], direction)
    right = side / np.linalg.norm(side)
    rotation = np.stack([right, np.cross(-direction, right), -direction])
    viewmat = np.eye(4)
    viewmat[:3, :3] = rotation
    viewmat[:3, 3] = -rotation @ (center + distance * direction)
    focal = 0.48 * size * distance / reach
    return Camera(viewmat, np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]]), size, size)
