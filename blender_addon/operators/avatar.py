"""Avatars in the scene: bringing one in from its file, and choosing one."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...protocol.avatar import read_avatar
from ...protocol.errors import CameoError
from ..link.problem import Problem
from ..properties import add_control_sliders
from ..scene.avatar import avatars_in, import_avatar
from .reporting import refuse


class ImportAvatar(bpy.types.Operator):
    """Bring an avatar file into the scene as armature, mesh and splats"""

    bl_idname, bl_label = "cameo.import_avatar", "Import Avatar"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(description="The avatar file", subtype="FILE_PATH", options={"SKIP_SAVE"})
    name: bpy.props.StringProperty(
        name="Name", description="What to call the avatar; empty: the file's name", options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.cameo", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        try:
            root = import_avatar(context, read_avatar(path), self.name or path.stem)
        except CameoError as error:
            return refuse(self, error)
        except OSError as error:
            problem = Problem("avatar.unreadable", f"The file {path} cannot be opened.", str(error), "Choose another.")
            return refuse(self, problem)
        add_control_sliders(root)
        return {"FINISHED"}


class SelectAvatar(bpy.types.Operator):
    """Make this avatar the one that the panel shows"""

    bl_idname, bl_label = "cameo.select_avatar", "Select Avatar"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(description="Name of the avatar's root object", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        found = {root.name: root for root in avatars_in(context.scene)}
        if self.name not in found:
            return refuse(self, Problem("avatar.unknown", f"There is no avatar named '{self.name}' in this scene."))
        context.view_layer.objects.active = found[self.name]
        found[self.name].select_set(True)
        return {"FINISHED"}


CLASSES = (ImportAvatar, SelectAvatar)
