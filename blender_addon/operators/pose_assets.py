"""The avatar's visemes and emotions in Blender's pose library."""

from __future__ import annotations

import itertools
from pathlib import Path

import bpy
import numpy as np

from ..link.problem import Problem
from ..render.portrait import face_picture
from ..scene.avatar import active_avatar
from ..scene.named_poses import NamedPose, poses_of
from ..scene.pose_assets import add_pose_assets, write_catalogs, write_pose_library
from ..words import tr
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
            cls.poll_message_set(tr("Select an avatar that has poses"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        root, before = active_avatar(context), set(bpy.data.actions)
        actions = self._add(context, root)
        try:
            if self.library != CURRENT:
                write_pose_library(Path(context.preferences.filepaths.asset_libraries[self.library].path), actions)
                bpy.data.batch_remove([action for action in actions if action not in before])
            elif bpy.data.filepath:  # a file's catalogs stand beside it, as Blender has it
                write_catalogs(Path(bpy.data.filepath).parent)
        except OSError as error:
            fix = "Choose another library, or make its folder writable."
            return refuse(self, Problem("output.unwritable", "The asset library cannot be written.", str(error), fix))
        self.report({"INFO"}, tr("{count} poses are in the asset browser", count=len(actions)))
        return {"FINISHED"}

    def _add(self, context: bpy.types.Context, root: bpy.types.Object) -> list[bpy.types.Action]:
        """The pictures take a quarter of a second each: the pointer counts them."""
        manager, done = context.window_manager, itertools.count(1)
        manager.progress_begin(0, len(poses_of(root)))
        try:

            def picture(pose: NamedPose) -> np.ndarray:
                manager.progress_update(next(done))
                return face_picture(context, root, pose.controls, _PICTURE)

            return add_pose_assets(root, picture)
        finally:
            manager.progress_end()


CLASSES = (AddPoseAssets,)
