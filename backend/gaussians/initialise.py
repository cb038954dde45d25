"""The first cloud: a dense coloured surface gathered into N bound Gaussians.

Each triangle rests in the pose in which it is largest, so that no expression ever shows it magnified: a blink shows
lids that neutral hides (``shared/design/gaussians.md``, "Expressions decide the quality").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]

from ..artifacts import AvatarMesh, BoundGaussians, Part, SurfaceCloud
from ..config import InitialCloudConfig
from .binding import TriangleFrames, quaternion_from_matrix, triangle_frames


@dataclass(frozen=True)
class RestFrames:
    """How every face rests: ``pose`` int [F], ``frames`` of that pose, ``growth`` [F] area over neutral."""

    pose: np.ndarray
    frames: TriangleFrames
    growth: np.ndarray


def rest_frames(mesh: AvatarMesh, posed: list[np.ndarray], ratio: float) -> RestFrames:
    """Choose each face's rest among ``posed`` vertices [V,3] (``posed[0]`` is neutral): the one in which it is largest.

    Neutral stays where no pose enlarges the face by more than ``ratio``, and for hair.
    """
    area = np.stack([_doubled_area(vertices, mesh.faces) for vertices in posed])
    best = area.argmax(0)
    growth = area.max(0) / np.maximum(area[0], 1e-12)
    keep = (growth <= ratio) | (mesh.part == Part.HAIR)
    best[keep], growth[keep] = 0, 1.0
    corners = np.stack([np.asarray(v, np.float64) for v in posed])[best[:, None], mesh.faces]
    exploded = np.arange(3 * len(mesh.faces)).reshape(-1, 3)
    return RestFrames(best, triangle_frames(corners.reshape(-1, 3), exploded), growth)


def _doubled_area(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    corners = np.asarray(vertices, np.float64)[faces]
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)


def initial_gaussians(
    mesh: AvatarMesh, posed: list[np.ndarray], surface: SurfaceCloud | None, config: InitialCloudConfig
) -> BoundGaussians:
    """Gather ``surface`` into about ``config.gaussians`` Gaussians; without a surface, one Gaussian per triangle.

    Args:
        posed: vertices float [V,3] of every training pose, neutral first.
    """
    rest = rest_frames(mesh, posed, config.rest_growth)
    if surface is None:
        surface = surface_of_mesh(mesh)
        return _as_gaussians(_Clusters.one_each(surface, rest), surface, mesh, rest, config)
    return _as_gaussians(_gather(surface, mesh, rest, config), surface, mesh, rest, config)


def surface_of_mesh(mesh: AvatarMesh) -> SurfaceCloud:
    """One element per triangle, with the mesh's own colours."""
    count = len(mesh.faces)
    up, along = np.zeros((count, 3), np.float32), np.zeros((count, 3), np.float32)
    up[:, 2], along[:, 0] = 1, 1
    return SurfaceCloud(
        face=np.arange(count, dtype=np.int32),
        offset=np.zeros((count, 3), np.float32),
        normal=up,
        tangent=along,
        area=(0.5 * _doubled_area(mesh.vertices, mesh.faces)).astype(np.float32),
        color=mesh.colors[mesh.faces].mean(1).astype(np.float32),
        importance=np.ones(count, np.float32),
    )


@dataclass(frozen=True)
class _Clusters:
    """K groups of elements: ``center`` [K,3] at rest (metres), ``area`` [K], ``color`` [K,3], ``member`` int [K]: the
    element nearest to the centre, which lends its face, normal and tangent."""

    center: np.ndarray
    area: np.ndarray
    color: np.ndarray
    member: np.ndarray

    @staticmethod
    def one_each(surface: SurfaceCloud, rest: RestFrames) -> _Clusters:
        members = np.arange(len(surface.face))
        return _Clusters(
            _rest_positions(surface, rest), surface.area * rest.growth[surface.face], surface.color, members
        )


def _rest_positions(surface: SurfaceCloud, rest: RestFrames) -> np.ndarray:
    f, frames = surface.face, rest.frames
    a, b, h = surface.offset.T[:, :, None]
    return frames.centroid[f] + a * frames.e1[f] + b * frames.e2[f] + h * frames.rotation[f, :, 2]


def _gather(surface: SurfaceCloud, mesh: AvatarMesh, rest: RestFrames, config: InitialCloudConfig) -> _Clusters:
    """Cells of a grid whose size falls with importance, one per part, rest pose and side; then two Lloyd steps."""
    position = _rest_positions(surface, rest)
    normal = np.einsum("nij,nj->ni", rest.frames.rotation[surface.face], surface.normal)
    area = surface.area * rest.growth[surface.face]
    kind = mesh.part[surface.face].astype(np.int64) + len(Part) * rest.pose[surface.face]
    level = np.round(2 * np.log2(np.maximum(surface.importance, 1e-2))).astype(np.int64)
    axis = np.abs(normal).argmax(1)
    side = 2 * axis + (np.take_along_axis(normal, axis[:, None], 1)[:, 0] > 0)
    fixed = np.unique(np.stack([kind, level, side], 1), axis=0, return_inverse=True)[1].ravel()
    cell = _cell_size(position, level, fixed, round(1.35 * config.gaussians))
    owner = _cells(position, level, fixed, cell)

    features = np.concatenate([position, 0.003 * normal, 0.05 * kind[:, None]], 1)
    worth = np.bincount(owner, area * surface.importance)
    kept = np.argsort(-worth, kind="stable")[: config.gaussians]
    centers = _means(owner, area, features)[kept]
    for _ in range(2):  # the crumbs of cells that were not kept go to their nearest neighbour
        owner = cKDTree(centers).query(features, workers=2)[1]
        owner = np.unique(owner, return_inverse=True)[1]
        centers = _means(owner, area, features)
    nearest = _nearest_member(owner, ((features - centers[owner]) ** 2).sum(1))
    return _Clusters(centers[:, :3], np.bincount(owner, area), _means(owner, area, surface.color), nearest)


def _cells(position: np.ndarray, level: np.ndarray, fixed: np.ndarray, cell: float) -> np.ndarray:
    """Cluster index per element; ``level`` halves the cell's area every two steps."""
    grid = np.floor(position / (cell * 2.0 ** (-level / 4))[:, None]).astype(np.int64) + 4096
    key = ((fixed * 8192 + grid[:, 0]) * 8192 + grid[:, 1]) * 8192 + grid[:, 2]
    return np.unique(key, return_inverse=True)[1].ravel()


def _cell_size(position: np.ndarray, level: np.ndarray, fixed: np.ndarray, wanted: int) -> float:
    """Cell side in metres that makes about ``wanted`` cells."""
    low, high = 1e-4, 0.02
    for _ in range(8):
        middle = float(np.sqrt(low * high))
        if _cells(position, level, fixed, middle).max() + 1 > wanted:
            low = middle
        else:
            high = middle
    return high


def _means(owner: np.ndarray, weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weighted mean of ``values`` [n,d] per owner."""
    total = np.bincount(owner, weight) + 1e-30
    return np.stack([np.bincount(owner, weight * column) for column in values.T], 1) / total[:, None]


def _nearest_member(owner: np.ndarray, distance: np.ndarray) -> np.ndarray:
    order = np.lexsort((distance, owner))
    first = np.r_[True, owner[order][1:] != owner[order][:-1]]
    return order[first]


def _as_gaussians(
    clusters: _Clusters, surface: SurfaceCloud, mesh: AvatarMesh, rest: RestFrames, config: InitialCloudConfig
) -> BoundGaussians:
    """Flat ellipsoids on the surface; on hair, stretched along the strand."""
    face = surface.face[clusters.member]
    hair = mesh.part[face] == Part.HAIR
    sigma = config.sigma * np.sqrt(np.maximum(clusters.area, 1e-10))
    longer = np.where(hair, np.sqrt(config.hair_aspect), 1.0)
    thickness = np.maximum(config.flatness * sigma, config.min_thickness)
    scale = np.stack([sigma * longer, sigma / longer, thickness], 1)
    count = len(face)
    return BoundGaussians(
        face=face.astype(np.int32),
        offset=_offsets(clusters.center, face, rest.frames).astype(np.float32),
        rest_edges=rest.frames.edges[face].astype(np.float32),
        rotation=_rotations(surface.tangent[clusters.member], surface.normal[clusters.member]).astype(np.float32),
        scale=scale.astype(np.float32),
        opacity=np.full(count, config.opacity, np.float32),
        color=np.clip(clusters.color, 0, 1).astype(np.float32),
    )


def _offsets(position: np.ndarray, face: np.ndarray, frames: TriangleFrames) -> np.ndarray:
    """(a, b, h) of points [K,3] on the rest triangles of ``face``."""
    local = np.einsum("nji,nj->ni", frames.rotation[face], position - frames.centroid[face])
    length, along, across = np.maximum(frames.edges[face], [1e-9, -np.inf, 1e-9]).T
    b = local[:, 1] / across
    return np.stack([(local[:, 0] - b * along) / length, b, local[:, 2]], 1)


def _rotations(tangent: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Quaternions of frames with x along ``tangent`` and z along ``normal``, both [K,3] in the face's frame."""
    z = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    x = tangent - (tangent * z).sum(1, keepdims=True) * z
    length = np.linalg.norm(x, axis=1, keepdims=True)
    spare = np.cross(z, np.where(np.abs(z[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    x = np.where(length > 1e-6, x, spare)
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    return quaternion_from_matrix(np.stack([x, np.cross(z, x), z], -1))
