"""The graphics card draws what the processor draws, and the viewport what F12 renders.

Runs in a process of its own: a broken driver may end it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest  # makes the repository importable as cameo
import bpy
import gpu
import numpy as np
import gpu_context  # says CONTEXT

from cameo.blender_addon.render import cpu_raster, gather, gpu_raster, projection
from cameo.blender_addon.scene import avatar, cameras
from toy_avatar import toy_avatar

root = avatar.import_avatar(bpy.context, toy_avatar(4000), "Ada")
camera = cameras.new_camera(bpy.context.scene.collection, "camera")
cameras.put_on_orbit(camera, root, 30, distance=0.8, fov_deg=25)
bpy.context.view_layer.update()
depsgraph = bpy.context.evaluated_depsgraph_get()
splats = gather.gather_splats(depsgraph)
for kind in ("PERSP", "ORTHO"):
    camera.data.type, camera.data.ortho_scale = kind, 0.35
    bpy.context.view_layer.update()
    for window in ((0, 0, 120, 96), (20, 10, 60, 50)):
        view = gather.camera_view(camera.evaluated_get(depsgraph), depsgraph, (120, 96), window)
        wanted, found = cpu_raster.rasterize(*splats, view), gpu_raster.rasterize(splats, view)
        assert wanted.alpha.max() > 0.99
        for name in ("color", "alpha", "depth"):
            difference = np.abs(getattr(wanted, name) - getattr(found, name))
            assert difference.max() < 1.5 / 255 and difference.mean() < 1e-4, (kind, window, name, difference.max())
print("EQUAL", flush=True)
"""

VIEWPORT_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest
import bpy
import gpu
import numpy as np
import gpu_context

import cameo
from types import SimpleNamespace
from cameo.blender_addon.render import viewport
from cameo.blender_addon.scene import avatar, cameras, picture
from cameo.blender_addon.scene.color import linear_to_srgb, srgb_to_linear
from toy_avatar import toy_avatar

SIZE = 160
cameo.register()
scene, layer = bpy.context.scene, bpy.context.view_layer
root = avatar.import_avatar(bpy.context, toy_avatar(8000), "Ada")
camera = scene.camera = cameras.new_camera(scene.collection, "camera")
cameras.put_on_orbit(camera, root, 30, distance=1.3, fov_deg=20)
layer.update()
area = next(a for a in bpy.data.screens["Layout"].areas if a.type == "VIEW_3D")
space, region = area.spaces[0], next(r for r in area.regions if r.type == "WINDOW")
space.overlay.show_overlays = False


def seen(shading, splats, **alone):
    # the window's 3D view through the camera, without and with the add-on's drawing: display space, first row on top
    space.shading.type = shading
    depsgraph = bpy.context.evaluated_depsgraph_get()
    view, window = camera.matrix_world.inverted(), camera.calc_matrix_camera(
        depsgraph, x=SIZE, y=SIZE, scale_x=scene.render.pixel_aspect_x)
    target = gpu.types.GPUOffScreen(SIZE, SIZE, format="RGBA32F")
    target.draw_view3d(scene, layer, space, region, view, window, do_color_management=False)
    if splats:
        with target.bind():
            size, matrices = SimpleNamespace(width=SIZE, height=SIZE), SimpleNamespace(
                view_matrix=view, window_matrix=window, is_perspective=camera.data.type == "PERSP")
            viewport.VIEWPORT.draw(depsgraph, size, matrices, space, **alone)
    with target.bind():
        pixels = gpu.state.active_framebuffer_get().read_color(0, 0, SIZE, SIZE, 4, 0, "FLOAT")
    pixels.dimensions = SIZE * SIZE * 4
    target.free()
    return linear_to_srgb(np.array(pixels, np.float32).reshape(SIZE, SIZE, 4)[::-1, :, :3])


scene.render.engine = "CAMEO"  # Material Preview needs an engine that has it
mesh = seen("SOLID", False)
assert mesh.std() < 1e-3, "the mesh shows beside its splats"
scene.cameo_view.show_splats = False
layer.update()
assert seen("SOLID", False).std() > 0.02, "without splats the mesh must show"
scene.cameo_view.show_splats = True
layer.update()
found = {shading: seen(shading, True) for shading in ("SOLID", "MATERIAL")}
picture.set_up_picture(scene, (SIZE, SIZE), tuple(srgb_to_linear(mesh[0, 0]).tolist()))
found["RENDERED"] = seen("RENDERED", True, alone=True, background=tuple(mesh[0, 0].tolist()))
scene.render.filepath = sys.argv[2]
bpy.ops.render.render(write_still=True)
image = bpy.data.images.load(sys.argv[2])
wanted = np.array(image.pixels[:], np.float32).reshape(SIZE, SIZE, 4)[::-1, :, :3]
assert wanted.std() > 0.05
for shading, picture_ in found.items():
    difference = np.abs(picture_ - wanted).max(-1)
    # Solid view blends soft edges with what it shows in linear light
    limits = (2 / 255, 0.4 / 255) if shading == "RENDERED" else (24 / 255, 1 / 255)
    assert difference.max() < limits[0] and difference.mean() < limits[1], (
        shading, difference.max() * 255, difference.mean() * 255)

lenses = (
    {"type": "ORTHO", "ortho_scale": 0.4},
    {"type": "PERSP", "shift_x": 0.2, "shift_y": -0.1},
    {"shift_x": 0.0, "shift_y": 0.0, "clip_start": 1.25},
    {"clip_start": 0.01, "clip_end": 1.25},
    {"clip_end": 100.0, "angle": 2.4, "sensor_fit": "VERTICAL", "aspect": 2.0},
)
for lens in lenses:  # what the camera can be set to means the same in both
    scene.render.pixel_aspect_x = lens.pop("aspect", 1.0)
    for name, value in lens.items():
        setattr(camera.data, name, value)
    layer.update()
    shown = seen("RENDERED", True, alone=True, background=tuple(mesh[0, 0].tolist()))
    bpy.ops.render.render(write_still=True)
    image.reload()
    wanted = np.array(image.pixels[:], np.float32).reshape(SIZE, SIZE, 4)[::-1, :, :3]
    assert np.abs(shown - wanted).max() < 2 / 255, (lens, np.abs(shown - wanted).max() * 255)
    assert np.abs(wanted - wanted[0, 0]).max() > 0.1, lens
print("EQUAL", flush=True)
"""


def run(script, *arguments):
    command = [sys.executable, "-c", script, str(Path(__file__).parent), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170)
    if "CONTEXT" not in done.stdout:
        pytest.skip("no OpenGL here")
    assert "EQUAL" in done.stdout, done.stderr[-2000:]


def test_gpu_and_processor_draw_the_same():
    run(SCRIPT)


def test_the_viewport_shows_what_f12_renders(tmp_path, monkeypatch):
    """Solid, Material Preview and Rendered: splats in the render's colours, and no mesh around them."""
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    run(VIEWPORT_SCRIPT, tmp_path / "f12.png")
