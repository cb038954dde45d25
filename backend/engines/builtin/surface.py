"""The coloured surface as a cloud of elements on the avatar's mesh: where the first Gaussians come from."""

from __future__ import annotations

import numpy as np

from ...artifacts import AvatarMesh, SurfaceCloud
from ...gaussians.surface_cloud import any_tangent, bind_points
from ...head.normals import vertex_normals
from .dense import DenseHead, vertex_areas
from .hair_proxy import HairProxy
from .hair_shell import HairShell

BURIED_IMPORTANCE = 0.15  # of skin below hair: coarse Gaussians there keep one from looking through the head
FADED = 0.3  # opacity below which skin makes no element
VISIBLE = 0.35  # alpha from which a hair cell makes an element
HAIR_IMPORTANCE = 0.8


def skin_elements(
    dense: DenseHead,
    vertices: np.ndarray,
    colors: np.ndarray,
    importance: np.ndarray,
    coverage: np.ndarray,
    opacity: np.ndarray,
    mesh: AvatarMesh,
) -> SurfaceCloud:
    """One element per dense vertex that is not faded out.

    Args:
        vertices: float64 [N,3], neutral, already pushed under the hair.
        colors: float32 [N,3]. importance: float32 [N].
        coverage: float32 [N], how much hair lies over it. opacity: float32 [N].
    """
    keep = np.flatnonzero(opacity > FADED)
    offset, frame = bind_points(vertices, mesh, dense.base_face)
    normal = np.einsum("nji,nj->ni", frame, vertex_normals(vertices, dense.faces))
    area = vertex_areas(vertices, dense.faces)
    weight = importance * (1 - coverage) + BURIED_IMPORTANCE * coverage
    parts = (dense.base_face, offset, normal, any_tangent(normal), area * opacity, colors, weight)
    return _cloud(*(part[keep] for part in parts))


def hair_elements(shell: HairShell, proxy: HairProxy, mesh: AvatarMesh, first_face: int) -> SurfaceCloud:
    """One element per hair cell; ``first_face`` is the index of the proxy's first face in ``mesh``."""
    atlas = shell.atlas
    row, column = np.nonzero(shell.alpha > VISIBLE)
    row, column = row[row > 0], column[row > 0]  # row 0 is the pole, one point many times
    points = atlas.points(shell.radius)[row, column]
    face = proxy.owner[row, column] + first_face
    offset, frame = bind_points(points, mesh, face)
    normal = np.einsum("nji,nj->ni", frame, shell.strands.normal[row, column])
    tangent = np.einsum("nji,nj->ni", frame, shell.strands.tangent[row, column])
    around = 2 * np.pi / atlas.columns * shell.radius[row, column] * np.sin(atlas.polar[row])
    along = np.where(row < atlas.dome_rows, np.pi / 2 / atlas.dome_rows * shell.radius[row, column], atlas.cell)
    area = around * along * np.clip(shell.alpha[row, column], 0.3, 1)
    weight = np.full(len(row), HAIR_IMPORTANCE)
    return _cloud(face, offset, normal, tangent, area, shell.color[row, column], weight)


def _cloud(
    face: np.ndarray,
    offset: np.ndarray,
    normal: np.ndarray,
    tangent: np.ndarray,
    area: np.ndarray,
    color: np.ndarray,
    importance: np.ndarray,
) -> SurfaceCloud:
    return SurfaceCloud(
        face.astype(np.int32), *(np.asarray(x, np.float32) for x in (offset, normal, tangent, area, color, importance))
    )
