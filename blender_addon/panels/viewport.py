"""How finely the viewport shows the splats."""

from __future__ import annotations

import bpy

from ..render.viewport import VIEWPORT
from ..scene.avatar import avatars_in, parts_of
from ..scene.splats import drawn_by_blender
from .drawing import CameoPanel, draw_colors, draw_text


class ViewportPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_viewport"
    bl_label = "Viewport"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw_header(self, context: bpy.types.Context) -> None:
        self.layout.prop(context.scene.cameo_view, "show_splats", text="")

    def draw(self, context: bpy.types.Context) -> None:
        view = context.scene.cameo_view
        layout = self.layout
        layout.use_property_split = True
        layout.active = view.show_splats
        layout.prop(view, "density", slider=True)
        layout.prop(view, "resolution")
        if any(drawn_by_blender(parts_of(root).splats.data) for root in avatars_in(context.scene)):
            draw_text(layout, context, "Blender draws the splats itself; the two settings count where Cameo renders.")
        draw_colors(layout, context)
        if VIEWPORT.problem:
            draw_text(layout, context, VIEWPORT.problem, "ERROR")


CLASSES = (ViewportPanel,)
