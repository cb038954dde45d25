"""Reading and setting the controls and joints of an avatar as they stand now; keys are ``timeline.py``'s."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
from mathutils import Quaternion, Vector

from ...protocol.errors import CameoError
from ..joints import JOINT_NAMES
from .avatar import control_names, parts_of
from .board_layout import SLIDE_AXIS, SLIDER_LENGTH, mirrored_name
from .control_groups import EVERYTHING, controls_in, joints_in
from .rig import HANDLE_SUFFIX


def slider(member: bpy.types.Object, control: str) -> bpy.types.PoseBone:
    """The bone of a control.

    Raises:
        CameoError: ``avatar.unknown_control``.
    """
    bone = parts_of(member).rig.pose.bones.get(control)
    if bone is None or control not in control_names(member):
        raise CameoError(
            "avatar.unknown_control",
            f"This avatar has no control named '{control}'.",
            fix="Use one of the names on its face board.",
        )
    return bone


def joint_handle(member: bpy.types.Object, joint: str) -> bpy.types.PoseBone:
    """The bone an artist rotates to turn ``joint`` (``neck``, ``jaw``, ``left_eye``, ``right_eye``, ``root``)."""
    bones = parts_of(member).rig.pose.bones
    return bones.get(joint + HANDLE_SUFFIX) or bones[joint]


def control_values(member: bpy.types.Object) -> dict[str, float]:
    """Every control's value, 0..1."""
    bones = parts_of(member).rig.pose.bones
    return {name: bones[name].location[SLIDE_AXIS] / SLIDER_LENGTH for name in control_names(member)}


def set_controls(member: bpy.types.Object, values: Mapping[str, float]) -> None:
    """Set the named controls (cut to 0..1); the others stay.

    Raises:
        CameoError: ``avatar.unknown_control``; then nothing is changed.
    """
    bones = {name: slider(member, name) for name in values}
    for name, value in values.items():
        bones[name].location[SLIDE_AXIS] = min(max(value, 0.0), 1.0) * SLIDER_LENGTH


def set_joint(member: bpy.types.Object, joint: str, axis_angle: tuple[float, float, float]) -> None:
    """Turn a joint's handle: axis-angle in radians, FLAME's order and axes."""
    vector = Vector(axis_angle)
    _set_rotation(joint_handle(member, joint), Quaternion(vector, vector.length) if vector.length else Quaternion())


def reset_pose(member: bpy.types.Object, group: str = EVERYTHING) -> None:
    """The group's controls to 0, its joints to rest."""
    set_controls(member, dict.fromkeys(controls_in(group, control_names(member)), 0.0))
    for joint in joints_in(group):
        handle = joint_handle(member, joint)
        handle.location = (0.0, 0.0, 0.0)
        _set_rotation(handle, Quaternion())


def mirror_pose(member: bpy.types.Object, group: str = EVERYTHING) -> None:
    """Exchange the two sides of the group, joints included."""
    values = control_values(member)
    names = controls_in(group, values)
    set_controls(member, {name: values.get(mirrored_name(name), values[name]) for name in names})
    turns = {joint: _rotation(joint_handle(member, joint)) for joint in joints_in(group)}
    for joint in turns:
        turn = turns[mirrored_name(joint)]
        _set_rotation(joint_handle(member, joint), Quaternion((turn.w, turn.x, -turn.y, -turn.z)))
    if JOINT_NAMES[0] in turns:
        root = joint_handle(member, JOINT_NAMES[0])
        root.location.x = -root.location.x


def rotation_path(bone: bpy.types.PoseBone) -> str:
    """The property that holds the bone's rotation in its mode."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(
        bone.rotation_mode, "rotation_euler"
    )


def _rotation(bone: bpy.types.PoseBone) -> Quaternion:
    return bone.matrix_basis.to_quaternion()


def _set_rotation(bone: bpy.types.PoseBone, rotation: Quaternion) -> None:
    """Set the rotation in whatever mode the artist chose."""
    if bone.rotation_mode == "QUATERNION":
        bone.rotation_quaternion = rotation
    elif bone.rotation_mode == "AXIS_ANGLE":
        axis, angle = rotation.to_axis_angle()
        bone.rotation_axis_angle = (angle, *axis)
    else:
        bone.rotation_euler = rotation.to_euler(bone.rotation_mode, bone.rotation_euler)
