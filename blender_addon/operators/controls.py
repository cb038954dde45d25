"""Keys and poses of the active avatar."""

from __future__ import annotations

import json
from collections.abc import Callable

import bpy

from ...protocol.errors import CameoError
from ..link.problem import Problem
from ..scene.avatar import PHOTO_CONTROLS, active_avatar
from ..scene.control_groups import EVERYTHING, GROUPS, joints_in
from ..scene.named_poses import pose_values
from ..scene.pose import control_values, mirror_pose, reset_pose, set_controls
from ..scene.timeline import auto_key, key_all, key_changed, key_controls, key_joint, toggle_key
from ..words import tr
from .reporting import refuse

_BAD_VALUES = Problem(
    "controls.malformed",
    "The values of the controls cannot be read.",
    fix='Give them as JSON: a number for each name, like {"jawOpen": 0.5}; three for a joint.',
)


class _OnAvatar:
    """What works on the active avatar."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if active_avatar(context) is None:
            cls.poll_message_set(tr("Select an avatar first"))
            return False
        return True


class _OnGroup(_OnAvatar):
    """What works on one part of the face, or on all of it."""

    group: bpy.props.EnumProperty(
        name="Part",
        description="Which part of the face",
        items=((EVERYTHING, "Everything", "Face and joints"), *((g.key, g.title, g.title) for g in GROUPS)),
        default=EVERYTHING,
        options={"SKIP_SAVE"},
    )

    def change(self, context: bpy.types.Context, pose_group: Callable[[bpy.types.Object, str], None]) -> set[str]:
        """Pose the group and let auto keying key what that changed."""
        root = active_avatar(context)
        before = control_values(root)
        pose_group(root, self.group)
        changed = [name for name, value in control_values(root).items() if value != before[name]]
        auto_key(context, root, changed, joints_in(self.group))
        return {"FINISHED"}


class KeyControls(_OnGroup, bpy.types.Operator):
    """Key the avatar's controls and joints at the current frame"""

    bl_idname, bl_label = "cameo.key_controls", "Key Controls"

    which: bpy.props.EnumProperty(
        name="Which",
        description="What gets a key",
        items=(
            ("CHANGED", "Changed", "Controls and joints that differ from the animation"),
            ("ALL", "All", "Every control and joint"),
        ),
        default="CHANGED",
        options={"SKIP_SAVE"},
    )
    values: bpy.props.StringProperty(
        description="For scripts: JSON, control name to 0..1, or joint name to [x, y, z] radians; set and keyed",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    frame: bpy.props.IntProperty(
        name="Frame", description="Where; -1: the current frame", default=-1, min=-1, options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        root = active_avatar(context)
        frame = context.scene.frame_current if self.frame < 0 else self.frame
        if self.values:
            return self._key_values(root, frame)
        if self.which == "ALL":
            key_all(root, frame, self.group)
        else:
            names = key_changed(root, frame, self.group)
            self.report({"INFO"}, tr("{count} keyed", count=len(names)) if names else tr("Nothing has changed"))
        return {"FINISHED"}

    def _key_values(self, root: bpy.types.Object, frame: float) -> set[str]:
        try:
            values = json.loads(self.values)
            controls = {name: float(value) for name, value in values.items() if not isinstance(value, list)}
            joints = {name: tuple(map(float, value)) for name, value in values.items() if isinstance(value, list)}
        except (ValueError, TypeError, AttributeError):
            return refuse(self, _BAD_VALUES)
        try:
            key_controls(root, frame, controls)
            for joint, turn in joints.items():
                key_joint(root, frame, joint, turn)
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ToggleKey(_OnAvatar, bpy.types.Operator):
    """Key this control at the current frame, or take its key there away"""

    bl_idname, bl_label = "cameo.toggle_key", "Key"

    control: bpy.props.StringProperty(description="Name of the control", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            toggle_key(active_avatar(context), self.control, context.scene.frame_current)
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ResetControls(_OnGroup, bpy.types.Operator):
    """Bring controls and joints back to rest; keys stay, and auto keying keys the rest"""

    bl_idname, bl_label = "cameo.reset_controls", "Reset"

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.change(context, reset_pose)


class MirrorControls(_OnGroup, bpy.types.Operator):
    """Exchange the two sides of the face"""

    bl_idname, bl_label = "cameo.mirror_controls", "Mirror"

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.change(context, mirror_pose)


class PhotoExpression(_OnAvatar, bpy.types.Operator):
    """Give the face the expression it had in the photo"""

    bl_idname, bl_label = "cameo.photo_expression", "Photo's Expression"

    def execute(self, context: bpy.types.Context) -> set[str]:
        root = active_avatar(context)
        try:
            set_controls(root, photo_controls(root))
            auto_key(context, root, photo_controls(root))
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ApplyPose(_OnAvatar, bpy.types.Operator):
    """Give the face this pose; controls that only other poses of its group use go to rest"""

    bl_idname, bl_label = "cameo.apply_pose", "Apply Pose"

    pose: bpy.props.StringProperty(
        name="Pose", description="Name of a viseme or an emotion, such as aa or joy", options={"SKIP_SAVE"}
    )
    strength: bpy.props.FloatProperty(
        name="Strength", description="How much of the pose", default=1.0, min=0.0, max=1.0, options={"SKIP_SAVE"}
    )
    key: bpy.props.BoolProperty(
        name="Key", description="Key the group's controls at the current frame", default=False, options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        root = active_avatar(context)
        try:
            values = pose_values(root, self.pose, self.strength)
            if self.key:
                key_controls(root, context.scene.frame_current, values)
            else:
                set_controls(root, values)
                auto_key(context, root, values)
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


def photo_controls(root: bpy.types.Object) -> dict[str, float]:
    """The photo's own expression: control name -> 0..1."""
    return json.loads(root.get(PHOTO_CONTROLS, "{}"))


CLASSES = (KeyControls, ToggleKey, ResetControls, MirrorControls, PhotoExpression, ApplyPose)
