"""The turntable set up in the scene, and single stills."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ...protocol.errors import CameoError
from ..film_settings import output_path, turntable_of
from ..link.problem import Problem
from ..scene.avatar import active_avatar
from ..scene.picture import render_photo_view, render_still
from ..scene.turntable import set_up_turntable
from ..words import told_problem
from .controls import photo_controls
from .reporting import refuse

_STRENGTH = 0.8


@dataclass(frozen=True)
class Still:
    """One picture of the sheet: its file's name without ending, the face, the side it is seen from."""

    name: str
    yaw_deg: float = 0.0
    values: dict[str, float] = field(default_factory=dict)


STILLS = (
    *(Still(f"neutral_{yaw}", yaw) for yaw in (0, 30, -30, 45, -45, 60, -60, 90, -90, 180)),
    *(
        Still(f"{title}_0", 0.0, dict.fromkeys(controls, _STRENGTH))
        for title, controls in (
            ("jawOpen", ("jawOpen",)),
            ("mouthSmile", ("mouthSmileLeft", "mouthSmileRight")),
            ("eyeBlink", ("eyeBlinkLeft", "eyeBlinkRight")),
            ("browInnerUp", ("browInnerUp",)),
            ("mouthPucker", ("mouthPucker",)),
        )
    ),
)
PHOTO_VIEW = "photo_view"


class SetUpTurntable(bpy.types.Operator):
    """Set up a camera that goes round the active avatar, changing expressions, and the render settings"""

    bl_idname, bl_label = "cameo.turntable", "Set Up Turntable"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_avatar(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        root = active_avatar(context)
        try:
            set_up_turntable(context, root, turntable_of(context, root))
        except CameoError as error:
            return refuse(self, error)
        return {"FINISHED"}


class RenderStills(bpy.types.Operator):
    """Render the neutral face from all sides and the main expressions, each as a PNG with alpha"""

    bl_idname, bl_label = "cameo.render_stills", "Render Stills"

    directory: bpy.props.StringProperty(
        description="Where to; empty: the scene's folder", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )
    size: bpy.props.IntProperty(
        name="Size", description="Width and height, pixels", default=512, min=32, max=4096, options={"SKIP_SAVE"}
    )
    part: bpy.props.IntProperty(
        description="For several Blenders at once: which share this one renders", min=0, options={"SKIP_SAVE", "HIDDEN"}
    )
    parts: bpy.props.IntProperty(
        description="For several Blenders at once: how many", default=1, min=1, options={"SKIP_SAVE", "HIDDEN"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_avatar(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        root = active_avatar(context)
        try:
            folder = output_path(self.directory or context.scene.cameo.stills_folder)
            folder.mkdir(parents=True, exist_ok=True)
            for still in STILLS[self.part :: self.parts]:
                path = folder / f"{still.name}.png"
                render_still(context, root, path, still.values, still.yaw_deg, size=self.size)
            if self.part == self.parts - 1:
                self._render_photo_view(context, root, folder / f"{PHOTO_VIEW}.png")
        except CameoError as error:
            return refuse(self, error)
        except OSError as error:
            fix = "Choose another folder."
            problem = Problem("output.unwritable", f"The folder {folder} cannot be written.", str(error), fix)
            return refuse(self, problem)
        return {"FINISHED"}

    def _render_photo_view(self, context: bpy.types.Context, root: bpy.types.Object, path: Path) -> None:
        try:
            render_photo_view(context, root, path, photo_controls(root))
        except CameoError as error:
            if error.code != "avatar.no_photo_camera":
                raise
            self.report({"INFO"}, told_problem(error).sentence)


CLASSES = (SetUpTurntable, RenderStills)
