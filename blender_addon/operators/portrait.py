"""From a picture to a job: choosing it, submitting it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...protocol import limits
from .. import preferences, session
from ..link.client import LinkState
from ..link.problem import Problem
from .reporting import refuse


class PickImage(bpy.types.Operator):
    """Choose the portrait"""

    bl_idname, bl_label = "cameo.pick_image", "Choose Portrait"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(description="The picture", subtype="FILE_PATH")
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.cameo.image = self.filepath
        return {"FINISHED"}


class Generate(bpy.types.Operator):
    """Make a head from the portrait. It goes on in the backend while you work"""

    bl_idname, bl_label = "cameo.generate", "Generate"

    preset: bpy.props.StringProperty(description="Quality; empty: the scene's", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not context.scene.cameo.image:
            cls.poll_message_set("Choose a portrait first")
            return False
        if session.client().state is LinkState.DISCONNECTED:
            cls.poll_message_set("Start the backend first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.cameo
        path = Path(bpy.path.abspath(settings.image))
        content = read_portrait(path)
        if isinstance(content, Problem):
            return refuse(self, content)
        face = settings.face if settings.face >= 0 else None
        preset = self.preset or settings.preset
        name, model = settings.avatar_name or path.stem, preferences.head_model_path()
        session.client().submit(content, preset, name, face=face, head_model_path=model)
        return {"FINISHED"}


def read_portrait(path: Path) -> bytes | Problem:
    """The bytes of the picture file, or why they cannot be sent; whether they are a picture the backend finds out."""
    fix = "Choose another picture."
    try:
        size = path.stat().st_size
        if size > limits.IMAGE_BYTES:
            cause = f"{size / 1e6:.0f} MB; {limits.IMAGE_BYTES / 1e6:.0f} MB are allowed"
            return Problem("portrait.too_large", f"The picture {path.name} is too large.", cause, "Save it smaller.")
        content = path.read_bytes()
    except OSError as error:
        return Problem("portrait.unreadable", f"The picture {path} cannot be opened.", str(error), fix)
    return content or Problem("portrait.empty", f"The picture {path.name} is an empty file.", fix=fix)


CLASSES = (PickImage, Generate)
