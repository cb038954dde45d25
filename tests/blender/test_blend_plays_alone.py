"""A saved file plays in a Blender that has neither the add-on nor permission to run scripts."""

from __future__ import annotations

import subprocess
import sys

import bpy
import numpy as np
import pytest
from cameo.backend.gaussians.binding import place
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.blender_addon.scene import avatar, timeline
from toy_avatar import as_data, toy_gaussians, toy_mesh

PLAYER = """
import sys
import bpy
import numpy as np

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.open_mainfile(filepath=sys.argv[1], load_ui=False, use_scripts=False)
assert not any(name.split(".")[0] in ("cameo", "zmq", "torch") for name in sys.modules)
head = next(o for o in bpy.data.objects if o.type == "MESH" and o.data.shape_keys)
splats = next(o for o in bpy.data.objects if o.type == "POINTCLOUD")
found = {}
for frame in (1, 11, 21):
    bpy.context.scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    mesh, cloud = head.evaluated_get(depsgraph).data, splats.evaluated_get(depsgraph).data
    for name, attribute in (("vertices", mesh.attributes["position"]), ("means", cloud.attributes["position"])):
        values = np.empty(len(attribute.data) * 3, np.float32)
        attribute.data.foreach_get("vector", values)
        found[f"{name}_{frame}"] = values.reshape(-1, 3)
if len(sys.argv) > 3:
    bpy.context.scene.render.filepath = sys.argv[3]
    bpy.ops.render.render(write_still=True)
np.savez(sys.argv[2], **found)
"""

FACES = {1: {}, 11: {"jawOpen": 0.8, "mouthSmileLeft": 0.5, "eyeLookUpRight": 1.0}, 21: {"eyeBlinkLeft": 1.0}}


@pytest.fixture
def saved(empty_scene, tmp_path):
    mesh = toy_mesh()
    gaussians = toy_gaussians(mesh, 2000)
    root = avatar.import_avatar(empty_scene, as_data(mesh, gaussians), "Ada")
    names = {name for values in FACES.values() for name in values}
    for frame, values in FACES.items():
        timeline.key_controls(root, frame, {name: values.get(name, 0.0) for name in names})
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "avatar.blend"))
    return tmp_path / "avatar.blend", mesh, gaussians


def play(path, *more):
    target = path.with_suffix(".npz")
    command = [sys.executable, "-c", PLAYER, str(path), str(target), *map(str, more)]
    subprocess.run(command, check=True, timeout=120, cwd=path.parent, capture_output=True)
    return np.load(target)


def test_vertices_move_and_splats_follow(saved):
    path, mesh, gaussians = saved
    found = play(path)
    for frame, values in FACES.items():
        vertices = pose_vertices(mesh, parameters_from_controls(mesh, values))
        means = place(gaussians, vertices, mesh.faces)[0]
        assert np.abs(found[f"vertices_{frame}"] - vertices).max() < 1e-5
        assert np.abs(found[f"means_{frame}"] - means).max() < 1e-5
    assert np.abs(found["vertices_11"] - found["vertices_1"]).max() > 0.01


def test_blenders_own_engine_shows_the_head(saved, tmp_path):
    """Cycles without the add-on: the points carry the splats' colours."""
    path, *_ = saved
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0, -1.2, 0), (np.pi / 2, 0, 0)
    camera.data.angle = np.deg2rad(17.5)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 4
    scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Standard"
    scene.render.film_transparent = True
    scene.render.resolution_x = scene.render.resolution_y = 64
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    play(path, tmp_path / "alone.png")
    image = bpy.data.images.load(str(tmp_path / "alone.png"))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.array(image.pixels[:], np.float32).reshape(64, 64, 4)[::-1]
    cheek = pixels[32:40, 28:36]
    assert cheek[..., 3].min() > 0.95
    assert np.abs(np.median(cheek[..., :3], (0, 1)) - (0.78, 0.58, 0.48)).max() < 0.06  # the toy's skin
