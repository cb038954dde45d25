"""Surface elements on the triangles of an avatar's mesh: laid there, joined, and those of the mesh itself."""

from __future__ import annotations

import numpy as np

from ..artifacts import AvatarMesh, SurfaceCloud
from .binding import offsets_on, triangle_frames


def bind_points(points: np.ndarray, mesh: AvatarMesh, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (a, b, h) [N,3] that put points [N,3] on faces [N] of the neutral mesh, and the frames R [N,3,3]."""
    frames = triangle_frames(mesh.vertices, mesh.faces[face])
    return offsets_on(frames, points), frames.rotation


def join_clouds(*clouds: SurfaceCloud) -> SurfaceCloud:
    """All elements in one cloud."""
    names = ("face", "offset", "normal", "tangent", "area", "color", "importance")
    return SurfaceCloud(*(np.concatenate([getattr(c, name) for c in clouds]) for name in names))


def any_tangent(normal: np.ndarray) -> np.ndarray:
    """Some unit vector across each normal [N,3]: the face's own t, straightened."""
    tangent = np.array([1.0, 0.0, 0.0]) - normal * normal[:, :1]
    short = np.linalg.norm(tangent, axis=1) < 1e-3
    tangent[short] = [0.0, 1.0, 0.0]
    return tangent / np.linalg.norm(tangent, axis=1, keepdims=True)


def mesh_elements(mesh: AvatarMesh, face: np.ndarray, level: int, importance: np.ndarray) -> SurfaceCloud:
    """4**level elements on every one of the faces ``face`` int [K], with the mesh's own colours.

    Args:
        importance: float [K], of the faces.
    """
    bary = _quartered(level)
    frames = triangle_frames(mesh.vertices, mesh.faces[face])
    area = 0.5 * frames.edges[:, 0] * frames.edges[:, 2] / len(bary)
    count, each = len(face) * len(bary), np.repeat(np.arange(len(face)), len(bary))
    weights = np.tile(bary, (len(face), 1))
    up, along = np.zeros((count, 3), np.float32), np.zeros((count, 3), np.float32)
    up[:, 2], along[:, 0] = 1, 1
    return SurfaceCloud(
        face=face[each].astype(np.int32),
        offset=np.column_stack([weights[:, 1:] - 1 / 3, np.zeros(count)]).astype(np.float32),
        normal=up,
        tangent=along,
        area=area[each].astype(np.float32),
        color=np.einsum("nc,ncx->nx", weights, mesh.colors[mesh.faces[face[each]]]).astype(np.float32),
        importance=importance[each].astype(np.float32),
    )


def _quartered(level: int) -> np.ndarray:
    """Barycentric centres [4**level,3] of a triangle's parts."""
    parts = np.eye(3)[None]
    for _ in range(level):
        a, b, c = parts[:, 0], parts[:, 1], parts[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        parts = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return parts.mean(1)
