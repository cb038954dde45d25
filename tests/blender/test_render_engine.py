"""Pictures of the engine CAMEO as Blender saves them: colour, alpha, depth, borders, errors."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.gaussians.binding import place
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.blender_addon.render import engine
from cameo.blender_addon.render.compose import NOTHING
from cameo.blender_addon.render.cpu_raster import rasterize
from cameo.blender_addon.render.projection import View
from cameo.blender_addon.scene import avatar, cameras, picture, pose, timeline, turntable
from cameo.protocol.errors import CameoError
from toy_avatar import as_data, toy_avatar, toy_gaussians, toy_mesh

SIZE = 96


@pytest.fixture
def head(empty_scene, cameo_engine):
    return avatar.parts_of(avatar.import_avatar(empty_scene, toy_avatar(6000), "Ada"))


def load(path):
    """The stored picture, float [H,W,4], straight alpha, first row on top, values as in the file."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    image.alpha_mode = "CHANNEL_PACKED"
    pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(image.size[1], image.size[0], 4)[::-1]
    bpy.data.images.remove(image)
    return pixels


def expected_raster(yaw_deg, size=SIZE, fov_deg=17.5, distance=1.3, vertices=None):
    """The toy head (neutral, or posed ``vertices``) by the rasterizer alone, on the orbit of conventions.md."""
    mesh = toy_mesh()
    gaussians = toy_gaussians(mesh, 6000)
    camera = orbit_camera(yaw_deg, distance=distance, fov_deg=fov_deg, size=size)
    placed = place(gaussians, mesh.vertices if vertices is None else vertices, mesh.faces)
    return rasterize(*placed, gaussians.opacity, gaussians.color, View(camera.viewmat, camera.K, size, size))


def test_one_still_after_another_shows_the_right_face(head, tmp_path):
    """The jaw once opened sideways from the second still on: what a still puts back must not bend the rig."""
    values = {"jawOpen": 0.8}
    for _ in range(2):
        picture.render_still(bpy.context, head.root, tmp_path / "still.png", values, 0, size=SIZE)
    mesh = toy_mesh()
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, values))
    found, raster = load(tmp_path / "still.png"), expected_raster(0, vertices=vertices)
    solid = raster.alpha > 0.2
    straight = raster.color[solid] / raster.alpha[solid, None]
    assert np.abs(found[..., :3][solid] - straight).max() < 3 / 255


@pytest.mark.parametrize("yaw", [0, 40, -90])
def test_a_still_is_the_blended_srgb(head, tmp_path, yaw):
    head.root.location = (0.3, -0.2, 1.5)  # where the avatar stands in the scene makes no difference
    head.root.rotation_euler.z = 0.4
    bpy.context.view_layer.update()
    picture.render_still(bpy.context, head.root, tmp_path / "still.png", {}, yaw, size=SIZE)
    found, raster = load(tmp_path / "still.png"), expected_raster(yaw)
    assert np.abs(found[..., 3] - raster.alpha).max() < 2 / 255
    solid = raster.alpha > 0.2
    straight = raster.color[solid] / raster.alpha[solid, None]
    assert np.abs(found[..., :3][solid] - straight).max() < 3 / 255
    assert solid.mean() > 0.2 and found[0, 0, 3] == 0


def test_a_still_leaves_everything_as_it_was(head, tmp_path):
    scene = bpy.context.scene
    timeline.key_controls(head.root, 1, {"jawOpen": 0.2})
    pose.set_controls(head.root, {"cheekPuff": 0.5})
    objects, engine_before = set(bpy.data.objects), scene.render.engine
    picture.render_still(bpy.context, head.root, tmp_path / "still.png", {"jawOpen": 0.8}, 0, size=32)
    assert set(bpy.data.objects) == objects and scene.render.engine == engine_before and scene.camera is None
    assert pose.control_values(head.root)["cheekPuff"] == pytest.approx(0.5)
    assert pose.control_values(head.root)["jawOpen"] == pytest.approx(0.2)
    assert head.rig.animation_data.action is not None and head.rig.animation_data.action_slot is not None


def test_controls_show_in_the_picture_even_over_an_animation(head, tmp_path):
    timeline.key_controls(head.root, 1, {"jawOpen": 0.0})
    shown = []
    for value in (0.0, 0.9):
        picture.render_still(bpy.context, head.root, tmp_path / "still.png", {"jawOpen": value}, 0, size=SIZE)
        shown.append(load(tmp_path / "still.png"))
    changed = np.abs(shown[0] - shown[1]).max(-1) > 0.1
    rows = np.flatnonzero(changed.any(1))
    assert changed.sum() > 50 and rows.min() > SIZE * 0.4  # the lower face moves, the brow does not


def set_up(size=SIZE, **settings):
    root = avatar.avatars_in(bpy.context.scene)[0]
    look = turntable.Turntable(frames=4, size=size, expressions=(), **settings)
    return turntable.set_up_turntable(bpy.context, root, look)


def render(path):
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return load(path)


def test_a_background_is_blended_in_display_space(head, tmp_path):
    set_up(background=(0.2140411, 0.2140411, 0.2140411))  # sRGB 0.5
    found, raster = render(tmp_path / "still.png"), expected_raster(0)
    assert (found[..., 3] == 1).all()
    wanted = raster.color + (1 - raster.alpha[..., None]) * 0.5
    assert np.abs(found[..., :3] - wanted).max() < 2 / 255


def test_resolution_percentage_and_wide_pictures(head, tmp_path):
    set_up(background=None)
    render_settings = bpy.context.scene.render
    render_settings.resolution_x, render_settings.resolution_percentage = 2 * SIZE, 50
    bpy.context.scene.camera.data.sensor_fit = "VERTICAL"
    bpy.context.scene.camera.data.angle_y = np.deg2rad(17.5)
    found = render(tmp_path / "still.png")
    assert found.shape == (SIZE // 2, SIZE, 4)
    assert np.abs(found[:, SIZE // 4 : -SIZE // 4, 3] - expected_raster(0, SIZE // 2).alpha).max() < 2 / 255


def test_a_render_border_shows_the_same_pixels(head, tmp_path):
    set_up(background=None)
    whole = render(tmp_path / "whole.png")
    settings = bpy.context.scene.render
    settings.use_border, settings.use_crop_to_border = True, True
    settings.border_min_x, settings.border_max_x, settings.border_min_y, settings.border_max_y = 0.25, 0.75, 0.5, 1.0
    part = render(tmp_path / "part.png")
    assert part.shape == (SIZE // 2, SIZE // 2, 4)
    assert np.abs(part - whole[: SIZE // 2, SIZE // 4 : 3 * SIZE // 4]).max() < 2 / 255


def test_depth_is_the_distance_along_the_camera_axis(head, tmp_path):
    set_up(background=None)
    scene = bpy.context.scene
    bpy.context.view_layer.use_pass_z = True
    scene.render.image_settings.media_type = "MULTI_LAYER_IMAGE"
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.render.image_settings.color_depth = "32"
    scene.render.image_settings.exr_codec = "NONE"
    scene.render.filepath = str(tmp_path / "depth.exr")
    bpy.ops.render.render(write_still=True)
    found = read_exr_channel(tmp_path / "depth.exr", "Depth.Z")
    raster = expected_raster(0)
    solid = raster.alpha > 0.9
    assert np.abs(found[solid] - raster.depth[solid] / raster.alpha[solid]).max() < 1e-3
    assert 1.1 < found[solid].min() < 1.3  # the nose is nearer than the head's centre
    assert found[0, 0] == np.float32(NOTHING)


def read_exr_channel(path, name):
    """float32 [H,W] of the channel whose name ends in ``name``, from an uncompressed multi-part EXR.

    The layout is openexr.com's "OpenEXR File Layout": headers, chunk tables, then one chunk per row and part.
    """
    data, parts, at = path.read_bytes(), [], 8
    assert int.from_bytes(data[4:8], "little") & 0x1000  # several parts
    while data[at]:
        header, at = _exr_header(data, at)
        parts.append(header)
    at += 1
    for number, header in enumerate(parts):
        x0, y0, x1, y1 = np.frombuffer(header["dataWindow"], "<i4")
        width, height = int(x1 - x0 + 1), int(y1 - y0 + 1)
        chunks = np.frombuffer(data, "<u8", height, at)
        at += 8 * height
        channels = _exr_channels(header["channels"])
        row = np.dtype([("part", "<i4"), ("y", "<i4"), ("size", "<i4"), *((n, k, (width,)) for n, k in channels)])
        rows = [np.frombuffer(data, row, 1, int(chunk))[0] for chunk in chunks]
        assert all(r["part"] == number for r in rows)
        found = [n for n, _ in channels if f"{header['name'].decode()}.{n}".rstrip("\0").endswith(name)]
        if found:
            return np.stack([r[found[0]] for r in rows])
    raise AssertionError(f"no channel {name}")


def _exr_header(data, at):
    header = {}
    while data[at]:
        key, kind = data[at : at + 512].split(b"\0", 2)[:2]
        at += len(key) + len(kind) + 2
        size = int.from_bytes(data[at : at + 4], "little")
        header[key.decode()], at = data[at + 4 : at + 4 + size], at + 4 + size
    return header, at + 1


def _exr_channels(listed):
    channels = []
    while listed[0]:
        name, listed = listed.split(b"\0", 1)
        channels.append((name.decode(), "<f4" if listed[0] == 2 else "<f2"))
        listed = listed[16:]
    return channels


def test_every_frame_of_the_turn_is_different_and_the_film_loops(head):
    camera = set_up()
    scene = bpy.context.scene
    places = []
    for frame in (1, 2, 3, 4, 5):
        scene.frame_set(frame)
        places.append(np.array(camera.matrix_world.translation))
    assert (scene.frame_start, scene.frame_end) == (1, 4)
    assert np.allclose(places[0], places[4], atol=1e-5)
    center = np.array(head.root.matrix_world @ bpy.data.objects["Ada Turntable"].location)
    # positive yaw: a quarter of the turn later the camera stands at the subject's left, Blender's +x
    assert np.allclose(places[1] - center, (1.3, 0, 0), atol=1e-5)
    assert np.allclose(places[2] - center, (0, 1.3, 0), atol=1e-5)


def test_the_photo_view_is_the_opencv_camera(head, tmp_path):
    view = np.eye(4)
    view[:3] = (1, 0, 0, 0.02), (0, -1, 0, 0.03), (0, 0, -1, 0.7)
    K = np.array([[300.0, 0, 40.0], [0, 300.0, 55.0], [0, 0, 1]])
    camera = cameras.new_camera(bpy.context.scene.collection, "test")
    cameras.put_at_view(camera, head.root, view, K, SIZE, SIZE)
    picture.set_up_picture(bpy.context.scene, (SIZE, SIZE), None)
    bpy.context.scene.camera = camera
    mesh = toy_mesh()
    gaussians = toy_gaussians(mesh, 6000)
    placed = place(gaussians, mesh.vertices, mesh.faces)
    raster = rasterize(*placed, gaussians.opacity, gaussians.color, View(view, K, SIZE, SIZE))
    assert np.abs(render(tmp_path / "view.png")[..., 3] - raster.alpha).max() < 2 / 255


def test_the_stored_photo_camera_renders_in_the_photos_size(head, tmp_path):
    picture.render_photo_view(bpy.context, head.root, tmp_path / "photo.png", {})
    assert load(tmp_path / "photo.png").shape == (512, 512, 4)


def test_an_avatar_without_photo_says_so(empty_scene, tmp_path):
    mesh = toy_mesh()
    data = replace(as_data(mesh, toy_gaussians(mesh, 50)), photo_camera=None)
    root = avatar.import_avatar(empty_scene, data, "Ada")
    with pytest.raises(CameoError, match="where its photo was taken"):
        picture.render_photo_view(empty_scene, root, tmp_path / "photo.png", {})


def test_errors_reach_the_artist(head, tmp_path):
    set_up(background=None)
    bpy.context.scene.camera.data.type = "PANO"
    with pytest.raises(RuntimeError, match="perspective or orthographic"):
        render(tmp_path / "never.png")


def test_programming_errors_reach_the_artist_too(head, tmp_path, monkeypatch):
    set_up(background=None)
    monkeypatch.setattr(engine.cpu_raster, "rasterize", lambda *splats_and_view: 1 / 0)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        render(tmp_path / "never.png")
    with pytest.raises(CameoError, match="could not be rendered"):
        picture.render_still(bpy.context, head.root, tmp_path / "never.png", {}, 0, size=32)
