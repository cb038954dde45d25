"""What the panel holds in the scene: the portrait, how it is made, the turntable; and the sliders of an avatar."""

from __future__ import annotations

import bpy

from . import session, view_settings
from .scene.avatar import control_names, is_avatar, parts_of
from .scene.board_layout import SLIDE_AXIS, SLIDER_LENGTH
from .scene.pose import set_controls
from .scene.timeline import auto_key
from .words import CAMEO, told

FALLBACK_PRESETS = [("preview", "Preview", "A quick look", 0)]
_presets: list[tuple[str, str, str, int]] = []  # Blender keeps no references to the strings of a dynamic enum


def preset_items(_owner: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
    """The backend's presets; a plain one while none is connected."""
    welcome = session.client().welcome
    if welcome is not None and welcome.presets:
        _presets[:] = [
            (p.name, told("preset", p.title), told("preset", p.cost), number)
            for number, p in enumerate(welcome.presets)
        ]
    return _presets or FALLBACK_PRESETS


def _file_is_the_portrait(_settings: object, context: bpy.types.Context) -> None:
    context.scene.cameo_portrait.source = "FILE"


class CameoSettings(bpy.types.PropertyGroup):
    """One per scene."""

    image: bpy.props.StringProperty(
        name="Portrait",
        description="Picture of one person: PNG, JPEG or WebP",
        subtype="FILE_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        update=_file_is_the_portrait,
    )
    avatar_name: bpy.props.StringProperty(name="Name", description="What to call the avatar. Empty: the file's name")
    preset: bpy.props.EnumProperty(
        name="Quality", description="How much time the backend takes for the head", items=preset_items
    )
    face: bpy.props.IntProperty(
        name="Face",
        translation_context=CAMEO,
        description="Which face, where the picture shows several: 0 is the largest. -1: the largest, with a notice",
        default=-1,
        min=-1,
        max=99,
    )
    import_when_ready: bpy.props.BoolProperty(
        name="Import When Ready", description="Bring a finished avatar into the scene by itself", default=True
    )
    turntable_frames: bpy.props.IntProperty(
        name="Frames", description="Pictures of one whole turn", default=72, min=8, max=2000
    )
    turntable_size: bpy.props.IntProperty(
        name="Size", description="Width and height of the pictures, pixels", default=512, min=64, max=4096
    )
    pose_strength: bpy.props.FloatProperty(
        name="Strength", description="How much of a viseme or an emotion", default=1.0, min=0.0, max=1.0
    )
    pose_key: bpy.props.BoolProperty(
        name="Key Poses", description="Key a viseme or an emotion when it is applied", default=False
    )
    stills_folder: bpy.props.StringProperty(
        name="Folder",
        description="Where the expression sheet's pictures go",
        default="//stills",
        subtype="DIR_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )


class CameoControl(bpy.types.PropertyGroup):
    """One slider in the panel. It has no value of its own: it shows and moves the bone on the face board."""

    def _get(self) -> float:
        bone = parts_of(self.id_data).rig.pose.bones.get(self.name)
        return bone.location[SLIDE_AXIS] / SLIDER_LENGTH if bone is not None else 0.0

    def _set(self, value: float) -> None:
        set_controls(self.id_data, {self.name: value})
        auto_key(bpy.context, self.id_data, (self.name,))

    value: bpy.props.FloatProperty(
        name="Value",
        description="How far this control is moved, 0 to 1",
        min=0.0,
        max=1.0,
        get=_get,
        set=_set,
        options=set(),  # keys belong to the bone
        override={"LIBRARY_OVERRIDABLE"},
    )


def add_control_sliders(root: bpy.types.Object) -> None:
    """Give an avatar's root one slider per control (again)."""
    if is_avatar(root):
        root.cameo_controls.clear()
        for name in control_names(root):
            root.cameo_controls.add().name = name


CLASSES = (CameoSettings, CameoControl, *view_settings.CLASSES)


def add_pointers() -> None:
    bpy.types.Scene.cameo = bpy.props.PointerProperty(type=CameoSettings)
    bpy.types.Scene.cameo_view = bpy.props.PointerProperty(type=view_settings.CameoView)
    bpy.types.Object.cameo_controls = bpy.props.CollectionProperty(type=CameoControl, override={"LIBRARY_OVERRIDABLE"})


def remove_pointers() -> None:
    del bpy.types.Scene.cameo
    del bpy.types.Scene.cameo_view
    del bpy.types.Object.cameo_controls
