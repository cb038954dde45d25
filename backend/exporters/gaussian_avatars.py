"""GaussianAvatars' ``point_cloud.ply`` (Qian et al. 2024): Gaussians bound to triangles, written and read.

The layout is 3DGS' with a further column ``binding_0``, the triangle; means, scales and rotations are local to it
(``gaussians/gaussian_avatars.py``). Its triangles scale as a whole where ours stretch with the skin: at the neutral
pose both say the same, in an expression theirs keeps round what ours stretches (figures: ``docs/interchange.md``).

Only the head's own triangles are used, the first of the mesh: FLAME's and the teeth's where the avatar was made on
FLAME, and GaussianAvatars' programs know no others, so an avatar on the built-in head is not for them. Hair moves from
its shell to skin that follows the neck as it does.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from ..artifacts import JOINT_NAMES, AvatarMesh, BoundGaussians, GaussianAvatar, HeadParameters, Part
from ..errors import CameoError
from ..gaussians.binding import bind, place, triangle_frames
from ..gaussians.gaussian_avatars import GaussianAvatarFrames, gaussian_avatar_frames, to_global, to_local
from ..head.flame.closest import closest_points
from ..head.flame.head_model import RAW
from ..head.lbs import pose_vertices
from .ply import Splats, posed_splats, splat_columns, splats_from_columns
from .ply_table import read_table, unreadable, write_table

_BINDING = "binding_0"
_STILL_SHARE = 0.05
"""Hair goes to the twentieth of the head's triangles that expressions move least."""
_LEVER = 0.1
"""Metres: how far a vertex that is not quite the neck's is expected to move with its other joints."""


_THEIR_TRIANGLES = 9976 + 168  # FLAME's and those of the added teeth


def is_theirs(mesh: AvatarMesh) -> bool:
    """Whether the head is FLAME with teeth, the only one that GaussianAvatars' own programs can move."""
    return RAW.format(0) in mesh.unit_names and len(head_faces(mesh)) == _THEIR_TRIANGLES


def head_faces(mesh: AvatarMesh) -> np.ndarray:
    """The faces int32 [F,3] of the head without the hair's shell; its vertices are the first of the mesh."""
    return mesh.faces[mesh.part != Part.HAIR]


def write_bound_ply(path: Path, avatar: GaussianAvatar) -> None:
    """Write the avatar's Gaussians; ``binding_0`` counts the faces of :func:`head_faces`.

    Raises:
        OSError: the file could not be written.
    """
    local = _local(avatar)
    centers, log_scales, turns = (array.numpy() for array in local[1:])
    own = avatar.gaussians
    splats = Splats(centers, turns, np.exp(log_scales), own.opacity, own.color)
    # float32 as its authors write it: exact up to 16 million triangles
    write_table(path, {**splat_columns(splats), _BINDING: local.face.numpy()})


def read_bound_ply(path: Path, mesh: AvatarMesh) -> BoundGaussians:
    """Read an avatar bound to the head of ``mesh``: exact at the neutral pose; higher harmonics are dropped.

    Raises:
        CameoError: ``ply.unreadable``, the file is no such PLY or is damaged; ``ply.of_another_head``, it is bound to
            triangles that the head has not.
        OSError: the file could not be opened.
    """
    columns = read_table(path)
    if _BINDING not in columns:
        raise unreadable(path, f"it has no {_BINDING}: its Gaussians are not bound to triangles")
    splats = splats_from_columns(path, columns)
    face = _known_faces(path, columns[_BINDING], len(head_faces(mesh)))
    log_scales = np.log(np.maximum(splats.scales, np.finfo(np.float32).tiny))
    arrays = (torch.from_numpy(array) for array in (splats.means, log_scales, splats.quats))
    placed = to_global(torch.from_numpy(face), *arrays, frames=_frames(mesh))
    means, scales, quats = (array.numpy() for array in placed)
    if not (np.isfinite(means).all() and np.isfinite(scales).all()):
        raise unreadable(path, "it puts Gaussians infinitely far away")
    bound = bind(_on_the_head(mesh, face, means), means, quats, scales, mesh.vertices, mesh.faces)
    return BoundGaussians(**bound, opacity=splats.opacities, color=splats.colors.clip(0, 1))


def in_their_way(avatar: GaussianAvatar, params: HeadParameters) -> Splats:
    """The avatar in a pose, as GaussianAvatars' programs would place what is written for them."""
    vertices = pose_vertices(avatar.mesh, params).astype(np.float32)
    posed = _frames(replace(avatar.mesh, vertices=vertices))
    placed = to_global(*_local(avatar), frames=posed)
    means, scales, quats = (array.numpy() for array in placed)
    return Splats(means, quats, scales, avatar.gaussians.opacity, avatar.gaussians.color)


def shift(avatar: GaussianAvatar, params: HeadParameters) -> np.ndarray:
    """How far each Gaussian then stands from where our binding puts it, float32 [N] metres."""
    return np.linalg.norm(in_their_way(avatar, params).means - posed_splats(avatar, params).means, axis=1)


class _Local(NamedTuple):
    """Gaussians in GaussianAvatars' terms: ``face`` int64 [N], the rest as in :func:`to_global`."""

    face: torch.Tensor
    means: torch.Tensor
    log_scales: torch.Tensor
    quats: torch.Tensor


def _local(avatar: GaussianAvatar) -> _Local:
    mesh, own = avatar.mesh, avatar.gaussians
    means, quats, scales = place(own, mesh.vertices, mesh.faces)
    face = torch.from_numpy(_on_the_head(mesh, own.face, means))
    arrays = (torch.from_numpy(array) for array in (means, scales, quats))
    return _Local(face, *to_local(face, *arrays, frames=_frames(mesh)))


def _frames(mesh: AvatarMesh) -> GaussianAvatarFrames:
    """In float32, as its authors compute them."""
    return gaussian_avatar_frames(torch.from_numpy(mesh.vertices), torch.from_numpy(head_faces(mesh)).long())


def _known_faces(path: Path, binding: np.ndarray, count: int) -> np.ndarray:
    """``binding`` [N], of any type, as int64, checked."""
    if not np.isfinite(binding).all() or (binding != np.floor(binding)).any():  # signalling NaN must not be cast
        raise unreadable(path, f"{_BINDING} holds something else than whole numbers")
    if binding.size and (binding.min() < 0 or binding.max() >= count):
        raise CameoError(
            "ply.of_another_head",
            f"{path.name} belongs to another head.",
            cause=f"It is bound to triangles {binding.min():.0f} to {binding.max():.0f}; the head has {count}.",
            fix="Name the head model it was made on: with GaussianAvatars that is FLAME, with --head-model-path.",
        )
    return binding.astype(np.int64)


def _on_the_head(mesh: AvatarMesh, face: np.ndarray, means: np.ndarray) -> np.ndarray:
    """``face`` [N] as int64; where it is the hair's or has no area, the closest still triangle of the head."""
    faces = head_faces(mesh)
    degenerate = triangle_frames(mesh.vertices, mesh.faces).degenerate
    homeless = (face >= len(faces)) | degenerate[face]
    found = face.astype(np.int64)
    if homeless.any():
        still = _still_faces(mesh, faces, degenerate[: len(faces)])
        found[homeless] = still[closest_points(means[homeless], mesh.vertices, faces[still]).face]
    return found


def _still_faces(mesh: AvatarMesh, faces: np.ndarray, degenerate: np.ndarray) -> np.ndarray:
    """Indices of the faces that do nothing but follow the neck, or nearly so."""
    moved = np.abs(mesh.unit_dirs).max((0, 2), initial=0) + np.abs(mesh.posedirs).max((0, 2), initial=0)
    moved += _LEVER * (1 - mesh.weights[:, JOINT_NAMES.index("neck")])
    of_face = np.where(degenerate, np.inf, moved[faces].max(1))
    return np.flatnonzero(of_face <= np.quantile(of_face, _STILL_SHARE))
