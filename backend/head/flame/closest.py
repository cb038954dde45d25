"""Closest points on a triangle mesh, where "close" may count more than place: normals and what the rig says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

CANDIDATES = 8
"""Triangles looked at for each point, those with the nearest centroids."""


class OnSurface(NamedTuple):
    """Points on a mesh: ``face`` int64 [N] and ``bary`` float64 [N,3]."""

    face: np.ndarray
    bary: np.ndarray

    def carry(self, values: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """``values`` [V,...] of the mesh's vertices at the points, [N,...]."""
        return np.einsum("nc,nc...->n...", self.bary, values[faces[self.face]])


def closest_points(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> OnSurface:
    """The closest points of a mesh to ``points`` [N,D], in as many dimensions D >= 3 as ``vertices`` [V,D] have.

    Further dimensions are features in metres: a lower lip's points find the lower lip although the upper one touches
    it.
    """
    corners = vertices[faces]
    count = min(CANDIDATES, len(faces))
    near = KDTree(corners.mean(1)).query(points, k=count)[1].reshape(len(points), count)
    bary = _barycentric(points[:, None], corners[near])
    placed = np.einsum("nkc,nkcd->nkd", bary, corners[near])
    best = np.argmin(((placed - points[:, None]) ** 2).sum(-1), 1)
    rows = np.arange(len(points))
    return OnSurface(near[rows, best], bary[rows, best])


def _barycentric(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Barycentric coordinates [...,3] of the closest points in triangles ``corners`` [...,3,D]; any D."""
    a, b, c = np.moveaxis(corners, -2, 0)
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01**2, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    inside = np.stack([1 - v - w, v, w], -1)
    # outside, the closest point lies on an edge: the best of the three
    t_ab = np.clip(d20 / np.maximum(d00, 1e-30), 0, 1)
    t_ac = np.clip(d21 / np.maximum(d11, 1e-30), 0, 1)
    bc = c - b
    t_bc = np.clip(((points - b) * bc).sum(-1) / np.maximum((bc * bc).sum(-1), 1e-30), 0, 1)
    zero = np.zeros_like(t_ab)
    edges = np.stack(
        [
            np.stack([1 - t_ab, t_ab, zero], -1),
            np.stack([1 - t_ac, zero, t_ac], -1),
            np.stack([zero, 1 - t_bc, t_bc], -1),
        ],
        -2,
    )
    placed = np.einsum("...ec,...cd->...ed", edges, corners)
    best = np.argmin(((placed - points[..., None, :]) ** 2).sum(-1), -1)
    on_edge = np.take_along_axis(edges, best[..., None, None], -2)[..., 0, :]
    return np.where((inside >= 0).all(-1, keepdims=True), inside, on_edge)
