"""A coarse mesh of the hair: what the avatar's hair Gaussians are bound to and what Blender shows without splats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage as ndi

from .hair_atlas import grid_faces
from .hair_shell import HairShell

PROXY_CELL = 0.008  # metres


@dataclass(frozen=True)
class HairProxy:
    """The mesh and who belongs to which of its faces.

    Attributes:
        vertices: float32 [H,3], head frame.
        faces: int32 [Fh,3], outwards.
        colors: float32 [H,3] sRGB 0..1.
        owner: int32 [R,C], the proxy face each cell of the shell is bound to.
    """

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray
    owner: np.ndarray


def hair_proxy(shell: HairShell) -> HairProxy:
    """Every 8 mm of the shell where it has hair; about 3000 triangles."""
    atlas = shell.atlas
    stride = round(PROXY_CELL / atlas.cell)
    rows, columns = atlas.rows // stride, atlas.columns // stride
    points = atlas.points(shell.radius)[::stride, ::stride][:rows, :columns]
    colors = shell.color[::stride, ::stride][:rows, :columns]
    alpha = shell.alpha[: rows * stride, : columns * stride]
    filled = alpha.reshape(rows, stride, columns, stride).mean((1, 3))[:-1] > 0.5
    # Row 0 lies on the pole: all its cells are one vertex, and one triangle of each pair has no area.
    merged = np.maximum(np.arange(rows * columns) - (columns - 1), 0)
    faces = merged[grid_faces(rows, columns)]
    solid = (faces[:, 0] != faces[:, 2]) & np.repeat(filled.ravel(), 2)
    kept = np.flatnonzero(solid)
    used, compact = np.unique(faces[kept], return_inverse=True)
    owner = _owners(filled, kept, stride, atlas.shape)
    return HairProxy(
        points.reshape(-1, 3)[columns - 1 :][used].astype(np.float32),
        compact.reshape(-1, 3).astype(np.int32),
        colors.reshape(-1, 3)[columns - 1 :][used].astype(np.float32),
        owner,
    )


def _owners(filled: np.ndarray, kept: np.ndarray, stride: int, shape: tuple[int, int]) -> np.ndarray:
    """The kept face in (or nearest to) each fine cell's coarse cell, int32 [R,C]."""
    face_of = np.full(filled.shape, -1)
    face_of.ravel()[kept // 2] = np.arange(len(kept))
    # Columns wrap: search on three copies side by side.
    missing = np.concatenate([face_of < 0] * 3, 1)
    nearest = np.asarray(ndi.distance_transform_edt(missing, return_distances=False, return_indices=True))
    columns = filled.shape[1]
    found = np.concatenate([face_of] * 3, 1)[tuple(nearest)][:, columns : 2 * columns]
    row = np.minimum(np.arange(shape[0]) // stride, filled.shape[0] - 1)
    column = np.minimum(np.arange(shape[1]) // stride, columns - 1)
    return found[row[:, None], column[None]].astype(np.int32)
