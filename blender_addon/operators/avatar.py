"""Avatars in the scene: bringing one in from its file, choosing, copying and removing one, writing one to a file."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...protocol.avatar import SUFFIX, read_avatar, write_avatar
from ...protocol.errors import CameoError
from ..link.problem import Problem
from ..properties import add_control_sliders
from ..scene.avatar import active_avatar, avatars_in, import_avatar, select_avatar
from ..scene.copies import duplicate_avatar, give_own_face, remove_avatar, shares_face
from ..scene.export import avatar_data
from ..scene.placing import free_place, look_at
from ..words import tr
from .reporting import NeedsAvatar, refuse


class ImportAvatar(bpy.types.Operator):
    """Bring avatar files into the scene as armature, mesh and splats"""

    bl_idname, bl_label = "cameo.import_avatar", "Import Avatar"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(description="The avatar file", subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(
        description="Folder of the files, where several are chosen", subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"}
    )
    files: bpy.props.CollectionProperty(
        description="Several files", type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"}
    )
    name: bpy.props.StringProperty(
        name="Name", description="What to call the avatar; empty: the file's name", options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.cameo", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath or self.files:  # dropped into the window: nothing to ask
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        first = not avatars_in(context.scene)
        several = [Path(self.directory) / item.name for item in self.files if item.name]
        for path in several or [Path(bpy.path.abspath(self.filepath))]:
            try:
                place = free_place(context)
                root = import_avatar(context, read_avatar(path), self.name or path.stem)
            except CameoError as error:
                return refuse(self, error)
            except OSError as error:
                sentence, fix = f"The file {path} cannot be opened.", "Choose another file."
                return refuse(self, Problem("avatar.unreadable", sentence, str(error), fix))
            root.location = place
            add_control_sliders(root)
        if first:  # who waits for a scene's first head wants to see it
            bpy.ops.cameo.look_at_avatar()
        return {"FINISHED"}


class _OfScene(NeedsAvatar):
    """What works on one avatar of the scene."""

    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(
        description="Name of the avatar's root object; empty: the active avatar", options={"SKIP_SAVE", "HIDDEN"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        root = {root.name: root for root in avatars_in(context.scene)}.get(self.name)
        if not self.name:
            root = active_avatar(context)
        if root is None:
            what = f"There is no avatar named '{self.name}' in this scene." if self.name else "No avatar is selected."
            return refuse(self, Problem("avatar.unknown", what, fix="Select one in the panel."))
        try:
            return self.act(context, root)
        except CameoError as error:
            return refuse(self, error)

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        raise NotImplementedError


class SelectAvatar(_OfScene, bpy.types.Operator):
    """Make this avatar the one that the panel shows"""

    bl_idname, bl_label = "cameo.select_avatar", "Select Avatar"

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        if root.name not in context.view_layer.objects:
            return refuse(self, _excluded(root))
        select_avatar(context, root)
        return {"FINISHED"}


class LookAtAvatar(_OfScene, bpy.types.Operator):
    """Bring this avatar into the middle of the 3D views"""

    bl_idname, bl_label = "cameo.look_at_avatar", "Look at Avatar"
    bl_options = {"REGISTER"}

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        for area in context.screen.areas if context.screen is not None else ():
            if area.type == "VIEW_3D":
                look_at(root, area.spaces.active.region_3d)
        return {"FINISHED"}


class DuplicateAvatar(_OfScene, bpy.types.Operator):
    """Copy this avatar whole, into a collection of its own and beside the first"""

    bl_idname, bl_label = "cameo.duplicate_avatar", "Duplicate Avatar"

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        if root.name not in context.view_layer.objects:
            return refuse(self, _excluded(root))
        place = free_place(context)
        duplicate_avatar(context, root).location = place
        return {"FINISHED"}


class DeleteAvatar(_OfScene, bpy.types.Operator):
    """Remove this avatar and all its data from the file; actions stay"""

    bl_idname, bl_label = "cameo.delete_avatar", "Delete Avatar"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        if root.library is not None:
            problem = Problem(
                "avatar.linked",
                f"'{root.name}' belongs to another file.",
                fix="Delete the link in the outliner (Blender File view).",
            )
            return refuse(self, problem)
        remove_avatar(root)
        return {"FINISHED"}


class OwnFace(_OfScene, bpy.types.Operator):
    """Give this avatar a face of its own: linked copies (Alt-D) follow the original's face"""

    bl_idname, bl_label = "cameo.own_face", "Give It Its Own Face"

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        if not shares_face(root):
            self.report({"INFO"}, tr("'{name}' has its own face already", name=root.name))
            return {"CANCELLED"}
        give_own_face(root)
        return {"FINISHED"}


class ExportAvatar(_OfScene, bpy.types.Operator):
    """Write this avatar to a .cameo file, with your changes to its mesh and splats, at rest"""

    bl_idname, bl_label = "cameo.export_avatar", "Export Avatar"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(description="Where to", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.cameo", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        root = active_avatar(context)
        self.filepath = bpy.path.clean_name(self.name or (root.name if root else "avatar")) + SUFFIX
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def act(self, context: bpy.types.Context, root: bpy.types.Object) -> set[str]:
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), SUFFIX))
        try:
            write_avatar(path, avatar_data(root))
        except OSError as error:
            sentence = f"The file {path} cannot be written."
            return refuse(self, Problem("output.unwritable", sentence, str(error), "Choose another folder."))
        self.report({"INFO"}, tr("Written: {path}", path=path))
        return {"FINISHED"}


def _excluded(root: bpy.types.Object) -> Problem:
    return Problem(
        "avatar.excluded",
        f"'{root.name}' is not in this view layer.",
        cause="Its collection is excluded.",
        fix="Tick the collection in the outliner.",
    )


CLASSES = (ImportAvatar, SelectAvatar, LookAtAvatar, DuplicateAvatar, DeleteAvatar, OwnFace, ExportAvatar)
