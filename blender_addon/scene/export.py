"""From the scene back to an avatar file: the objects as they are, with the artist's changes to mesh and splats."""

from __future__ import annotations

import json

import bpy
import numpy as np

from ...protocol.avatar import POSEDIR_ROWS, AvatarData
from ...protocol.avatar_header import AvatarPose, read_camera
from ...protocol.errors import CameoError
from ..joints import JOINT_NAMES
from . import binding_nodes as names
from .avatar import CAMERA, PHOTO_CONTROLS, POSES, parts_of
from .color import linear_to_srgb
from .head_mesh import corrective_name
from .materials import COLOR_ATTRIBUTE
from .source import kept_source
from .splats import COLOR, OPACITY, read_attribute

_CHANGED_FIX = "Import the avatar's file again, or write it before changing the mesh."


def avatar_data(member: bpy.types.Object) -> AvatarData:
    """The avatar at rest, as its file holds it; pose and animation are not part of it.

    Raises:
        CameoError: ``avatar.not_exportable``, brought in by an earlier Cameo, or faces or keys of its mesh are gone.
    """
    parts = parts_of(member)
    root, mesh, cloud = parts.root, parts.head.data, parts.splats.data
    source = kept_source(root)
    vertices, faces = _key_places(parts.head, "Basis"), _faces(parts.head)
    face = read_attribute(cloud, names.FACE)
    if face.size and face.max() >= len(faces):
        raise _changed(root, "Faces of the mesh that carry splats are gone.")
    return AvatarData(
        vertices=vertices,
        faces=faces,
        part=_values(mesh.attributes["part"].data, "value", 1, np.int32).astype(np.uint8),
        unit_names=source.unit_names,
        unit_dirs=np.stack([_key_places(parts.head, name) - vertices for name in source.unit_names]),
        posedirs=_posedirs(parts.head, vertices),
        weights=_weights(parts.head),
        joints=np.array([parts.rig.data.bones[name].head_local for name in JOINT_NAMES], np.float32),
        vertex_colors=linear_to_srgb(_values(mesh.color_attributes[COLOR_ATTRIBUTE].data, "color", 4)[:, :3]),
        controls=source.controls,
        gaussian_face=face,
        gaussian_offset=read_attribute(cloud, names.OFFSET),
        gaussian_rest_edges=read_attribute(cloud, names.REST_EDGES),
        gaussian_rotation=read_attribute(cloud, names.REST_ROTATION),
        gaussian_scale=read_attribute(cloud, names.REST_SCALE),
        gaussian_opacity=read_attribute(cloud, OPACITY),
        gaussian_color=linear_to_srgb(read_attribute(cloud, COLOR)[:, :3]).clip(0, 1),
        thumbnail_png=source.thumbnail_png,
        photo_camera=read_camera(json.loads(root.get(CAMERA, "null"))),
        photo_controls=json.loads(root[PHOTO_CONTROLS]),
        poses=tuple(AvatarPose(*row) for row in json.loads(root.get(POSES, "[]"))),
        provenance=source.provenance,
    )


def _key_places(head: bpy.types.Object, key: str) -> np.ndarray:
    block = head.data.shape_keys.key_blocks.get(key) if head.data.shape_keys is not None else None
    if block is None:
        raise _changed(head.parent, f"The shape key '{key}' is gone.")
    return _values(block.points, "co", 3)


def _faces(head: bpy.types.Object) -> np.ndarray:
    mesh = head.data
    if len(mesh.loops) != 3 * len(mesh.polygons):
        raise _changed(head.parent, "The mesh has faces that are not triangles.")
    return _values(mesh.loops, "vertex_index", 1, np.int32).reshape(-1, 3)


def _posedirs(head: bpy.types.Object, vertices: np.ndarray) -> np.ndarray:
    """float32 [36,V,3]; correctives that move nothing have no key."""
    keys = head.data.shape_keys.key_blocks
    directions = np.zeros((POSEDIR_ROWS, *vertices.shape), np.float32)
    for row in range(POSEDIR_ROWS):
        if corrective_name(row) in keys:
            directions[row] = _key_places(head, corrective_name(row)) - vertices
    return directions


def _weights(head: bpy.types.Object) -> np.ndarray:
    """float32 [V,5], rows summing to 1."""
    column = {head.vertex_groups[name].index: joint for joint, name in enumerate(JOINT_NAMES)}
    weights = np.zeros((len(head.data.vertices), len(JOINT_NAMES)), np.float32)
    for number, vertex in enumerate(head.data.vertices):
        for group in vertex.groups:
            if group.group in column:
                weights[number, column[group.group]] = group.weight
    return weights / np.maximum(weights.sum(1, keepdims=True), 1e-6)


def _values(items: object, field: str, width: int, dtype: type = np.float32) -> np.ndarray:
    values = np.empty(len(items) * width, dtype)
    items.foreach_get(field, values)
    return values if width == 1 else values.reshape(-1, width)


def _changed(root: bpy.types.Object, cause: str) -> CameoError:
    return CameoError(
        "avatar.not_exportable", f"'{root.name}' cannot be written to an avatar file.", cause=cause, fix=_CHANGED_FIX
    )
