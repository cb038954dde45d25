"""The scene's avatars, and the active one's poses and controls."""

from __future__ import annotations

import bpy

from ..scene.avatar import active_avatar, avatars_in
from ..scene.named_poses import poses_of
from .drawing import CameoPanel

GROUPS = (("Brows", ("brow",)), ("Eyes", ("eye",)), ("Cheeks and Nose", ("cheek", "nose")), ("Jaw", ("jaw",)))
_MOUTH = ("Mouth", ("mouth", "tongue"))
_ACTION_UNITS = ("Action Units", ("AU",))
POSE_GROUPS = (("Emotions", "emotion", 2), ("Visemes", "viseme", 5))  # title, group in the avatar file, columns


class AvatarsPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_avatars"
    bl_label = "Avatars"

    def draw(self, context: bpy.types.Context) -> None:
        active = active_avatar(context)
        for root in avatars_in(context.scene):
            icon = "RADIOBUT_ON" if root == active else "RADIOBUT_OFF"
            self.layout.operator("cameo.select_avatar", text=root.name, icon=icon).name = root.name
        self.layout.operator("cameo.import_avatar", text="Import File", icon="IMPORT")


class PosesPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_poses"
    bl_label = "Poses"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        root = active_avatar(context)
        return root is not None and bool(poses_of(root))

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.cameo
        row = self.layout.row(align=True)
        row.prop(settings, "pose_strength", slider=True)
        row.prop(settings, "pose_key", text="", icon="KEY_HLT")
        for title, group, columns in POSE_GROUPS:
            header, body = self.layout.panel(f"cameo_{title}", default_closed=False)
            header.label(text=title)
            if body is None:
                continue
            grid = body.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
            for pose in poses_of(active_avatar(context)):
                if pose.group == group:
                    # visemes keep their spelling: "I" and "E" are not "i" and "e"
                    button = grid.operator("cameo.apply_pose", text=pose.name if columns > 2 else pose.name.title())
                    button.pose, button.strength, button.key = pose.name, settings.pose_strength, settings.pose_key


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
        row = self.layout.row(align=True)
        row.operator("cameo.reset_controls")
        row.operator("cameo.mirror_controls")
        self.layout.operator("cameo.photo_expression")
        sliders = active_avatar(context).cameo_controls
        for title, starts in (*GROUPS, _MOUTH, _ACTION_UNITS):
            header, body = self.layout.panel(f"cameo_{title}", default_closed=True)
            header.label(text=title)
            if body is not None:
                column = body.column(align=True)
                for control in sliders:
                    if control.name.startswith(starts):
                        column.prop(control, "value", text=control.name, slider=True)


CLASSES = (AvatarsPanel, PosesPanel, ControlsPanel)
