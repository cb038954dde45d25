"""An avatar in a Blender file: how it is brought in, and how it is found again.

    <name>                root, an empty turned from the head frame (y up) to Blender's (z up)
      <name> Rig          armature: joints, handles, face board
      <name> Head         proxy mesh with shape keys
      <name> Splats       point cloud bound by geometry nodes

The parts find each other by custom properties of the root, never by name, so artists may rename everything. A part
counts only while it is the root's child: a root that was copied alone is no avatar, and moves nobody else's face.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import bpy

from ...protocol.avatar import AvatarData
from ..joints import JOINT_NAMES
from . import controls, face_board, rig, source
from .board_drawing import ring_mesh, wear
from .head_display import show_splats_instead
from .head_mesh import create_head
from .splats import create_splats
from .thumbnail import show_thumbnail

MARK = "cameo_avatar"  # on the root: version of this layout
LAYOUT_VERSION = 2
PARTS = RIG, HEAD, SPLATS = "cameo_rig", "cameo_head", "cameo_splats"  # on the root: the parts
CONTROLS, CAMERA, PHOTO_CONTROLS = "cameo_controls", "cameo_photo_camera", "cameo_photo_controls"  # JSON on the root
POSES = "cameo_poses"  # JSON on the root; avatars of older files have none
_HANDLE_RADIUS = {"root": 0.14, "neck": 0.1, "jaw": 0.045, "left_eye": 0.02, "right_eye": 0.02}  # metres
_BEFORE_THE_FACE = {"left_eye": (0.0, 0.05), "right_eye": (0.0, 0.05), "jaw": (-0.035, 0.105)}  # metres up, forward


class AvatarParts(NamedTuple):
    """The four objects of one avatar."""

    root: bpy.types.Object
    rig: bpy.types.Object
    head: bpy.types.Object
    splats: bpy.types.Object


def import_avatar(context: bpy.types.Context, data: AvatarData, name: str) -> bpy.types.Object:
    """Build the avatar in a collection of its own under the scene's; returns the root. The avatar is selected.

    Raises:
        AvatarFileError: ``avatar.rig_too_complex``.
    """
    _leave_edit_modes(context)
    collection = bpy.data.collections.new(name)
    context.scene.collection.children.link(collection)
    with _removed_on_failure(collection):
        root = _build(context, data, collection, name)
    _show_vertex_colors()
    select_avatar(context, root)
    context.view_layer.update()
    return root


def avatars_in(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Roots of the avatars of ``scene``, by name."""
    return sorted((o for o in scene.objects if is_avatar(o)), key=lambda root: root.name)


def is_avatar(candidate: bpy.types.Object | None) -> bool:
    """Whether the object is the root of a whole avatar."""
    if candidate is None or MARK not in candidate:
        return False
    parts = (candidate.get(key) for key in PARTS)
    return all(isinstance(part, bpy.types.Object) and part.parent == candidate for part in parts)


def parts_of(member: bpy.types.Object) -> AvatarParts:
    """The avatar that ``member`` (root, rig, head or splats) belongs to.

    Raises:
        ValueError: the object belongs to no avatar.
    """
    candidate: bpy.types.Object | None = member
    while candidate is not None and not is_avatar(candidate):
        candidate = candidate.parent
    if candidate is None:
        raise ValueError(f"'{member.name}' is not part of an avatar")
    return AvatarParts(candidate, candidate[RIG], candidate[HEAD], candidate[SPLATS])


def active_avatar(context: bpy.types.Context) -> bpy.types.Object | None:
    """The root of the avatar the active object belongs to, or the scene's only avatar, or None."""
    candidate = context.view_layer.objects.active
    while candidate is not None and not is_avatar(candidate):
        candidate = candidate.parent
    if candidate is not None:
        return candidate
    found = avatars_in(context.scene)
    return found[0] if len(found) == 1 else None


def control_names(member: bpy.types.Object) -> list[str]:
    """Names of the controls, in the avatar file's order."""
    return list(json.loads(parts_of(member).root[CONTROLS]))


def select_only(context: bpy.types.Context, chosen: bpy.types.Object) -> None:
    """Make ``chosen`` the selection and the active object."""
    for item in context.view_layer.objects:
        if item.select_get():
            item.select_set(False)
    chosen.select_set(True)
    context.view_layer.objects.active = chosen


def select_avatar(context: bpy.types.Context, root: bpy.types.Object) -> None:
    """Make root and rig the selection, the rig active: G moves the root, Ctrl-Tab poses, the timeline shows keys."""
    rig_object = parts_of(root).rig
    select_only(context, rig_object)
    root.select_set(True)


def _build(
    context: bpy.types.Context, data: AvatarData, collection: bpy.types.Collection, name: str
) -> bpy.types.Object:
    root = _create_root(data, collection, name)
    head = create_head(data, collection, f"{name} Head")
    armature = _create_rig(context, data, collection, f"{name} Rig")
    rig.bind_head(head, armature)
    rig.drive_correctives(head, armature, data)
    controls.drive_by_controls(head, armature, data)
    splats = create_splats(context, data, head, collection, f"{name} Splats")
    show_splats_instead(head, splats)
    for key, part in zip(PARTS, (armature, head, splats)):
        root[key] = part
        # or an override of a linked avatar would find the library's parts again when its file is opened
        root.property_overridable_library_set(f'["{key}"]', True)
        _attach(part, root)
    return root


@contextmanager
def _removed_on_failure(collection: bpy.types.Collection) -> Iterator[None]:
    """An import that fails leaves nothing behind."""
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            for leftover in list(collection.objects):
                bpy.data.objects.remove(leftover)
            bpy.data.collections.remove(collection)


def _create_root(data: AvatarData, collection: bpy.types.Collection, name: str) -> bpy.types.Object:
    root = bpy.data.objects.new(name, None)
    root.empty_display_type, root.empty_display_size = "CIRCLE", 0.16
    root.rotation_euler = (math.pi / 2, 0.0, 0.0)
    root[MARK] = LAYOUT_VERSION
    root[CONTROLS] = json.dumps([control.name for control in data.controls])
    root[PHOTO_CONTROLS] = json.dumps(data.photo_controls)
    root[POSES] = json.dumps([[pose.name, pose.group, pose.controls] for pose in data.poses])
    camera = data.photo_camera
    if camera is not None:
        size = {"width": camera.width, "height": camera.height}
        root[CAMERA] = json.dumps({"viewmat": camera.viewmat.tolist(), "K": camera.K.tolist(), **size})
    source.keep(root, data)
    collection.objects.link(root)
    show_thumbnail(root, data.thumbnail_png)
    return root


def _create_rig(
    context: bpy.types.Context, data: AvatarData, collection: bpy.types.Collection, name: str
) -> bpy.types.Object:
    armature = bpy.data.armatures.new(name)
    armature.display_type = "STICK"
    rig_object = bpy.data.objects.new(name, armature)
    collection.objects.link(rig_object)
    select_only(context, rig_object)
    bpy.ops.object.mode_set(mode="EDIT")
    rig.add_joint_bones(armature, data)
    face_board.add_board_bones(armature, data)
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.follow_handles(rig_object, data)
    face_board.set_up_sliders(rig_object, data)
    _show_handles(rig_object, data)
    return rig_object


def _show_handles(rig_object: bpy.types.Object, data: AvatarData) -> None:
    driven = rig.driven_joints(data)
    for joint, joint_name in enumerate(JOINT_NAMES):
        bone = rig_object.pose.bones[rig.handle_name(joint, driven)]
        wear(bone, ring_mesh(lying=joint_name not in _BEFORE_THE_FACE))
        bone.custom_shape_scale_xyz = (_HANDLE_RADIUS[joint_name],) * 3
        bone.custom_shape_translation.yz = _BEFORE_THE_FACE.get(joint_name, (0.0, 0.0))


def _attach(part: bpy.types.Object, root: bpy.types.Object) -> None:
    """Parent without an offset, and keep the part where the binding expects it."""
    part.parent = root
    part.lock_location = part.lock_rotation = part.lock_scale = (True, True, True)


def _show_vertex_colors() -> None:
    """Solid view shows the proxy's own colours, unless the artist chose something else than materials."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            for space in area.spaces:
                if space.type == "VIEW_3D" and space.shading.color_type == "MATERIAL":
                    space.shading.color_type = "VERTEX"


def _leave_edit_modes(context: bpy.types.Context) -> None:
    active = context.view_layer.objects.active
    if active is not None and active.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
