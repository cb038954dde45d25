"""A performance as an action on the face board, and the timeline as a performance again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Euler, Quaternion

from ...protocol.errors import CameoError
from ..joints import JOINT_NAMES
from ..motion.clip import MotionClip, evenly
from ..motion.turns import to_axis_angle, to_quaternions
from .avatar import AvatarParts, control_names, parts_of
from .board_layout import SLIDE_AXIS, SLIDER_LENGTH
from .pose import joint_handle, rotation_path

_EYES = ("left_eye", "right_eye")
_LINEAR = 1  # Blender's number of the interpolation; one key a frame needs no other


def apply_motion(
    member: bpy.types.Object, clip: MotionClip, frame_start: int, name: str, *, as_strip: bool = False
) -> tuple[bpy.types.Action, list[str]]:
    """Make an action of ``clip``, a key a moment from ``frame_start`` on, and give it to the avatar's rig.

    Args:
        clip: at the scene's frame rate.
        as_strip: put it on a new NLA track and leave the rig's own action; else it takes that one's place, which
            stays in the file.

    Returns:
        The action, and the names of controls that the avatar does not have.

    Raises:
        CameoError: ``motion.nothing_for_avatar``, it has none of the controls and the clip turns no joint.
    """
    parts = parts_of(member)
    known = set(control_names(member))
    controls = {control: values for control, values in clip.controls.items() if control in known}
    if not controls and not clip.joints:
        raise CameoError(
            "motion.nothing_for_avatar",
            "Nothing in this motion moves the avatar.",
            cause="The file names none of its controls and turns no joint.",
            fix="Choose a file with ARKit's names, or FLAME's joints.",
        )
    action = bpy.data.actions.new(name)
    slot = action.slots.new("OBJECT", parts.rig.name)
    bag = action.layers.new("Motion").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    frames = frame_start + np.arange(len(clip.times), dtype=np.float64)
    for control, values in controls.items():
        path = parts.rig.pose.bones[control].path_from_id("location")
        _add_curve(bag, path, SLIDE_AXIS, control, frames, np.clip(values, 0.0, 1.0) * SLIDER_LENGTH)
    for joint, turns in clip.joints.items():
        handle = joint_handle(member, joint)
        path = rotation_path(handle)
        for index, channel in enumerate(_channels(handle, turns).T):
            _add_curve(bag, handle.path_from_id(path), index, handle.name, frames, channel)
    if clip.translation is not None:
        root = joint_handle(member, JOINT_NAMES[0])
        for index, channel in enumerate(clip.translation.T):
            _add_curve(bag, root.path_from_id("location"), index, root.name, frames, channel)
    _give(parts, action, slot, frame_start, as_strip)
    return action, sorted(clip.controls.keys() - known)


def sample_timeline(context: bpy.types.Context, member: bpy.types.Object, first: int, last: int) -> MotionClip:
    """What the face board and the handles show from frame ``first`` to ``last``, NLA and all, at the scene's rate.

    ``jaw`` and the eyes are the handles' own turns: the controls turn the joints besides.
    """
    scene, names = context.scene, control_names(member)
    parts = parts_of(member)
    sliders = [parts.rig.pose.bones[name] for name in names]
    handles = [joint_handle(member, joint) for joint in JOINT_NAMES]
    values, turns, places = [], [], []
    for _ in _frames(scene, parts, first, last):
        values.append([bone.location[SLIDE_AXIS] / SLIDER_LENGTH for bone in sliders])
        turns.append([tuple(handle.matrix_basis.to_quaternion()) for handle in handles])
        places.append(tuple(handles[0].location))
    rate = scene.render.fps / scene.render.fps_base
    table = np.clip(np.array(values), 0.0, 1.0)
    quats = np.array(turns)
    joints = {joint: to_axis_angle(quats[:, k]) for k, joint in enumerate(JOINT_NAMES)}
    return MotionClip(
        evenly(len(table), rate),
        rate,
        {name: table[:, k] for k, name in enumerate(names)},
        {joint: joint_turns for joint, joint_turns in joints.items() if joint_turns.any()},
        np.array(places) if np.any(places) else None,
    )


def sample_eyes(context: bpy.types.Context, member: bpy.types.Object, first: int, last: int) -> dict[str, np.ndarray]:
    """Whole turns of the eyes, controls and handles together: axis-angle [T,3] for ``left_eye`` and ``right_eye``."""
    parts = parts_of(member)
    seen: dict[str, list[tuple[float, ...]]] = {eye: [] for eye in _EYES}
    for _ in _frames(context.scene, parts, first, last):
        rig = parts.rig.evaluated_get(context.evaluated_depsgraph_get())
        for eye in _EYES:
            bone = rig.pose.bones[eye]
            local = rig.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL")
            seen[eye].append(tuple(local.to_quaternion()))
    return {eye: to_axis_angle(np.array(quats)) for eye, quats in seen.items()}


@contextmanager
def only_the_rig(parts: AvatarParts) -> Iterator[None]:
    """Head and splats are not evaluated meanwhile: a frame costs a millisecond instead of fifty."""
    before = [(part, part.hide_viewport) for part in (parts.head, parts.splats)]
    try:
        for part, _ in before:
            part.hide_viewport = True
        yield
    finally:
        for part, hidden in before:
            part.hide_viewport = hidden


def _frames(scene: bpy.types.Scene, parts: AvatarParts, first: int, last: int) -> Iterator[int]:
    """Go through the frames; the current one comes back."""
    current, subframe = scene.frame_current, scene.frame_subframe
    try:
        with only_the_rig(parts):
            for frame in range(first, last + 1):
                scene.frame_set(frame)
                yield frame
    finally:
        scene.frame_set(current, subframe=subframe)


def _channels(handle: bpy.types.PoseBone, turns: np.ndarray) -> np.ndarray:
    """[T,3 or 4] of the handle's rotation property, without jumps."""
    quats = to_quaternions(turns)
    if handle.rotation_mode == "QUATERNION":
        return quats
    if handle.rotation_mode == "AXIS_ANGLE":
        angle = np.linalg.norm(turns, axis=1, keepdims=True)
        axis = np.where(angle > 1e-9, turns / np.maximum(angle, 1e-9), [[0.0, 1.0, 0.0]])
        return np.concatenate([angle, axis], 1)
    rows: list[Euler] = []
    for quat in quats:
        turn = Quaternion(quat)
        rows.append(turn.to_euler(handle.rotation_mode, rows[-1]) if rows else turn.to_euler(handle.rotation_mode))
    return np.array([tuple(row) for row in rows])


def _add_curve(
    bag: bpy.types.ActionChannelbag, path: str, index: int, group: str, frames: np.ndarray, values: np.ndarray
) -> None:
    curve = bag.fcurves.new(path, index=index, group_name=group)
    curve.keyframe_points.add(len(frames))
    curve.keyframe_points.foreach_set("co", np.stack([frames, values], 1).astype(np.float32).ravel())
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), _LINEAR, np.int32))
    curve.update()


def _give(
    parts: AvatarParts, action: bpy.types.Action, slot: bpy.types.ActionSlot, frame_start: int, as_strip: bool
) -> None:
    animation = parts.rig.animation_data or parts.rig.animation_data_create()
    if as_strip:
        track = animation.nla_tracks.new()
        track.name = action.name
        strip = track.strips.new(action.name, frame_start, action)
        strip.action_slot = slot
        return
    if animation.action is not None:
        animation.action.use_fake_user = True  # else it would be gone when the file is saved
    animation.action = action
    animation.action_slot = slot
