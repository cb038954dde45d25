"""Avatars among the scene's other objects."""

from __future__ import annotations

import bpy

from ..scene.avatar import avatars_in
from ..scene.compositing import light_nodes
from .drawing import CameoPanel, draw_colors, draw_text


class CompositingPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_compositing"
    bl_label = "Compositing"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(avatars_in(context.scene))

    def draw(self, context: bpy.types.Context) -> None:
        draw_text(
            self.layout, context, "Cycles or EEVEE renders the scene, Cameo the heads; the nearer hides the other."
        )
        layout = self.layout
        layout.use_property_split = True
        layout.prop(context.scene.cameo_view, "receive_light")
        layout.operator("cameo.set_up_compositing", icon="NODE_COMPOSITING")
        layout.prop(context.scene.cameo_view, "cast_shadows")
        sockets = light_nodes(context.scene)
        if sockets is not None:
            strength, gain = sockets
            layout.prop(strength, "default_value", text="Strength", slider=True)
            layout.prop(gain, "default_value", text="Gain")
        draw_colors(layout, context)


CLASSES = (CompositingPanel,)
