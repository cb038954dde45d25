"""Visemes and emotions of the active avatar."""

from __future__ import annotations

import bpy

from ..scene.avatar import active_avatar
from ..scene.named_poses import poses_of
from .drawing import CameoPanel

POSE_GROUPS = (("Emotions", "emotion", 2), ("Visemes", "viseme", 5))  # title, group in the avatar file, columns


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
        poses = poses_of(active_avatar(context))
        for title, group, columns in POSE_GROUPS:
            header, body = self.layout.panel(f"cameo_{title}", default_closed=False)
            header.label(text=title)
            if body is None:
                continue
            grid = body.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
            for pose in poses:
                if pose.group == group:
                    # visemes keep their spelling: "I" and "E" are not "i" and "e"
                    button = grid.operator("cameo.apply_pose", text=pose.name if columns > 2 else pose.name.title())
                    button.pose, button.strength, button.key = pose.name, settings.pose_strength, settings.pose_key
        self.layout.operator("cameo.add_pose_assets", icon="ASSET_MANAGER")


CLASSES = (PosesPanel,)
