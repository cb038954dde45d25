"""Normals of triangle meshes."""

from __future__ import annotations

import numpy as np


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals float64 [N,3] of vertices [N,3]; zero where a vertex has no triangle."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face_normal = np.cross(b - a, c - a)
    out = np.stack(
        [sum(np.bincount(faces[:, k], face_normal[:, axis], len(vertices)) for k in range(3)) for axis in range(3)],
        1,
    )
    return out / (np.linalg.norm(out, axis=1, keepdims=True) + 1e-15)
