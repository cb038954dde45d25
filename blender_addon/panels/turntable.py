"""Turntable, expression sheet, compositing."""

from __future__ import annotations

import bpy

from ..film_settings import lies_beside_unsaved_file
from ..operators.film import PROGRESS
from ..words import CAMEO, tr
from .drawing import CameoPanel, draw_text


class TurntablePanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_turntable"
    bl_label, bl_translation_context = "Turntable", CAMEO
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings, film = self.layout, context.scene.cameo, context.scene.cameo_film
        layout.use_property_split, layout.use_property_decorate = True, False
        if PROGRESS.running:
            row = layout.row()
            done = PROGRESS.done / max(PROGRESS.total, 1)
            row.progress(
                factor=done, text=tr("Picture {number} of {count}", number=PROGRESS.done, count=PROGRESS.total)
            )
            row.operator("cameo.cancel_film", text="", icon="X")
        _draw_picture(layout, settings, film)
        column = layout.column(align=True)
        column.prop(settings, "turntable_frames")
        column.prop(film, "fps")
        column.prop(film, "turn")
        layout.prop(film, "expressions")
        if film.expressions == "LIST":
            layout.prop(film, "faces", text="")
        column = layout.column(align=True)
        column.prop(film, "kind")
        column.prop(film, "path")
        layout.prop(context.scene.cameo_view, "draw_by_backend")
        _offer_to_save(layout, context, film.path)
        layout.operator("cameo.render_turntable", icon="RENDER_ANIMATION")
        layout.operator("cameo.turntable", icon="CON_CAMERASOLVER")


class SheetPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_sheet"
    bl_label = "Expression Sheet"
    bl_parent_id = "CAMEO_PT_turntable"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout, film = self.layout, context.scene.cameo_film
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(film, "sheet")
        if film.sheet == "LIST":
            layout.prop(film, "sheet_faces", text="")
        layout.prop(film, "sheet_columns")
        layout.prop(film, "sheet_zoom")
        layout.prop(film, "sheet_path")
        _offer_to_save(layout, context, film.sheet_path)
        layout.operator("cameo.render_sheet", icon="RENDER_STILL")
        layout.separator()
        layout.prop(context.scene.cameo, "stills_folder")
        layout.operator("cameo.render_stills", text="Render Single Pictures", icon="RENDER_RESULT")


def _offer_to_save(layout: bpy.types.UILayout, context: bpy.types.Context, path: str) -> None:
    """Films lie beside the .blend, which a newcomer's first scene has not got."""
    if lies_beside_unsaved_file(path):
        box = layout.box()
        draw_text(box, context, "It comes to lie beside your .blend: save that first, or choose another place.", "INFO")
        box.operator("wm.save_as_mainfile", text="Save", icon="FILE_TICK")


def _draw_picture(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, film: bpy.types.PropertyGroup) -> None:
    """Camera, size and background; the sheet uses them, too."""
    column = layout.column(align=True)
    column.prop(settings, "turntable_size", text="Width")
    column.prop(film, "picture_height", text="Height")
    column = layout.column(align=True)
    column.prop(film, "lens")
    column.prop(film, "distance")
    column.prop(film, "height", text="Camera Height")
    column.prop(film, "pitch")
    column.prop(film, "start_yaw")
    layout.prop(film, "background")
    if film.background == "COLOR":
        layout.prop(film, "background_color")
    elif film.background == "IMAGE":
        layout.prop(film, "background_image", text="")


CLASSES = (TurntablePanel, SheetPanel)
