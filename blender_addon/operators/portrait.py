"""From a picture to a job: choosing it, looking at it first, submitting it."""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from .. import preferences, session
from ..link.problem import Problem
from ..link.state import LinkState
from ..portrait.clipboard import copied_path, needs_xclip, pasted_image
from ..portrait.preflight import PREFLIGHT
from ..portrait.request import request_maker
from ..portrait.sources import chosen_file, chosen_image, keep_as_image, portrait_name, taken
from ..words import tr
from .reporting import refuse


class PickImage(bpy.types.Operator):
    """Choose the portrait"""

    bl_idname, bl_label = "cameo.pick_image", "Use as Cameo Portrait"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(description="The picture", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    display_type: bpy.props.EnumProperty(
        items=(("THUMBNAIL", "Thumbnails", "", 3),), default="THUMBNAIL", options={"HIDDEN"}
    )  # Blender's file window reads it: pictures are chosen by their looks

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath:  # dropped into the window: nothing to ask
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.cameo.image = self.filepath
        return {"FINISHED"}


class UseImage(bpy.types.Operator):
    """Take an image of this Blender file as the portrait"""

    bl_idname, bl_label = "cameo.use_image", "Image as Portrait"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(
        name="Image", description="Name of the image; empty: the one that is chosen", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not any(image.type != "RENDER_RESULT" for image in bpy.data.images):
            cls.poll_message_set(tr("There is no image in this Blender file"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.name:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.prop_search(self, "name", bpy.data, "images")

    def execute(self, context: bpy.types.Context) -> set[str]:
        image = bpy.data.images.get(self.name) if self.name else context.scene.cameo_portrait.picture
        if image is None:
            what = f"There is no image named '{self.name}'." if self.name else "No image is chosen."
            return refuse(self, Problem("portrait.unknown_image", what, fix="Choose one of this Blender file."))
        if image.type == "RENDER_RESULT":
            return bpy.ops.cameo.use_render()
        return _take(self, context, image, "IMAGE")


class UseRender(bpy.types.Operator):
    """Take the newest render as the portrait, as it is shown; a copy of it is kept in this Blender file"""

    bl_idname, bl_label = "cameo.use_render", "Render as Portrait"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not any(image.type == "RENDER_RESULT" for image in bpy.data.images):
            cls.poll_message_set(tr("Nothing has been rendered yet"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        result = next(image for image in bpy.data.images if image.type == "RENDER_RESULT")
        try:
            content = _saved_render(result, context.scene)
        except (OSError, RuntimeError) as error:
            sentence, fix = "The render cannot be taken.", "Render a picture, then try again."
            return refuse(self, Problem("portrait.no_render", sentence, str(error).strip(), fix))
        return _take(self, context, keep_as_image(content, "Rendered Portrait"), "RENDER")


class PasteImage(bpy.types.Operator):
    """Take the picture on the clipboard as the portrait, or the picture file whose path was copied"""

    bl_idname, bl_label = "cameo.paste_image", "Paste Portrait"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        image = pasted_image(context)
        if image is not None:
            return _take(self, context, image, "CLIPBOARD")
        path = copied_path(context.window_manager.clipboard)
        if path is None:
            return refuse(self, _nothing_to_paste())
        context.scene.cameo.image = str(path)
        return {"FINISHED"}


class Look(bpy.types.Operator):
    """Let the backend look at the portrait now: crop, landmarks, outline, and what speaks against it"""

    bl_idname, bl_label = "cameo.look", "Look"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if chosen_file(context.scene) is None and chosen_image(context.scene) is None:
            cls.poll_message_set(tr("Choose a portrait first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            PREFLIGHT.look(context.scene)
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ChooseFace(bpy.types.Operator):
    """Make the head from this face"""

    bl_idname, bl_label = "cameo.choose_face", "Choose Face"
    bl_options = {"REGISTER", "UNDO"}

    face: bpy.props.IntProperty(description="Which face, the largest first: 0", min=0, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.cameo.face = self.face
        return {"FINISHED"}


class ResetCrop(bpy.types.Operator):
    """Let the backend choose the crop again"""

    bl_idname, bl_label = "cameo.reset_crop", "Reset Crop"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        for name in ("zoom", "up", "right"):
            context.scene.cameo_portrait.property_unset(name)
        return {"FINISHED"}


class Generate(bpy.types.Operator):
    """Make a head from the portrait. It goes on in the backend while you work"""

    bl_idname, bl_label = "cameo.generate", "Generate"

    preset: bpy.props.StringProperty(description="Quality; empty: the scene's", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if chosen_file(context.scene) is None and chosen_image(context.scene) is None:
            cls.poll_message_set(tr("Choose a portrait first"))
            return False
        if session.client().state is LinkState.DISCONNECTED:
            away = session.client().remote is not None
            cls.poll_message_set(tr("Connect to the backend first" if away else "Start the backend first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene = context.scene
        lacking = _engine_problem(scene.cameo_portrait.engine)
        if lacking is not None:
            return refuse(self, lacking)
        name = scene.cameo.avatar_name or portrait_name(scene)
        request, jobs = request_maker(scene, self.preset), session.client().jobs
        try:
            PREFLIGHT.give(scene, lambda content: jobs.submit(request(content), name))
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


def _nothing_to_paste() -> Problem:
    if needs_xclip():
        return Problem(
            "portrait.no_clipboard",
            "Blender gets no picture from the clipboard.",
            "Blender takes no pictures from the clipboard of X11 by itself",
            "Copy the path of a picture file instead; or install the program xclip, and paste again.",
        )
    fix = "Copy a picture, or the path of a picture file, and paste again."
    return Problem("portrait.no_clipboard", "There is no picture on the clipboard.", fix=fix)


def _take(operator: bpy.types.Operator, context: bpy.types.Context, image: bpy.types.Image, source: str) -> set[str]:
    """Make ``image`` the portrait and look at it; an image without a picture is refused."""
    try:
        taken(image)
    except CameoError as error:
        return refuse(operator, error)
    context.scene.cameo_portrait.picture, context.scene.cameo_portrait.source = image, source
    PREFLIGHT.look(context.scene)
    return {"FINISHED"}


def _saved_render(result: bpy.types.Image, scene: bpy.types.Scene) -> bytes:
    """The render as the viewer shows it, as the bytes of a PNG file. Raises OSError, RuntimeError."""
    folder = preferences.own_folder("portraits")
    folder.mkdir(parents=True, exist_ok=True)
    path, settings = folder / "render.png", scene.render.image_settings
    kept = [(name, getattr(settings, name)) for name in ("media_type", "file_format", "color_mode", "color_depth")]
    try:
        settings.media_type = "IMAGE"
        settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
        result.save_render(str(path), scene=scene)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
        for name, value in kept:
            setattr(settings, name, value)


def _engine_problem(name: str) -> Problem | None:
    """Why the engine cannot make a head now; None where it can, or where nothing is known about it."""
    welcome = session.client().welcome
    found = next((engine for engine in welcome.engines if engine.name == name), None) if welcome else None
    if found is None or found.ready:
        return None
    title = found.title.partition(":")[0]
    fix = "Get what is missing, then connect again; or choose another engine."
    return Problem("engine.not_ready", f"The engine {title} is not ready.", found.missing, fix)


class CopyWeightsCommand(bpy.types.Operator):
    """Copy the command that shows what this engine lacks and how to get it, to paste into a terminal"""

    bl_idname, bl_label = "cameo.copy_weights_command", "Copy Command"

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = weights_command()
        self.report({"INFO"}, tr("Copied: {command}", command=weights_command()))
        return {"FINISHED"}


def weights_command() -> str:
    """What to type to see which models are missing."""
    python = session.backend_environment()
    return f'"{python}" -P -m cameo.backend weights' if python is not None else "cameo weights"


CLASSES = (
    *(PickImage, UseImage, UseRender, PasteImage, Look, ChooseFace, ResetCrop, Generate),
    CopyWeightsCommand,
)
