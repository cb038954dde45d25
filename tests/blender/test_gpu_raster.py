"""The graphics card draws what the processor draws. Runs in a process of its own: a broken driver may end it."""

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

from cameo.blender_addon.render import cpu_raster, gather, gpu_raster, projection, viewport
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
assert viewport._make_overlay_shader() is not None  # compiles
print("EQUAL", flush=True)
"""


def test_gpu_and_processor_draw_the_same():
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170)
    if "CONTEXT" not in done.stdout:
        pytest.skip("no OpenGL here")
    assert "EQUAL" in done.stdout, done.stderr[-2000:]
