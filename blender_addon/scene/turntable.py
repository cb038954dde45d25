"""A turntable: the camera goes round the head once while the face changes, and everything F12 needs is set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from .avatar import parts_of
from .cameras import ORBIT_CENTER, new_camera
from .picture import set_up_picture
from .timeline import key_controls

MARK = "cameo_turntable"  # on the pivot


@dataclass(frozen=True)
class Expression:
    """A face along the way: ``at`` 0..1 of the turn; controls not named are 0."""

    at: float
    values: Mapping[str, float]


DEFAULT_EXPRESSIONS = (
    Expression(0.0, {}),
    Expression(0.08, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}),
    Expression(0.2, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}),
    Expression(0.26, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}),
    Expression(0.32, {"browInnerUp": 0.8, "browOuterUpLeft": 0.6, "browOuterUpRight": 0.6}),
    Expression(0.5, {}),
    Expression(0.7, {"jawOpen": 0.7}),
    Expression(0.8, {"mouthPucker": 0.8}),
    Expression(0.9, {"jawOpen": 0.4, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}),
    Expression(1.0, {}),
)


@dataclass(frozen=True)
class Turntable:
    """What a turntable looks like."""

    frames: int = 72
    """Pictures of the whole turn."""
    frame_start: int = 1
    fps: int = 24
    degrees: float = 360.0
    """Positive: the camera starts towards the subject's left."""
    start_yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    """Positive: the camera looks from above."""
    height: float = 0.0
    """Metres that the camera and what it looks at are above the head's centre."""
    distance: float = 1.3
    """Metres from the head's centre; with the field of view, the orbit avatars are trained on."""
    fov_deg: float = 17.5
    size: int = 512
    """Width of the pictures, pixels."""
    picture_height: int = 0
    """Pixels; 0: as wide as high."""
    background: tuple[float, float, float] | None = (0.18, 0.18, 0.18)
    """Scene-linear colour behind the head; None leaves the film transparent."""
    expressions: Sequence[Expression] = field(default=DEFAULT_EXPRESSIONS)


def set_up_turntable(context: bpy.types.Context, member: bpy.types.Object, settings: Turntable) -> bpy.types.Object:
    """Camera on a turning pivot, keyed expressions, render settings; returns the camera.

    The last picture is one step before the first, so the film loops. An earlier turntable of the avatar is replaced;
    with no expressions the face's own animation stays untouched.
    """
    scene = context.scene
    parts = parts_of(member)
    first, last = settings.frame_start, settings.frame_start + settings.frames
    camera = _camera_on_pivot(parts.root, settings, first, last)
    scene.frame_start, scene.frame_end, scene.render.fps = first, last - 1, settings.fps
    scene.camera = camera
    key_expressions(parts.root, settings.expressions, first, last)
    size = (settings.size, settings.picture_height or settings.size)
    set_up_picture(scene, size, settings.background)
    scene.frame_set(first)
    return camera


def key_expressions(member: bpy.types.Object, expressions: Sequence[Expression], first: float, last: float) -> None:
    """Key ``expressions`` between the frames: every control that any of them names has a key in each."""
    names = sorted({name for expression in expressions for name in expression.values})
    for expression in expressions:
        frame = first + expression.at * (last - first)
        key_controls(member, frame, {name: expression.values.get(name, 0.0) for name in names})


def _camera_on_pivot(root: bpy.types.Object, settings: Turntable, first: int, last: int) -> bpy.types.Object:
    """A camera looking at a pivot in the head's centre; the pivot turns about the head's up axis, evenly."""
    _remove_turntable(root)
    collection = root.users_collection[0]
    pivot = bpy.data.objects.new(f"{root.name} Turntable", None)
    pivot[MARK] = True
    pivot.empty_display_type, pivot.empty_display_size = "PLAIN_AXES", 0.1
    collection.objects.link(pivot)
    pivot.parent = root
    pivot.location = (ORBIT_CENTER[0], ORBIT_CENTER[1] + settings.height, ORBIT_CENTER[2])
    pivot.rotation_mode = "YXZ"  # pitch first, then the turn about y
    pivot.rotation_euler.x = -math.radians(settings.pitch_deg)
    start = math.radians(settings.start_yaw_deg)
    for frame, angle in ((first, start), (last, start + math.radians(settings.degrees))):
        pivot.rotation_euler.y = angle
        pivot.keyframe_insert("rotation_euler", index=1, frame=frame)
    _make_linear(pivot)
    camera = new_camera(collection, f"{root.name} Camera")
    camera.parent = pivot
    camera.location = (0.0, 0.0, settings.distance)
    camera.data.angle_x = math.radians(settings.fov_deg)
    return camera


def _remove_turntable(root: bpy.types.Object) -> None:
    for pivot in [child for child in root.children if MARK in child]:
        for camera in pivot.children:
            bpy.data.objects.remove(camera)
        bpy.data.objects.remove(pivot)


def _make_linear(animated: bpy.types.Object) -> None:
    animation = animated.animation_data
    for layer in animation.action.layers:
        for strip in layer.strips:
            for curve in strip.channelbag(animation.action_slot).fcurves:
                for point in curve.keyframe_points:
                    point.interpolation = "LINEAR"


def set_up_film(scene: bpy.types.Scene, path: Path) -> None:
    """Animation renders write one H.264 film in ``path`` (``.mp4``); pictures are laid on the world's colour."""
    scene.render.film_transparent = False
    image, film = scene.render.image_settings, scene.render.ffmpeg
    image.media_type = "VIDEO"
    image.file_format = "FFMPEG"
    film.format, film.codec, film.constant_rate_factor = "MPEG4", "H264", "HIGH"
    film.audio_codec = "NONE"
    scene.render.use_file_extension = False  # else Blender adds the frame range to the name
    scene.render.filepath = str(path)
