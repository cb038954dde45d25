"""The first Gaussians' surface: what the views' depth shows, laid on the mesh, and the mesh where views are blind.

Skin follows the triangle below it. What stands off the skin -- hair, hats, collars -- lies on triangles that no
expression moves, so it follows the head and never lips or jaw; there the mesh needs no faces of its own for hair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

from ...artifacts import JOINT_NAMES, AvatarMesh, Part, SurfaceCloud
from ...gaussians.binding import offsets_on, triangle_frames
from ...gaussians.surface_cloud import any_tangent, join_clouds, mesh_elements
from ...head.flame.closest import closest_points
from ...head.model import HeadModel
from ...head.normals import vertex_normals
from .skin_color import SkinColor
from .tracking_config import ViewSurfaceConfig
from .view_points import DepthView, ViewPoints, agreed_points, unseen_places

NORMAL_COUNTS = 0.004  # metres that opposite normals are apart: the back of an ear is not its front
AT_A_TIME = 50_000  # points whose closest triangle is looked for
STILL, STILL_JAW = 5e-4, 0.02  # metres that units move a still vertex at most, and its weight of the jaw
BEARDED = 0.3  # weight of the jaw from which hair may be a beard
LIPS, LIDS, EYES, TEETH, INNER, PLAIN, COVER, BURIED = 2.0, 2.5, 3.0, 2.0, 0.6, 0.5, 0.8, 0.15
"""Importance of regions, where skin is 1: plain are neck and scalp, cover is hair and cloth, buried the scalp below."""
INNER_LEVEL, HOLE_LEVEL = 1, 1  # how often triangles inside the mouth, and those in holes, are quartered


def surface_of_views(
    views: Sequence[DepthView],
    mesh: AvatarMesh,
    posed: np.ndarray,
    model: HeadModel,
    skin: SkinColor,
    config: ViewSurfaceConfig,
) -> SurfaceCloud:
    """Coloured elements bound to ``mesh``.

    Args:
        views: of one still head, in its metres.
        posed: [V,3], the mesh in the views' expression.
        skin: tells it from hair.
    """
    found = agreed_points(views, config)
    outer = _outer_faces(mesh, model)
    face, cover, kept = _owners(found, mesh, posed, model, outer, skin, config)
    seen = ViewPoints(found.points[kept], found.normals[kept], found.areas[kept], found.colors[kept])
    regions = _importance(mesh, model)
    lifted = _bound(seen, face[kept], np.where(cover, COVER, regions[face])[kept], mesh, posed)
    inner = mesh_elements(mesh, np.flatnonzero(~outer), INNER_LEVEL, regions[~outer])
    return join_clouds(lifted, inner, _in_holes(seen, views, mesh, posed, model, np.flatnonzero(outer), config))


def _outer_faces(mesh: AvatarMesh, model: HeadModel) -> np.ndarray:
    """bool [F]: skin that can be seen with the mouth closed."""
    inside = model.masks["inner_mouth"][mesh.faces].all(1)
    return (mesh.part == Part.SKIN) & ~inside


def _still_faces(mesh: AvatarMesh, outer: np.ndarray) -> np.ndarray:
    """Indices of outer faces that no expression moves."""
    moved = np.linalg.norm(mesh.unit_dirs, axis=2).max(0)
    calm = (moved < STILL) & (mesh.weights[:, JOINT_NAMES.index("jaw")] < STILL_JAW)
    return np.flatnonzero(outer & calm[mesh.faces].all(1))


def _owners(
    found: ViewPoints,
    mesh: AvatarMesh,
    posed: np.ndarray,
    model: HeadModel,
    outer: np.ndarray,
    skin: SkinColor,
    config: ViewSurfaceConfig,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every place its face int [N], whether it is hair or cloth bool [N], and whether it is kept bool [N].

    What is nearest to eyes, teeth or the inside of the mouth is left to the mesh's own elements.
    """
    described = np.hstack([posed, NORMAL_COUNTS * vertex_normals(posed, mesh.faces)])
    wanted = np.hstack([found.points, NORMAL_COUNTS * found.normals])
    face, place = _closest(wanted, described, mesh.faces)
    away = found.points - place[:, :3]
    height = np.linalg.norm(away, axis=1) * np.sign((away * _face_normals(posed, mesh.faces)[face]).sum(1))
    pixels = (np.clip(found.colors, 0, 1) * 255).astype(np.uint8)
    jaw = mesh.weights[:, JOINT_NAMES.index("jaw")][mesh.faces[face]].mean(1)
    foreign = ~skin(pixels[:, None])[:, 0] & (jaw < BEARDED)
    cover = (height > config.skin_reach) | (foreign & (height > config.cover_reach))
    still = _still_faces(mesh, outer)
    nearest, _ = _closest(found.points[cover], posed, mesh.faces[still])
    face[cover] = still[nearest]
    return face, cover, outer[face]


def _closest(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Face int [N] and closest place [N,D]."""
    face, place = [np.zeros(0, np.int64)], [np.zeros((0, vertices.shape[1]))]
    for start in range(0, len(points), AT_A_TIME):
        found = closest_points(points[start : start + AT_A_TIME], vertices, faces)
        face.append(found.face)
        place.append(found.carry(vertices, faces))
    return np.concatenate(face), np.concatenate(place)


def _face_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """[F,3], unit."""
    return triangle_frames(vertices, faces).rotation[:, :, 2]


def _bound(
    seen: ViewPoints, face: np.ndarray, importance: np.ndarray, mesh: AvatarMesh, posed: np.ndarray
) -> SurfaceCloud:
    """Elements on faces [N] of the posed mesh; their areas as in neutral."""
    frames, neutral = triangle_frames(posed, mesh.faces[face]), triangle_frames(mesh.vertices, mesh.faces[face])
    normal = np.einsum("nji,nj->ni", frames.rotation, seen.normals)
    grown = (frames.edges[:, 0] * frames.edges[:, 2]) / np.maximum(neutral.edges[:, 0] * neutral.edges[:, 2], 1e-12)
    offset, area = offsets_on(frames, seen.points), seen.areas / np.clip(grown, 0.25, 4)
    values = (offset, normal, any_tangent(normal), area, np.clip(seen.colors, 0, 1), importance)
    return SurfaceCloud(face.astype(np.int32), *(np.asarray(value, np.float32) for value in values))


def _in_holes(
    seen: ViewPoints,
    views: Sequence[DepthView],
    mesh: AvatarMesh,
    posed: np.ndarray,
    model: HeadModel,
    outer: np.ndarray,
    config: ViewSurfaceConfig,
) -> SurfaceCloud:
    """The mesh's own skin where no view saw any and none contradicts it: the crown, below the chin, below hair."""
    scalp = model.masks["scalp"][mesh.faces[outer]].any(1)
    own = mesh_elements(mesh, outer, HOLE_LEVEL, np.where(scalp, BURIED, PLAIN))
    frames = triangle_frames(posed, mesh.faces[own.face])
    a, b, _ = own.offset.T[:, :, None]
    places = frames.centroid + a * frames.e1 + b * frames.e2
    alone = KDTree(seen.points).query(places, workers=2)[0] > config.hole
    alone[alone] = unseen_places(places[alone], views, config.agreement)
    names = ("face", "offset", "normal", "tangent", "area", "color", "importance")
    return SurfaceCloud(*(getattr(own, name)[alone] for name in names))


def _importance(mesh: AvatarMesh, model: HeadModel) -> np.ndarray:
    """Float [F]."""
    by_vertex = np.ones(len(mesh.vertices))
    by_vertex[model.masks["neck"] | model.masks["scalp"] | model.masks["bust"]] = PLAIN
    by_vertex[model.masks["lips"]] = LIPS
    by_vertex[model.masks["left_eyelids"] | model.masks["right_eyelids"]] = LIDS
    importance = by_vertex[mesh.faces].mean(1)
    importance[model.masks["inner_mouth"][mesh.faces].all(1)] = INNER
    for parts, value in (
        ((Part.LEFT_EYE, Part.RIGHT_EYE), EYES),
        ((Part.TEETH,), TEETH),
        ((Part.TONGUE, Part.MOUTH), INNER),
    ):
        importance[np.isin(mesh.part, parts)] = value
    return importance
