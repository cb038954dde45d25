"""What a scene's turntable and expression sheet look like: the panel's values, and what they mean to the scene."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from ..protocol.errors import CameoError
from .scene.color import srgb_to_linear
from .scene.faces import faces_of
from .scene.film import Backdrop, Film, read_picture, spread_out
from .scene.turntable import DEFAULT_EXPRESSIONS, Turntable
from .words import CAMEO

_SENSOR = 36.0  # mm; what lenses are named for
_USUAL_LENS = _SENSOR / (2 * math.tan(math.radians(17.5 / 2)))  # the orbit avatars are trained on


class CameoFilm(bpy.types.PropertyGroup):
    """One per scene. How many pictures and how wide stands in ``scene.cameo``."""

    path: bpy.props.StringProperty(
        name="File",
        description="Where the turntable goes. The ending may be left out; PNG pictures get numbers",
        default="//turntable",
        subtype="FILE_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    kind: bpy.props.EnumProperty(
        name="Format",
        description="What is written",
        items=(
            ("MP4", "MP4", "One H.264 film; without transparency"),
            ("PNG", "PNG Pictures", "One numbered file a picture, transparency kept"),
            ("GIF", "Animated GIF", "255 colours a picture; pixels are transparent or not"),
            ("APNG", "Animated PNG", "All colours and soft transparency; larger, browsers play it"),
        ),
    )
    fps: bpy.props.IntProperty(name="Frame Rate", description="Pictures a second", default=24, min=1, max=240)
    turn: bpy.props.FloatProperty(
        name="Turn",
        description="How far the camera goes round, towards the subject's left; negative: the other way",
        default=math.tau,
        min=-10 * math.tau,
        max=10 * math.tau,
        subtype="ANGLE",
    )
    start_yaw: bpy.props.FloatProperty(
        name="Start",
        description="Where the camera starts; 0 is the front",
        default=0.0,
        min=-math.tau,
        max=math.tau,
        subtype="ANGLE",
    )
    pitch: bpy.props.FloatProperty(
        name="Pitch",
        description="How steeply the camera looks down; negative: up",
        min=math.radians(-80),
        max=math.radians(80),
        subtype="ANGLE",
    )
    height: bpy.props.FloatProperty(
        name="Height", description="Moves the camera up or down", min=-0.5, max=0.5, subtype="DISTANCE"
    )
    distance: bpy.props.FloatProperty(
        name="Distance",
        description="From the head's centre; nearer makes stronger perspective",
        default=1.3,
        min=0.2,
        max=20.0,
        subtype="DISTANCE",
    )
    lens: bpy.props.FloatProperty(
        name="Lens",
        translation_context=CAMEO,
        description="Focal length on a full frame, mm; longer shows less",
        default=_USUAL_LENS,
        min=10.0,
        max=1000.0,
        precision=1,
        subtype="DISTANCE_CAMERA",
    )
    picture_height: bpy.props.IntProperty(
        name="Picture Height", description="Pixels; 0: as high as wide", default=0, min=0, max=8192
    )
    background: bpy.props.EnumProperty(
        name="Background",
        description="What is behind the head",
        items=(
            ("COLOR", "Color", "One color"),
            ("TRANSPARENT", "Transparent", "Nothing; black in an MP4"),
            ("IMAGE", "Picture", "A picture that fills the frame"),
        ),
    )
    background_color: bpy.props.FloatVectorProperty(
        name="Color",
        description="Behind the head",
        subtype="COLOR_GAMMA",
        size=3,
        default=(0.46, 0.46, 0.46),
        min=0.0,
        max=1.0,
    )
    background_image: bpy.props.StringProperty(
        name="Picture",
        description="Picture file behind the head",
        subtype="FILE_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    expressions: bpy.props.EnumProperty(
        name="Faces",
        translation_context=CAMEO,
        description="What the face does along the way",
        items=(
            ("DEFAULT", "Show All", "Smile, blink, brows, jaw, pucker"),
            ("NONE", "Neutral", "Nothing"),
            ("TIMELINE", "From the Timeline", "The avatar's own animation, from the scene's first frame on"),
            ("LIST", "Chosen", "Faces of your choice, one after another"),
        ),
    )
    faces: bpy.props.StringProperty(
        name="Faces",
        translation_context=CAMEO,
        description="Names of poses and controls with commas between, such as: joy, surprise, jawOpen=0.5",
        default="joy, surprise, sadness, anger",
    )
    sheet_path: bpy.props.StringProperty(
        name="File",
        description="Where the expression sheet goes, PNG",
        default="//expressions.png",
        subtype="FILE_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    sheet: bpy.props.EnumProperty(
        name="Show",
        description="What the sheet shows",
        items=(
            ("MAIN", "Main Expressions", "The ones that show whether a head works"),
            ("EMOTIONS", "Emotions", "Every emotion the avatar has"),
            ("VISEMES", "Visemes", "Every shape of speech the avatar has"),
            ("VIEWS", "All Round", "The neutral face from eight sides"),
            ("LIST", "Chosen", "Faces of your choice"),
        ),
    )
    sheet_faces: bpy.props.StringProperty(
        name="Faces",
        translation_context=CAMEO,
        description="As above, such as: neutral, joy, mouthSmile=0.6",
        default="neutral, joy, jawOpen=0.6, eyeBlink",
    )
    sheet_zoom: bpy.props.FloatProperty(
        name="Closer", description="How much larger the face is than in the turntable", default=1.3, min=0.3, max=4.0
    )
    sheet_columns: bpy.props.IntProperty(
        name="Columns",
        translation_context=CAMEO,
        description="Pictures beside each other; 0: as suits",
        default=0,
        min=0,
        max=20,
    )


def turntable_of(context: bpy.types.Context, member: bpy.types.Object) -> Turntable:
    """The turntable that the panel asks for; with faces from the timeline it keys none.

    Raises:
        CameoError: those of ``faces_of``.
    """
    film, scene = context.scene.cameo_film, context.scene
    expressions = DEFAULT_EXPRESSIONS
    if film.expressions == "LIST":
        expressions = spread_out([values for _, values in faces_of(member, film.faces)])
    elif film.expressions != "DEFAULT":
        expressions = ()
    color = film.background == "COLOR" and tuple(float(c) for c in srgb_to_linear(np.array(film.background_color)))
    return Turntable(
        frames=scene.cameo.turntable_frames,
        fps=film.fps,
        degrees=math.degrees(film.turn),
        start_yaw_deg=math.degrees(film.start_yaw),
        pitch_deg=math.degrees(film.pitch),
        height=film.height,
        distance=film.distance,
        fov_deg=math.degrees(2 * math.atan(_SENSOR / (2 * film.lens))),
        size=scene.cameo.turntable_size,
        picture_height=film.picture_height,
        background=color or None,
        expressions=expressions,
    )


def film_of(context: bpy.types.Context, member: bpy.types.Object) -> Film:
    """The film that the panel asks for.

    Raises:
        CameoError: those of ``faces_of`` and :func:`backdrop_of`.
    """
    settings, scene = context.scene.cameo_film, context.scene
    return Film(
        replace(turntable_of(context, member), background=None),
        output_path(settings.path),
        settings.kind,
        backdrop_of(settings),
        scene.frame_start if settings.expressions == "TIMELINE" else None,
    )


def output_path(text: str) -> Path:
    """Where a file goes; ``//`` is the .blend's folder.

    Raises:
        CameoError: ``output.no_place``.
    """
    if not text.strip() or lies_beside_unsaved_file(text):
        raise CameoError(
            "output.no_place",
            "No folder is chosen for the pictures.",
            cause="The path begins with //, the .blend's folder, and the .blend is not saved yet." if text else "",
            fix="Save the .blend, or choose a folder.",
        )
    return Path(bpy.path.abspath(text))


def lies_beside_unsaved_file(path: str) -> bool:
    """Whether the path begins at a .blend that is nowhere yet."""
    return path.startswith("//") and not bpy.data.filepath


def backdrop_of(settings: CameoFilm) -> Backdrop:
    """
    Raises:
        CameoError: ``film.no_background``, ``film.bad_picture``.
    """
    if settings.background == "COLOR":
        red, green, blue = (round(255 * channel) for channel in settings.background_color)
        return Backdrop(color=(red, green, blue))
    if settings.background == "TRANSPARENT":
        return Backdrop()
    if not settings.background_image:
        fix = "Choose one, or another kind of background."
        raise CameoError("film.no_background", "No picture is chosen for the background.", fix=fix)
    picture = read_picture(Path(bpy.path.abspath(settings.background_image)))
    return Backdrop(image=picture[..., :3].astype(np.float32))


CLASSES = (CameoFilm,)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.cameo_film = bpy.props.PointerProperty(type=CameoFilm)


def unregister() -> None:
    del bpy.types.Scene.cameo_film
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
