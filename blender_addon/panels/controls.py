"""The active avatar's controls and joints, part by part, with keys beside them."""

from __future__ import annotations

import bpy

from ..scene.avatar import active_avatar, parts_of
from ..scene.board_layout import BOARD, BOARD_BONES, MORE, spoken_name
from ..scene.control_groups import GROUPS, ControlGroup, controls_in
from ..scene.pose import joint_handle, rotation_path
from ..scene.timeline import curves_of, key_state
from ..words import tr
from .drawing import CameoPanel

_KEY_ICONS = {"KEYED": "DECORATE_KEYFRAME", "ANIMATED": "DECORATE_ANIMATE", "STILL": "DECORATE"}
JOINT_TITLES = {
    "neck": "Neck",
    "root": "Whole Head",
    "jaw": "Jaw Bone",
    "left_eye": "Left Eye",
    "right_eye": "Right Eye",
}
_OPEN = ("BROWS", "JAW", "HEAD")  # at first: the short ones
TURNS = ("Nod", "Turn", "Tilt")  # about the head frame's x, y, z


class ControlsPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_controls"
    bl_label = "Controls"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_avatar(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        row = self.layout.row(align=True)
        row.operator("cameo.key_controls", text="Key Changed", icon="KEY_HLT").which = "CHANGED"
        row.operator("cameo.key_controls", text="Key All").which = "ALL"
        row.prop(context.scene.tool_settings, "use_keyframe_insert_auto", text="", toggle=True)
        row = self.layout.row(align=True)
        row.operator("cameo.reset_controls", text="Reset", icon="LOOP_BACK")
        row.operator("cameo.mirror_controls", text="Mirror", icon="MOD_MIRROR")
        self.layout.operator("cameo.photo_expression")
        draw_boards(self.layout, parts_of(active_avatar(context)).rig.data)
        view = context.scene.cameo_view
        self.layout.prop(view, "control_filter", text="", icon="VIEWZOOM", placeholder=tr("Search"))
        sliders = SliderRows(context)
        wanted = view.control_filter.replace(" ", "").lower()
        if wanted:
            sliders.draw(
                self.layout.column(align=True), [n for n in sliders.names if wanted in n.replace("_", "").lower()]
            )
            return
        for group in GROUPS:
            self._draw_group(context, sliders, group)

    def _draw_group(self, context: bpy.types.Context, sliders: SliderRows, group: ControlGroup) -> None:
        names = controls_in(group.key, sliders.names)
        if not names and not group.joints:
            return
        header, body = self.layout.panel(f"cameo_{group.key}", default_closed=group.key not in _OPEN)
        header.label(text=group.title)
        buttons = header.row(align=True)
        for operator, icon in (
            ("cameo.key_controls", "KEY_HLT"),
            ("cameo.reset_controls", "LOOP_BACK"),
            ("cameo.mirror_controls", "MOD_MIRROR"),
        ):
            buttons.operator(operator, text="", icon=icon, emboss=False).group = group.key
        if body is None:
            return
        sliders.draw(body.column(align=True), names)
        for joint in group.joints:
            draw_joint(body, active_avatar(context), joint)


class SliderRows:
    """Draws sliders of the active avatar, each with its key's diamond; looks things up once for all of them."""

    def __init__(self, context: bpy.types.Context) -> None:
        root = active_avatar(context)
        self._controls = {control.name: control for control in root.cameo_controls}
        self._bones = parts_of(root).rig.pose.bones
        self._curves, self._frame = curves_of(root), context.scene.frame_current
        self.names = list(self._controls)

    def draw(self, column: bpy.types.UILayout, names: list[str]) -> None:
        for name in names:
            bone = self._bones.get(name)
            if bone is None:
                continue
            row = column.row(align=True)
            row.prop(self._controls[name], "value", text=spoken_name(name), slider=True)
            icon = _KEY_ICONS[key_state(bone, self._curves, self._frame)]
            row.operator("cameo.toggle_key", text="", icon=icon, emboss=False).control = name


def draw_boards(layout: bpy.types.UILayout, armature: bpy.types.Armature) -> None:
    """Which boards stand beside the head, and whether they can be selected: Blender's own properties."""
    row = layout.row(align=True)
    face, more = armature.collections.get(BOARD), armature.collections.get(MORE)
    if face is not None:
        row.prop(face, "is_visible", text="Face Board", toggle=True)
    if more is not None:
        row.prop(more, "is_visible", text="Action Units", toggle=True)
    bone = armature.bones.get(BOARD_BONES[BOARD])
    if bone is not None:
        row.prop(bone, "hide_select", text="", icon="LOCKED" if bone.hide_select else "UNLOCKED")


def draw_joint(layout: bpy.types.UILayout, root: bpy.types.Object, joint: str) -> None:
    """Three angles of the joint's handle: Blender's own properties, with Blender's own keys."""
    handle = joint_handle(root, joint)
    path = rotation_path(handle)
    column = layout.column(align=True)
    column.label(text=JOINT_TITLES[joint])
    column.use_property_split = column.use_property_decorate = True
    if path == "rotation_euler":
        for axis, title in enumerate(TURNS):
            column.prop(handle, path, index=axis, text=title)
    else:
        column.prop(handle, path, text="")


CLASSES = (ControlsPanel,)
