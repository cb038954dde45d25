"""Picture settings of a scene, and stills: one face, one view, one PNG, everything else left as it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...protocol.errors import CameoError
from ..joints import JOINT_NAMES
from .avatar import control_names, parts_of
from .cameras import ORBIT_CENTER, new_camera, orbit_matrix, put_at_photo, put_on_orbit
from .pose import joint_handle, reset_pose, set_controls, slider

ENGINE = "CAMEO"  # identifier of render/engine.py
_RENDER_SETTINGS = (
    "engine",
    "resolution_x",
    "resolution_y",
    "resolution_percentage",
    "pixel_aspect_x",
    "pixel_aspect_y",
    "film_transparent",
    "use_border",
    "use_compositing",
    "use_sequencer",
    "dither_intensity",
    "filepath",
)
_VIEW_SETTINGS = ("view_transform", "look", "exposure", "gamma", "use_curve_mapping", "use_white_balance")


@dataclass(frozen=True)
class Shot:
    """One picture: which face, seen from where. Angles in degrees, lengths in metres."""

    yaw_deg: float
    values: Mapping[str, float] | None = None
    """Laid over the neutral face; None: the face as it is animated."""
    frame: int | None = None
    """Of the timeline; None: the current one."""
    pitch_deg: float = 0.0
    height: float = 0.0
    """Of what the camera looks at, above the head's centre."""
    distance: float = 1.3
    fov_deg: float = 17.5
    """Across the picture's width."""
    size: tuple[int, int] = (512, 512)


def set_up_picture(
    scene: bpy.types.Scene, size: tuple[int, int], background: tuple[float, float, float] | None
) -> None:
    """Cameo's engine, ``Standard`` view transform (so that a splat's sRGB is the PNG's sRGB), 8-bit RGBA PNG.

    Args:
        size: pixels (width, height).
        background: scene-linear colour behind the head, kept in the world; None leaves the film transparent.
    """
    render, image = scene.render, scene.render.image_settings
    render.engine = ENGINE
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.film_transparent = background is None
    render.dither_intensity = 0.0
    keep_photo_colors(scene)
    if background is not None:
        scene.world = scene.world or bpy.data.worlds.new("World")
        scene.world.color = background
    image.media_type = "IMAGE"
    image.file_format, image.color_mode, image.color_depth = "PNG", "RGBA", "8"


def keep_photo_colors(scene: bpy.types.Scene) -> None:
    """Show a splat's sRGB as it is: view transform ``Standard`` and nothing else over it."""
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0.0, 1.0
    view.use_curve_mapping = view.use_white_balance = False


def render_still(
    context: bpy.types.Context,
    member: bpy.types.Object,
    path: Path,
    values: Mapping[str, float],
    yaw_deg: float,
    *,
    pitch_deg: float = 0.0,
    distance: float = 1.3,
    fov_deg: float = 17.5,
    size: int = 512,
) -> None:
    """Write one RGBA PNG of the neutral face with ``values`` laid over it, seen from ``yaw_deg``.

    Positive yaw moves the camera towards the subject's left. Pose, animation, camera and settings are as before
    afterwards.

    Raises:
        CameoError: ``avatar.unknown_control``; ``render.failed``, with what the engine said.
    """

    def place(camera: bpy.types.Object) -> tuple[int, int]:
        put_on_orbit(camera, member, yaw_deg, pitch_deg=pitch_deg, distance=distance, fov_deg=fov_deg)
        return size, size

    _render(context, member, path, values, place)


def render_shot(context: bpy.types.Context, member: bpy.types.Object, path: Path, shot: Shot) -> None:
    """Write one RGBA PNG of ``shot``, the film transparent; everything is as it was afterwards.

    Raises:
        CameoError: those of :func:`render_still`.
    """

    def place(camera: bpy.types.Object) -> tuple[int, int]:
        center = (ORBIT_CENTER[0], ORBIT_CENTER[1] + shot.height, ORBIT_CENTER[2])
        pose = orbit_matrix(shot.yaw_deg, shot.pitch_deg, shot.distance, center)
        camera.matrix_world = parts_of(member).root.matrix_world @ pose
        camera.data.angle_x = math.radians(shot.fov_deg)
        return shot.size

    with _at_frame(context.scene, shot.frame):
        _render(context, member, path, shot.values, place)


def render_photo_view(
    context: bpy.types.Context, member: bpy.types.Object, path: Path, values: Mapping[str, float]
) -> None:
    """Write one RGBA PNG of the face from where the photo was taken, in the photo's size.

    Raises:
        CameoError: ``avatar.no_photo_camera``, and those of :func:`render_still`.
    """
    _render(context, member, path, values, lambda camera: put_at_photo(camera, member))


@contextmanager
def posed(member: bpy.types.Object, values: Mapping[str, float]) -> Iterator[None]:
    """Neutral face with ``values`` over it, its animation lifted off; the old pose and animation come back."""
    rig = parts_of(member).rig
    keyed = [slider(member, name) for name in control_names(member)]
    keyed += [joint_handle(member, joint) for joint in JOINT_NAMES]
    before = [(bone, bone.matrix_basis.copy()) for bone in keyed]
    with _without_animation(rig):
        reset_pose(member)
        try:
            set_controls(member, values)
            yield
        finally:
            for bone, matrix in before:
                bone.matrix_basis = matrix


@contextmanager
def _without_animation(rig: bpy.types.Object) -> Iterator[None]:
    """Rendering evaluates the frame anew: an action would overwrite the pose."""
    animation = rig.animation_data
    if animation is None or (animation.action is None and not animation.nla_tracks):
        yield
        return
    action, slot, use_nla = animation.action, animation.action_slot, animation.use_nla
    animation.action, animation.use_nla = None, False
    try:
        yield
    finally:
        animation.use_nla = use_nla
        animation.action = action
        if action is not None and slot is not None:
            animation.action_slot = slot


@contextmanager
def _at_frame(scene: bpy.types.Scene, frame: int | None) -> Iterator[None]:
    if frame is None:
        yield
        return
    before, subframe = scene.frame_current, scene.frame_subframe
    scene.frame_set(frame)
    try:
        yield
    finally:
        scene.frame_set(before, subframe=subframe)


@contextmanager
def _settings_kept(scene: bpy.types.Scene) -> Iterator[None]:
    """Put camera, render, view and image settings back afterwards."""
    render, view, image = scene.render, scene.view_settings, scene.render.image_settings
    camera = scene.camera
    of_render = {name: getattr(render, name) for name in _RENDER_SETTINGS}
    of_view = {name: getattr(view, name) for name in _VIEW_SETTINGS}
    of_image = [(name, getattr(image, name)) for name in ("media_type", "file_format", "color_mode", "color_depth")]
    try:
        yield
    finally:
        scene.camera = camera
        for owner, values in ((render, of_render.items()), (view, of_view.items()), (image, of_image)):
            for name, value in values:
                setattr(owner, name, value)


def _render(
    context: bpy.types.Context,
    member: bpy.types.Object,
    path: Path,
    values: Mapping[str, float] | None,
    place: Callable[[bpy.types.Object], tuple[int, int]],
) -> None:
    scene = context.scene
    camera = new_camera(scene.collection, "Cameo Still")
    try:
        with _settings_kept(scene), nullcontext() if values is None else posed(member, values):
            set_up_picture(scene, place(camera), None)
            scene.camera = camera
            scene.render.use_border = scene.render.use_compositing = scene.render.use_sequencer = False
            scene.render.filepath = str(path)
            _run_render()
    finally:
        data = camera.data
        bpy.data.objects.remove(camera)
        bpy.data.cameras.remove(data)


def _run_render() -> None:
    """Render and write; the engine's error report becomes an exception of ours."""
    try:
        bpy.ops.render.render(write_still=True)
    except RuntimeError as error:
        raise CameoError(
            "render.failed",
            "The picture could not be rendered.",
            cause=str(error).strip(),
            fix="Change what the cause names, then render again.",
        ) from error
