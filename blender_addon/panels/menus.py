"""Avatar files in Blender's own places: the File menu, and files dropped into a window."""

from __future__ import annotations

import bpy

from ...protocol.avatar import SUFFIX


class AvatarFiles(bpy.types.FileHandler):
    """``.cameo`` files may be dropped into the viewport and the outliner."""

    bl_idname, bl_label = "CAMEO_FH_avatar", "Cameo Avatar"
    bl_import_operator, bl_export_operator = "cameo.import_avatar", "cameo.export_avatar"
    bl_file_extensions = SUFFIX

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type in ("VIEW_3D", "OUTLINER")


def _draw_import(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator("cameo.import_avatar", text="Cameo Avatar (.cameo)")


def _draw_export(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator("cameo.export_avatar", text="Cameo Avatar (.cameo)")


def register() -> None:
    bpy.utils.register_class(AvatarFiles)
    bpy.types.TOPBAR_MT_file_import.append(_draw_import)
    bpy.types.TOPBAR_MT_file_export.append(_draw_export)


def unregister() -> None:
    bpy.types.TOPBAR_MT_file_export.remove(_draw_export)
    bpy.types.TOPBAR_MT_file_import.remove(_draw_import)
    bpy.utils.unregister_class(AvatarFiles)
