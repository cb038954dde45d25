"""Splats among the scene's other objects."""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from ..scene.compositing import set_up_compositing
from ..words import tr
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
        if context.scene.view_settings.view_transform != "Standard":
            self.report({"INFO"}, tr("With the view transform Standard the faces keep the photo's colours"))
        return {"FINISHED"}


CLASSES = (SetUpCompositing,)
