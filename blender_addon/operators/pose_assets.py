"""The avatar's visemes and emotions in Blender's pose library."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..link.problem import Problem
from ..render.portrait import face_picture
from ..scene.avatar import active_avatar
from ..scene.named_poses import poses_of
from ..scene.pose_assets import add_pose_assets, write_pose_library
from .reporting import refuse

_PICTURE = 128  # pixels
CURRENT = "CURRENT_FILE"
_libraries: list[tuple[str, str, str]] = []  # Blender keeps no references to the strings of a dynamic enum


def library_items(_operator: object, context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    """This file, and the asset libraries of the preferences."""
    preferences = (context or bpy.context).preferences
    _libraries[:] = [(CURRENT, "This File", "The poses are assets of the current file")]
    _libraries.extend((library.name, library.name, library.path) for library in preferences.filepaths.asset_libraries)
    return _libraries


class AddPoseAssets(bpy.types.Operator):
    """Put visemes and emotions into the pose library: apply and blend them on any avatar from the asset browser"""

    bl_idname, bl_label = "cameo.add_pose_assets", "Add Poses to Asset Library"
    bl_options = {"REGISTER", "UNDO"}

    library: bpy.props.EnumProperty(name="Library", description="Where the poses go", items=library_items)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        root = active_avatar(context)
        if root is None or not poses_of(root):
            cls.poll_message_set("Select an avatar that has poses")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        root, before = active_avatar(context), set(bpy.data.actions)
        actions = add_pose_assets(root, lambda pose: face_picture(context, root, pose.controls, _PICTURE))
        if self.library != CURRENT:
            chosen = context.preferences.filepaths.asset_libraries[self.library]
            try:
                write_pose_library(Path(chosen.path), actions)
            except OSError as error:
                sentence, fix = f"The folder {chosen.path} cannot be written.", "Choose another library."
                return refuse(self, Problem("output.unwritable", sentence, str(error), fix))
            bpy.data.batch_remove([action for action in actions if action not in before])
        self.report({"INFO"}, f"{len(actions)} poses are in the asset browser")
        return {"FINISHED"}


CLASSES = (AddPoseAssets,)
