"""The proxy: the avatar's mesh with shape keys, skinning weights and vertex colours."""

from __future__ import annotations

import bpy
import numpy as np

from ...protocol.avatar import AvatarData
from ..joints import JOINT_NAMES
from .color import srgb_to_linear
from .materials import COLOR_ATTRIBUTE, avatar_material

PART_NAMES = ("skin", "left_eye", "right_eye", "teeth", "tongue", "mouth", "hair")
KEY_RANGE = (-10.0, 10.0)  # the widest Blender allows: drivers must never be cut


def create_head(data: AvatarData, collection: bpy.types.Collection, name: str) -> bpy.types.Object:
    """The mesh object in the head frame, with one shape key per unit and per pose corrective that moves anything."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(data.vertices.tolist(), [], data.faces.tolist())
    mesh.shade_smooth()
    _write_colors(mesh, data.vertex_colors)
    part = mesh.attributes.new("part", "INT", "FACE")
    part.data.foreach_set("value", data.part.astype(np.int32))
    mesh.materials.append(avatar_material())
    head = bpy.data.objects.new(name, mesh)
    collection.objects.link(head)
    _add_weights(head, data.weights)
    _add_shape_keys(head, data)
    return head


def corrective_name(row: int) -> str:
    """Shape key of posedirs row ``row`` = 9*(j-1)+3*r+c, e.g. ``pose_jaw_12``."""
    joint, element = divmod(row, 9)
    return f"pose_{JOINT_NAMES[joint + 1]}_{element // 3}{element % 3}"


def moving_correctives(data: AvatarData) -> list[int]:
    """Rows of posedirs that are not zero: only these become shape keys (each costs time in every frame)."""
    return [int(row) for row in np.flatnonzero(np.abs(data.posedirs).max(axis=(1, 2)) > 0)]


def _write_colors(mesh: bpy.types.Mesh, colors: np.ndarray) -> None:
    attribute = mesh.color_attributes.new(COLOR_ATTRIBUTE, "FLOAT_COLOR", "POINT")
    linear = np.concatenate([srgb_to_linear(colors), np.ones((len(colors), 1), np.float32)], 1)
    attribute.data.foreach_set("color", linear.ravel())
    mesh.color_attributes.active_color = attribute
    mesh.color_attributes.render_color_index = mesh.color_attributes.active_color_index


def _add_weights(head: bpy.types.Object, weights: np.ndarray) -> None:
    for joint, name in enumerate(JOINT_NAMES):
        group = head.vertex_groups.new(name=name)
        column = weights[:, joint]
        moved = np.flatnonzero(column)
        # one call per distinct weight: most vertices follow one joint alone
        distinct, inverse = np.unique(column[moved], return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        starts = np.searchsorted(inverse[order], np.arange(1, len(distinct)))
        for weight, vertices in zip(distinct, np.split(moved[order], starts)):
            group.add(vertices.tolist(), float(weight), "REPLACE")


def _add_shape_keys(head: bpy.types.Object, data: AvatarData) -> None:
    head.shape_key_add(name="Basis", from_mix=False)
    for name, direction in zip(data.unit_names, data.unit_dirs):
        _add_shape_key(head, name, data.vertices + direction)
    for row in moving_correctives(data):
        _add_shape_key(head, corrective_name(row), data.vertices + data.posedirs[row])


def _add_shape_key(head: bpy.types.Object, name: str, positions: np.ndarray) -> None:
    key = head.shape_key_add(name=name, from_mix=False)
    key.slider_min, key.slider_max = KEY_RANGE
    key.points.foreach_set("co", np.ascontiguousarray(positions, np.float32).ravel())
