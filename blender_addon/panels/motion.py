"""Performances in, and what goes to other programs."""

from __future__ import annotations

import bpy

from ..motion.files import ENDINGS
from ..scene.avatar import active_avatar
from .drawing import CameoPanel


class MotionPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_motion"
    bl_label = "Motion"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_avatar(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator("cameo.import_motion", icon="IMPORT")
        column = self.layout.column(align=True)
        column.label(text="To Other Programs")
        column.operator("cameo.export_motion", icon="ACTION")
        column.operator("cameo.export_splats", icon="POINTCLOUD_DATA")
        column.operator("cameo.export_shapes", icon="SHAPEKEY_DATA")


class MotionFiles(bpy.types.FileHandler):
    """Files of facial motion may be dropped into the viewport while an avatar is there."""

    bl_idname, bl_label = "CAMEO_FH_motion", "Facial Motion"
    bl_import_operator = "cameo.import_motion"
    bl_file_extensions = ";".join(ENDINGS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D" and active_avatar(context) is not None


CLASSES = (MotionPanel,)


def register() -> None:
    bpy.utils.register_class(MotionFiles)


def unregister() -> None:
    bpy.utils.unregister_class(MotionFiles)
