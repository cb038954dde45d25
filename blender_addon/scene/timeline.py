"""Keys on the timeline. Blender's own keyframes on bones: every editor, the pose library and the NLA know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import bpy

from .avatar import control_names, parts_of
from .head_mesh import JOINT_NAMES
from .pose import joint_handle, rotation_path, set_controls, set_joint, slider

SLIDE = "location"  # a slider's keyed channel is location[0]
_UNCHANGED = 1e-6  # metres or radians


def key_controls(member: bpy.types.Object, frame: float, values: Mapping[str, float]) -> None:
    """Set the named controls and key them at ``frame``; the others get no key.

    Args:
        member: the avatar's root, rig, head or splats.
        values: control name -> 0..1.

    Raises:
        CameoError: ``avatar.unknown_control``.
    """
    set_controls(member, values)
    _key_sliders(member, frame, values)


def key_joint(member: bpy.types.Object, frame: float, joint: str, axis_angle: tuple[float, float, float]) -> None:
    """Turn ``joint`` by hand (axis-angle, radians, FLAME's axes) and key its handle at ``frame``."""
    set_joint(member, joint, axis_angle)
    _key_handle(joint_handle(member, joint), frame)


def key_all(member: bpy.types.Object, frame: float) -> None:
    """Key every control and every joint as they stand."""
    _key_sliders(member, frame, control_names(member))
    for joint in JOINT_NAMES:
        _key_handle(joint_handle(member, joint), frame)


def key_changed(member: bpy.types.Object, frame: float) -> list[str]:
    """Key what differs from the animation at ``frame``, or from rest where nothing is animated.

    Returns:
        Names of the keyed controls and joints.
    """
    curves = curves_of(member)
    changed = [name for name in control_names(member) if _differs(slider(member, name), SLIDE, (0,), curves, frame)]
    _key_sliders(member, frame, changed)
    for joint in JOINT_NAMES:
        handle = joint_handle(member, joint)
        path = rotation_path(handle)
        turned = _differs(handle, path, range(len(getattr(handle, path))), curves, frame)
        if turned or _differs(handle, "location", range(3), curves, frame):
            _key_handle(handle, frame)
            changed.append(joint)
    return changed


def curves_of(member: bpy.types.Object) -> dict[tuple[str, int], bpy.types.FCurve]:
    """The rig's animation curves by (data path, index); empty without an action."""
    animation = parts_of(member).rig.animation_data
    if animation is None or animation.action is None or animation.action_slot is None:
        return {}
    bags = (
        strip.channelbag(animation.action_slot)
        for layer in animation.action.layers
        for strip in layer.strips
        if strip.type == "KEYFRAME"
    )
    return {(curve.data_path, curve.array_index): curve for bag in bags if bag is not None for curve in bag.fcurves}


def clear_animation(member: bpy.types.Object) -> None:
    """Take the action off the rig; the action itself stays in the file for whoever else uses it."""
    animation = parts_of(member).rig.animation_data
    if animation is not None:
        animation.action = None


def _key_sliders(member: bpy.types.Object, frame: float, names: Iterable[str]) -> None:
    for name in names:
        slider(member, name).keyframe_insert(SLIDE, index=0, frame=frame, group=name)


def _key_handle(handle: bpy.types.PoseBone, frame: float) -> None:
    handle.keyframe_insert(rotation_path(handle), frame=frame, group=handle.name)
    if handle.name == JOINT_NAMES[0]:
        handle.keyframe_insert("location", frame=frame, group=handle.name)


def _differs(
    bone: bpy.types.PoseBone,
    path: str,
    indices: Iterable[int],
    curves: dict[tuple[str, int], bpy.types.FCurve],
    frame: float,
) -> bool:
    """Whether the property as it stands is not what the animation (or rest) says."""
    data_path = bone.path_from_id(path)
    rest = bone.bl_rna.properties[path].default_array
    for index in indices:
        curve = curves.get((data_path, index))
        animated = rest[index] if curve is None else curve.evaluate(frame)
        if abs(getattr(bone, path)[index] - animated) > _UNCHANGED:
            return True
    return False
