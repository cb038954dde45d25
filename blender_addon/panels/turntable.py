"""Turntable and expression sheet."""

from __future__ import annotations

import bpy

from .drawing import CameoPanel


class TurntablePanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_turntable"
    bl_label = "Turntable"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.cameo
        for name in ("turntable_frames", "turntable_size", "turntable_expressions"):
            self.layout.prop(settings, name)
        self.layout.operator("cameo.turntable", icon="CON_CAMERASOLVER")
        self.layout.separator()
        self.layout.prop(settings, "stills_folder")
        self.layout.operator("cameo.render_stills", icon="RENDER_STILL")


CLASSES = (TurntablePanel,)
