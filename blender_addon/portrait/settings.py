"""What a scene remembers of its portrait beside the file's path: where it came from, the crop, the engine."""

from __future__ import annotations

import bpy

from ...protocol.messages import EngineInfo, Scalar
from .. import session
from ..words import told, tr

FACE_FRACTION, RAISE_FRACTION = 0.4, 0.05
"""The backend's own crop, from which the sliders start: face height in the crop, centre above the face's."""
FALLBACK_ENGINES = [("builtin", "Built in", "From this picture alone", "NONE", 0)]
_engines: list[tuple[str, str, str, str, int]] = []  # Blender keeps no references to the strings of a dynamic enum


def engine_items(_owner: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str, str, int]]:
    """The backend's engines, those that lack something marked; the built-in one while none is connected."""
    welcome = session.client().welcome
    if welcome is not None and welcome.engines:
        _engines[:] = [
            (e.name, told("engine", e.title.partition(":")[0]), _tooltip(e), "NONE" if e.ready else "ERROR", number)
            for number, e in enumerate(welcome.engines)
        ]
    return _engines or FALLBACK_ENGINES


def _tooltip(engine: EngineInfo) -> str:
    name, _, words = engine.title.partition(":")
    about = told("engine", words.strip() or name)
    about = about[:1].upper() + about[1:]
    return about if engine.ready else f"{about}. " + tr("Not ready: {missing}", missing=told("engine", engine.missing))


class CameoPortrait(bpy.types.PropertyGroup):
    """One per scene."""

    source: bpy.props.EnumProperty(
        name="From",
        description="Where the portrait comes from",
        items=(
            ("FILE", "File", "A picture file"),
            ("IMAGE", "Image", "An image of this Blender file"),
            ("CLIPBOARD", "Clipboard", "A picture that was pasted; it is kept in this Blender file"),
            ("RENDER", "Render", "A render of this scene as it was when it was taken; kept in this Blender file"),
        ),
    )
    picture: bpy.props.PointerProperty(
        name="Image", description="The image, where the portrait is no file", type=bpy.types.Image
    )
    look: bpy.props.BoolProperty(
        name="Look First",
        description="Let the backend look at the picture as soon as it is chosen, before a head is made",
        default=True,
    )
    zoom: bpy.props.FloatProperty(
        name="Zoom",
        description="Size of the face in the crop; 1 is what the engines expect",
        default=1.0,
        min=0.6,
        max=1.75,
    )
    up: bpy.props.FloatProperty(
        name="Up", description="Moves the crop up, in face heights; negative: down", default=0.0, min=-0.5, max=0.5
    )
    right: bpy.props.FloatProperty(
        name="Right",
        description="Moves the crop right, in face heights; negative: left",
        default=0.0,
        min=-0.5,
        max=0.5,
    )
    engine: bpy.props.EnumProperty(
        name="Engine", description="How the backend gets from the portrait to a whole head", items=engine_items
    )
    hair: bpy.props.EnumProperty(
        name="Hair",
        description="What is on the head, where the engine cannot tell by itself",
        items=(
            ("auto", "Automatic", "The engine looks"),
            ("hair", "Hair", "Hair that stands off the head"),
            ("hat", "Hat", "A hat or a cap"),
            ("bald", "Bald", "Nothing, or very short hair"),
        ),
    )

    @property
    def crop_is_changed(self) -> bool:
        return bool(self.crop_options())

    def crop_options(self) -> dict[str, Scalar]:
        """What differs from the backend's own crop, by the backend's paths."""
        options: dict[str, Scalar] = {}
        if abs(self.zoom - 1) > 1e-4:
            options["portrait.face_fraction"] = round(FACE_FRACTION * self.zoom, 4)
        if abs(self.up) > 1e-4:
            options["portrait.raise_fraction"] = round(RAISE_FRACTION + self.up, 4)
        if abs(self.right) > 1e-4:
            options["portrait.shift_fraction"] = round(self.right, 4)
        return options


CLASSES = (CameoPortrait,)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.cameo_portrait = bpy.props.PointerProperty(type=CameoPortrait)


def unregister() -> None:
    del bpy.types.Scene.cameo_portrait
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
