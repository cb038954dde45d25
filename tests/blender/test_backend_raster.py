"""F12 drawn by the backend: the real server and its real painter, compared with what Blender draws by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import bpy
import numpy as np
import pytest
from cameo.blender_addon import command_line, session
from cameo.blender_addon.link import picture_line
from cameo.blender_addon.render import backend_raster, cpu_raster, engine
from cameo.blender_addon.scene import avatar
from cameo.protocol import limits
from cameo.protocol.avatar import write_avatar
from cameo.protocol.connection import read_connection
from toy_avatar import toy_avatar
from toy_server import BACKEND, TOY

from ..service.client import wait_for_backend

WIDTH, HEIGHT = 96, 120


@pytest.fixture(scope="module")
def backend_home(tmp_path_factory):
    """A real server with toy stages and the real painter, for all tests of this file."""
    home = tmp_path_factory.mktemp("backend") / "home"
    process = subprocess.Popen([str(BACKEND), str(TOY), "serve", str(home)])
    try:
        wait_for_backend(home, 30)
        yield home
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def scene(addon, backend_home, monkeypatch):
    """A head before the camera of a turntable, pictures by the backend."""
    monkeypatch.setenv("CAMEO_HOME", str(backend_home))
    avatar.import_avatar(addon, toy_avatar(6000), "Ada")
    bpy.ops.cameo.turntable()
    scene = addon.scene
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.film_transparent = scene.cameo_view.draw_by_backend = True
    return scene


def render(scene, path):
    """The stored picture, float [H,W,4], straight alpha."""
    scene.render.filepath = str(path)
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(image.size[1], image.size[0], 4)


def seen(scene):
    """The splats of the scene, and its camera's view of them."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    camera = scene.camera.evaluated_get(depsgraph)
    return engine.gather_splats(depsgraph), engine.camera_view(camera, depsgraph, (WIDTH, HEIGHT))


@pytest.fixture
def blenders_own(monkeypatch):
    """How often Blender's own rasterizer was used."""
    used = []
    own = cpu_raster.rasterize
    monkeypatch.setattr(cpu_raster, "rasterize", lambda *splats: used.append(1) or own(*splats))
    return used


def test_the_backends_picture_is_blenders(scene, tmp_path, blenders_own):
    theirs = render(scene, tmp_path / "theirs.png")
    assert not blenders_own
    scene.cameo_view.draw_by_backend = False
    ours = render(scene, tmp_path / "ours.png")
    assert blenders_own and ours[..., 3].mean() > 0.1
    assert np.abs(theirs - ours)[ours[..., 3] > 0.02].max() < 2 / 255


def test_a_large_picture_comes_in_strips_without_a_seam(scene, monkeypatch):
    monkeypatch.setattr(limits, "DRAWN_PIXELS", WIDTH * 17)
    splats, view = seen(scene)
    found = backend_raster.rasterize(splats, view, session.backend_address(), lambda: False)
    wanted = cpu_raster.rasterize(*splats, view)
    assert len(backend_raster._strips(view)) == 8 and found.color.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(found.color - wanted.color).max() < 1.5 / 255
    assert np.abs(found.alpha - wanted.alpha).max() < 1.5 / 255
    assert np.abs(found.depth - wanted.depth).max() < 0.01


def test_clipping_is_the_cameras(scene):
    scene.camera.data.clip_start = 1.25  # within the head
    splats, view = seen(scene)
    found = backend_raster.rasterize(splats, view, session.backend_address(), lambda: False)
    wanted = cpu_raster.rasterize(*splats, view)
    assert (wanted.alpha > 0.5).sum() > 0 and np.abs(found.alpha - wanted.alpha).max() < 1.5 / 255


def test_the_command_line_asks_the_backend_when_told_to(scene, tmp_path, blenders_own):
    write_avatar(tmp_path / "toy.cameo", toy_avatar(500))
    sheet = ["sheet", str(tmp_path / "toy.cameo"), "-o", str(tmp_path / "s.png"), "--size", "64", "--show", "neutral"]
    assert command_line.run([*sheet, "--backend"]) == 0
    assert (tmp_path / "s.png").exists() and not blenders_own
    assert command_line.run(sheet) == 0 and blenders_own


def test_without_a_backend_blender_draws_and_says_why(scene, tmp_path, monkeypatch, blenders_own, capfd):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "nobody"))
    assert render(scene, tmp_path / "own.png")[..., 3].max() > 0.9
    assert blenders_own
    assert "No backend is running" in capfd.readouterr().out


def test_who_gives_up_waits_no_longer(scene):
    splats, view = seen(scene)
    assert backend_raster.rasterize(splats, view, session.backend_address(), lambda: True) is None


def test_what_the_backend_cannot_draw_blender_draws(scene, tmp_path, blenders_own):
    scene.camera.data.type = "ORTHO"
    scene.camera.data.ortho_scale = 0.5
    assert render(scene, tmp_path / "flat.png")[..., 3].max() > 0.9
    assert blenders_own


def test_a_hung_backend_does_not_hang_the_render(scene, backend_home, tmp_path, blenders_own, capfd, monkeypatch):
    monkeypatch.setattr(picture_line, "_silent_since", {})
    pid = read_connection(backend_home).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert render(scene, tmp_path / "own.png")[..., 3].max() > 0.9
        assert time.monotonic() - begun < 30 and blenders_own
        assert "does not answer" in capfd.readouterr().out
        begun = time.monotonic()
        render(scene, tmp_path / "next.png")  # the film's next frame does not wait for it again
        assert time.monotonic() - begun < picture_line._SILENCE_SECONDS
        assert "does not answer" in capfd.readouterr().out
    finally:
        os.kill(pid, signal.SIGCONT)
