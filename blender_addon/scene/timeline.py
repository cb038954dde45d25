"""Keys on the timeline. Blender's own keyframes on bones: every editor, the pose library and the NLA know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import bpy

from ..joints import JOINT_NAMES
from .avatar import control_names, parts_of
from .board_layout import SLIDE_AXIS
from .control_groups import EVERYTHING, controls_in, joints_in
from .pose import joint_handle, rotation_path, set_controls, set_joint, slider

SLIDE = "location"  # a slider's keyed channel is location[SLIDE_AXIS]
_UNCHANGED = 1e-6  # metres or radians
_SAME_FRAME = 0.01  # frames; as Blender has it


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


def key_all(member: bpy.types.Object, frame: float, group: str = EVERYTHING) -> None:
    """Key every control and every joint of the group as they stand."""
    _key_sliders(member, frame, controls_in(group, control_names(member)))
    for joint in joints_in(group):
        _key_handle(joint_handle(member, joint), frame)


def key_changed(member: bpy.types.Object, frame: float, group: str = EVERYTHING) -> list[str]:
    """Key what differs from the animation at ``frame``, or from rest where nothing is animated.

    Returns:
        Names of the keyed controls and joints.
    """
    curves = curves_of(member)
    names = controls_in(group, control_names(member))
    changed = [name for name in names if _differs(slider(member, name), SLIDE, (SLIDE_AXIS,), curves, frame)]
    _key_sliders(member, frame, changed)
    for joint in joints_in(group):
        handle = joint_handle(member, joint)
        path = rotation_path(handle)
        turned = _differs(handle, path, range(len(getattr(handle, path))), curves, frame)
        if turned or _differs(handle, "location", range(3), curves, frame):
            _key_handle(handle, frame)
            changed.append(joint)
    return changed


def auto_key(
    context: bpy.types.Context, member: bpy.types.Object, controls: Iterable[str], joints: Iterable[str] = ()
) -> None:
    """What Blender's own sliders do after a change: key it, if the scene's auto keying is on.

    Replace mode and the preference "only insert available" are obeyed.
    """
    scene = context.scene
    if not scene.tool_settings.use_keyframe_insert_auto:
        return
    replace = scene.tool_settings.auto_keying_mode == "REPLACE_KEYS"
    available = replace or context.preferences.edit.use_keyframe_insert_available
    frame, curves = scene.frame_current, curves_of(member) if available else {}

    def wanted(bone: bpy.types.PoseBone, path: str, index: int) -> bool:
        curve = curves.get((bone.path_from_id(path), index))
        return not available or (curve is not None and (not replace or _has_key(curve, frame)))

    _key_sliders(member, frame, [name for name in controls if wanted(slider(member, name), SLIDE, SLIDE_AXIS)])
    for handle in (joint_handle(member, joint) for joint in joints):
        if wanted(handle, rotation_path(handle), 0):
            _key_handle(handle, frame)


def toggle_key(member: bpy.types.Object, control: str, frame: float) -> bool:
    """Key the control at ``frame``, or take its key there away; whether it has one now.

    Raises:
        CameoError: ``avatar.unknown_control``.
    """
    bone = slider(member, control)
    if key_state(bone, curves_of(member), frame) != "KEYED":
        _key_sliders(member, frame, (control,))
        return True
    bone.keyframe_delete(SLIDE, index=SLIDE_AXIS, frame=frame)
    return False


def key_state(bone: bpy.types.PoseBone, curves: Mapping[tuple[str, int], bpy.types.FCurve], frame: float) -> str:
    """``KEYED`` at this frame, ``ANIMATED`` elsewhere, or ``STILL``."""
    curve = curves.get((bone.path_from_id(SLIDE), SLIDE_AXIS))
    if curve is None:
        return "STILL"
    return "KEYED" if _has_key(curve, frame) else "ANIMATED"


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
        slider(member, name).keyframe_insert(SLIDE, index=SLIDE_AXIS, frame=frame, group=name)


def _key_handle(handle: bpy.types.PoseBone, frame: float) -> None:
    handle.keyframe_insert(rotation_path(handle), frame=frame, group=handle.name)
    if handle.name == JOINT_NAMES[0]:
        handle.keyframe_insert("location", frame=frame, group=handle.name)


def _has_key(curve: bpy.types.FCurve, frame: float) -> bool:
    return any(abs(key.co.x - frame) < _SAME_FRAME for key in curve.keyframe_points)


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
