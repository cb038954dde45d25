"""Where a Gaussian bound to a triangle stands when the mesh moves: the formula of ``conventions.md``, in numpy.

This is the definition; ``binding_torch.py`` is the same with gradients, and Blender's geometry nodes compute the same.
numpy only: Blender's Python imports this module.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..artifacts import BoundGaussians

DEGENERATE_AREA = 1e-12  # m², |e1 x e2| of a triangle that has no frame
STRETCH_RANGE = (0.15, 4.0)  # how far an axis follows the skin


class TriangleFrames(NamedTuple):
    """Frames of F triangles, float64.

    ``centroid`` [F,3], ``e1`` [F,3], ``e2`` [F,3] metres; ``rotation`` [F,3,3] with columns t, b, n; ``edges`` [F,3] =
    (|e1|, e2.t, e2.b), the triangle in its own plane; ``degenerate`` bool [F], where rotation is the identity.
    """

    centroid: np.ndarray
    e1: np.ndarray
    e2: np.ndarray
    rotation: np.ndarray
    edges: np.ndarray
    degenerate: np.ndarray


def triangle_frames(vertices: np.ndarray, faces: np.ndarray) -> TriangleFrames:
    """Frames of ``faces`` int [F,3] of a mesh with ``vertices`` [V,3] metres."""
    corners = np.asarray(vertices, np.float64)[faces]
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    cross = np.cross(e1, e2)
    doubled_area = np.linalg.norm(cross, axis=1)
    degenerate = doubled_area < DEGENERATE_AREA
    length = np.linalg.norm(e1, axis=1)
    t = e1 / np.where(degenerate, 1.0, length)[:, None]
    n = cross / np.where(degenerate, 1.0, doubled_area)[:, None]
    rotation = np.stack([t, np.cross(n, t), n], -1)
    rotation[degenerate] = np.eye(3)
    edges = np.stack([length, (e2 * rotation[:, :, 0]).sum(1), (e2 * rotation[:, :, 1]).sum(1)], 1)
    return TriangleFrames(corners.mean(1), e1, e2, rotation, edges, degenerate)


def edge_stretch(edges: np.ndarray, rest_edges: np.ndarray, degenerate: np.ndarray) -> np.ndarray:
    """E Er^-1, upper triangular: [N,3] = (xx, xy, yy). Identity where either triangle is degenerate.

    Args:
        edges, rest_edges: [N,3] = (|e1|, e2.t, e2.b), posed and at rest.
        degenerate: bool [N], the posed triangle's.
    """
    length, along, across = np.asarray(rest_edges, np.float64).T
    bad = degenerate | (length * across < DEGENERATE_AREA)
    length, across = np.where(bad, 1.0, length), np.where(bad, 1.0, across)
    stretch = np.stack(
        [edges[:, 0] / length, (edges[:, 1] - edges[:, 0] * along / length) / across, edges[:, 2] / across], 1
    )
    stretch[bad] = (1.0, 0.0, 1.0)
    return stretch


def place(bound: BoundGaussians, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pose bound Gaussians.

    Args:
        bound: N Gaussians.
        vertices: [V,3] posed vertices of the avatar mesh, metres.
        faces: int [F,3].

    Returns:
        float32 means [N,3] metres, quaternions [N,4] wxyz, scales [N,3] metres, in the frame of ``vertices``.
    """
    frames = triangle_frames(vertices, faces[bound.face])
    a, b, h = np.asarray(bound.offset, np.float64).T[:, :, None]
    means = frames.centroid + a * frames.e1 + b * frames.e2 + h * frames.rotation[:, :, 2]
    local = np.asarray(bound.rotation, np.float64)
    quats = quaternion_multiply(quaternion_from_matrix(frames.rotation), local)
    xx, xy, yy = edge_stretch(frames.edges, bound.rest_edges, frames.degenerate).T[:, :, None]
    axes = matrix_from_quaternion(local)  # columns r_i
    stretched = np.sqrt((xx * axes[:, 0] + xy * axes[:, 1]) ** 2 + (yy * axes[:, 1]) ** 2 + axes[:, 2] ** 2)
    scales = bound.scale * np.clip(stretched, *STRETCH_RANGE)
    return means.astype(np.float32), quats.astype(np.float32), scales.astype(np.float32)


def offsets_on(frames: TriangleFrames, points: np.ndarray) -> np.ndarray:
    """Offsets (a, b, h) float64 [N,3] that put ``points`` [N,3] on the N triangles of ``frames``."""
    along, across, above = np.einsum("nij,ni->jn", frames.rotation, points - frames.centroid)
    b = across / np.maximum(frames.edges[:, 2], 1e-9)
    a = (along - b * frames.edges[:, 1]) / np.maximum(frames.edges[:, 0], 1e-9)
    return np.stack([a, b, above], 1)


def bind(
    face: np.ndarray, means: np.ndarray, quats: np.ndarray, scales: np.ndarray, vertices: np.ndarray, faces: np.ndarray
) -> dict[str, np.ndarray]:
    """The inverse of :func:`place` at rest: what :class:`BoundGaussians` holds beside opacity and colour.

    Args:
        face: int [N], of triangles that are not degenerate.
        means, scales: [N,3] metres. quats: [N,4] wxyz, unit.
        vertices: [V,3] of the neutral mesh, metres. faces: int [F,3].

    Returns:
        ``face``, ``offset``, ``rest_edges``, ``rotation`` and ``scale`` by name.
    """
    frames = triangle_frames(vertices, faces[face])
    back = quaternion_from_matrix(frames.rotation) * [1, -1, -1, -1]
    return {
        "face": face.astype(np.int32),
        "offset": offsets_on(frames, means).astype(np.float32),
        "rest_edges": frames.edges.astype(np.float32),
        "rotation": quaternion_multiply(back, quats).astype(np.float32),
        "scale": np.asarray(scales, np.float32),
    }


def quaternion_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Unit quaternions wxyz [N,4] of rotation matrices [N,3,3], by the largest component (no cancellation)."""
    m = np.asarray(matrix, np.float64)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    yz, zx, xy = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    syz, szx, sxy = m[:, 2, 1] + m[:, 1, 2], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 0] + m[:, 0, 1]
    # row k of the symmetric matrix 4 q q^T; its largest diagonal entry names the row to normalise
    rows = np.stack(
        [
            np.stack([1 + xx + yy + zz, yz, zx, xy], 1),
            np.stack([yz, 1 + xx - yy - zz, sxy, szx], 1),
            np.stack([zx, sxy, 1 - xx + yy - zz, syz], 1),
            np.stack([xy, szx, syz, 1 - xx - yy + zz], 1),
        ],
        1,
    )
    largest = np.einsum("nkk->nk", rows).argmax(1)
    q = rows[np.arange(len(m)), largest]
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def matrix_from_quaternion(quats: np.ndarray) -> np.ndarray:
    """Rotation matrices [N,3,3] of unit quaternions wxyz [N,4]."""
    w, x, y, z = np.asarray(quats).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def quaternion_multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left * right, wxyz [N,4]: the rotation ``right`` followed by ``left``."""
    w, x, y, z = left.T
    W, X, Y, Z = right.T
    return np.stack(
        [
            w * W - x * X - y * Y - z * Z,
            w * X + x * W + y * Z - z * Y,
            w * Y - x * Z + y * W + z * X,
            w * Z + x * Y - y * X + z * W,
        ],
        1,
    )
