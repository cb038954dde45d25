"""The head's surface, finely divided: one colour per vertex is as good as a texture, and needs no atlas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from ...head.model import HeadModel
from ...head.normals import vertex_normals

Sparse = Any  # scipy's sparse matrices carry no usable types


@dataclass(frozen=True)
class DenseHead:
    """A head mesh divided by midpoints; every dense vertex lies exactly on a face of the base mesh.

    Attributes:
        faces: int32 [Fd,3].
        operator: float64 CSR [Nd,V], base values -> dense values (dense positions = operator @ base positions).
        coarse_operator: float64 CSR [Nd,Nc], values of the once divided mesh -> dense values.
        coarse_faces: int32 [Fc,3], faces of the once divided mesh.
        base_face: int32 [Nd], the base face a dense vertex lies on.
        base_bary: float64 [Nd,3], and where on it.
    """

    faces: np.ndarray
    operator: Sparse
    coarse_operator: Sparse
    coarse_faces: np.ndarray
    base_face: np.ndarray
    base_bary: np.ndarray

    def mask(self, base_mask: np.ndarray, threshold: float = 0.5) -> np.ndarray:
        """Carry a mask [V] of the base mesh over: bool [Nd], where its interpolation reaches ``threshold``."""
        return np.asarray(self.operator @ base_mask.astype(np.float64)) >= threshold

    @property
    def offset(self) -> np.ndarray:
        """float32 [Nd,3], (a, b, h) of each dense vertex on its base face (the binding of ``conventions.md``)."""
        a, b = self.base_bary[:, 1] - 1 / 3, self.base_bary[:, 2] - 1 / 3
        return np.stack([a, b, np.zeros_like(a)], 1).astype(np.float32)


def divide(faces: np.ndarray, count: int) -> tuple[np.ndarray, Sparse]:
    """One midpoint subdivision of ``faces`` [F,3] over ``count`` vertices.

    Returns the new faces int32 [4F,3] (children of face i are rows i, F+i, 2F+i, 3F+i) and the operator
    [count + edges, count].
    """
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = (count + inverse.ravel()).reshape(3, len(faces))
    a, b, c = faces.T
    children = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    rows = np.repeat(np.arange(len(unique)), 2)
    middle = sp.coo_matrix((np.full(2 * len(unique), 0.5), (rows, unique.ravel())), (len(unique), count))
    return children.astype(np.int32), sp.vstack([sp.eye(count), middle]).tocsr()


def build_dense_head(model: HeadModel, levels: int = 3) -> DenseHead:
    """Divide the model's mesh ``levels`` times (8 times finer edges at 3; about 360 k vertices)."""
    faces, count = model.faces, len(model.v_template)
    operator: Sparse = sp.eye(count).tocsr()
    coarse, coarse_faces = operator, faces
    for level in range(levels):
        faces, step = divide(faces, count)
        operator = (step @ operator).tocsr()
        count = step.shape[0]
        if level == 0:
            coarse_faces, coarse = faces, sp.eye(count).tocsr()
        else:
            coarse = (step @ coarse).tocsr()
    base_face, base_bary = _locate_on_base(model.faces, faces, operator)
    return DenseHead(faces, operator, coarse, coarse_faces, base_face, base_bary)


def _locate_on_base(base_faces: np.ndarray, faces: np.ndarray, operator: Sparse) -> tuple[np.ndarray, np.ndarray]:
    """For each dense vertex one base face that holds it, and its barycentric coordinates there."""
    owner = np.arange(len(faces)) % len(base_faces)
    base_face = np.zeros(operator.shape[0], np.int32)
    base_face[faces.ravel()] = np.repeat(owner, 3)
    corners = base_faces[base_face]
    rows = np.arange(len(corners))
    bary = np.stack([np.asarray(operator[rows, corners[:, k]]).ravel() for k in range(3)], 1)
    return base_face, bary


def adjacency(faces: np.ndarray, count: int, keep: np.ndarray | None = None) -> Sparse:
    """Symmetric 0/1 vertex adjacency [count,count]; with ``keep`` bool [count] only edges inside the kept part."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    if keep is not None:
        edges = edges[keep[edges].all(1)]
    half = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count)).tocsr()
    return ((half + half.T) > 0).astype(np.float64)


def smooth_normals(vertices: np.ndarray, faces: np.ndarray, dense: DenseHead) -> np.ndarray:
    """Unit normals float64 [Nd,3] of the rounded base surface.

    The dense vertices lie on flat base faces; their own normals would show every facet.
    """
    normals = np.asarray(dense.operator @ vertex_normals(vertices, faces))
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-15)


def vertex_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """A third of the surrounding triangles' area, float64 [N] square metres."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.sum([np.bincount(faces[:, k], area, len(vertices)) for k in range(3)], 0)
