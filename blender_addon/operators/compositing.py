"""Splats among the scene's other objects, and in their own colours."""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from ..scene.compositing import set_up_compositing
from ..scene.picture import keep_photo_colors
from .reporting import NeedsAvatar, refuse


class SetUpCompositing(NeedsAvatar, bpy.types.Operator):
    """Let Cycles or EEVEE render the scene and Cameo its avatars, and put both together by depth in the compositor"""

    bl_idname, bl_label = "cameo.set_up_compositing", "Set Up Compositing"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            set_up_compositing(context.scene, light=context.scene.cameo_view.receive_light)
        except CameoError as error:
            return refuse(self, error)
        context.scene.cameo_view.cast_shadows = True
        return {"FINISHED"}


class KeepPhotoColors(bpy.types.Operator):
    """Set the scene's view transform to Standard: renders show the photo's colours, as the viewport does"""

    bl_idname, bl_label = "cameo.keep_photo_colors", "Use Standard"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        keep_photo_colors(context.scene)
        return {"FINISHED"}


CLASSES = (SetUpCompositing, KeepPhotoColors)
