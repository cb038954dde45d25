"""Splats and other objects in one picture: the nearer hides the farther."""

from __future__ import annotations

import math

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon.scene import avatar, compositing, head_light
from cameo.protocol.avatar import write_avatar
from toy_avatar import toy_avatar

SIZE = 64
RED, GREEN = (0.8, 0.0, 0.0), (0.0, 0.5, 0.0)


@pytest.fixture
def scene(empty_scene, monkeypatch, tmp_path):
    """The toy head; a red cube before its left half, a green wall behind it; no light but what they shine."""
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    write_avatar(tmp_path / "Ada.cameo", toy_avatar(6000))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Ada.cameo"))
    found = empty_scene.scene
    add_box("red", RED, (0.1, -0.3, 0.0), (0.1, 0.02, 0.1))
    add_box("green", GREEN, (0.0, 0.6, 0.0), (2.0, 0.02, 2.0))
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0, -1.3, 0), (math.pi / 2, 0, 0)
    camera.data.angle = math.radians(17.5)
    found.collection.objects.link(camera)
    found.camera = camera
    found.render.engine = "CYCLES"
    found.cycles.samples, found.cycles.use_denoising, found.cycles.max_bounces = 4, False, 0
    found.view_settings.view_transform = "Standard"
    found.render.resolution_x = found.render.resolution_y = SIZE
    yield found
    cameo.unregister()


def add_box(name, color, place, half_size):
    bpy.ops.mesh.primitive_cube_add(size=2, location=place, scale=half_size)
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    emission, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    emission.inputs["Color"].default_value = (*color, 1.0)
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    bpy.context.object.name = name
    bpy.context.object.data.materials.append(material)


def render(scene, path):
    """Linear colour, float [H,W,3], first row on top."""
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(SIZE * SIZE * 4, np.float32)
    image.pixels.foreach_get(pixels)  # as the file holds it: sRGB
    return pixels.reshape(SIZE, SIZE, 4)[::-1, :, :3]


def srgb(color):
    return np.array([1.055 * c ** (1 / 2.4) - 0.055 if c else 0.0 for c in color])


def test_the_nearer_hides_the_farther(scene, tmp_path):
    head = next(item for item in scene.objects if item.type == "MESH" and item.data.shape_keys)
    assert not head.show_instancer_for_viewport, "3D views show the splats alone"
    bpy.ops.cameo.set_up_compositing()
    bpy.context.view_layer.update()
    assert head.show_instancer_for_viewport and head.display_type == "BOUNDS", "its shadows are wanted"
    found = render(scene, tmp_path / "together.png")
    cheek, before, behind = found[34, 24], found[34, 44], found[34, 4]
    assert np.abs(before - srgb(RED)).max() < 0.02  # the head's left half is behind the cube
    assert np.abs(behind - srgb(GREEN)).max() < 0.02
    assert np.abs(cheek - (0.78, 0.58, 0.48)).max() < 0.08  # the toy's skin, before the wall; its mesh is unseen


def test_light_and_shadow_fall_on_the_head(scene, tmp_path):
    """A sun from the front, brighter than the photo's light, and a board before one half of the face."""
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.data.color = 8.0, (1.0, 1.0, 0.5)
    sun.rotation_euler = (math.radians(60), 0, 0)  # from above the camera
    scene.collection.objects.link(sun)
    bpy.data.objects["red"].location = (0.1, -0.6, 0.35)  # out of the picture, before the sun
    bpy.data.objects["red"].scale = (1, 1, 3)
    bpy.ops.cameo.set_up_compositing()
    without = render(scene, tmp_path / "without.png")
    scene.cameo_view.receive_light = True
    bpy.ops.cameo.set_up_compositing()
    strength, gain = compositing.light_nodes(scene)
    gain.default_value = 2.0
    found = render(scene, tmp_path / "lit.png")
    lit, shaded = np.s_[30:38, 22:28], np.s_[30:38, 37:43]
    assert np.abs(found[lit] - without[lit]).max() < 0.03  # never brighter than the photo
    assert found[shaded].mean() < 0.35 * without[shaded].mean()
    assert np.abs(found[:, :4] - without[:, :4]).max() < 0.02  # the wall is as it was
    strength.default_value = 0.5
    half = render(scene, tmp_path / "half.png")
    assert found[shaded].mean() + 0.1 < half[shaded].mean() < without[shaded].mean() - 0.1
    bpy.ops.cameo.set_up_compositing()
    assert [socket.default_value for socket in compositing.light_nodes(scene)] == [0.5, 2.0]


def test_without_light_nothing_of_it_stays(scene):
    names = [set(getattr(bpy.data, kind).keys()) for kind in ("objects", "meshes", "collections")]
    scene.cameo_view.receive_light = True
    for _ in range(2):
        bpy.ops.cameo.set_up_compositing()
        assert len(scene.view_layers) == 2 and len(head_light.light_layer(scene).aovs) == 1
        catchers = scene.view_layers[0].layer_collection.children[head_light.LIGHT_LAYER]
        assert catchers.exclude and len(catchers.collection.objects) == 1
    scene.cameo_view.receive_light = False
    bpy.ops.cameo.set_up_compositing()
    assert [set(getattr(bpy.data, kind).keys()) for kind in ("objects", "meshes", "collections")] == names
    assert len(scene.view_layers) == 1 and compositing.light_nodes(scene) is None
    assert head_light.LIGHT_LAYER not in bpy.data.node_groups


def test_setting_up_again_makes_nothing_twice(scene):
    bpy.ops.cameo.set_up_compositing()
    scene.render.resolution_x = 32
    counts = len(bpy.data.scenes), len(bpy.data.node_groups), len(scene.compositing_node_group.nodes)
    bpy.ops.cameo.set_up_compositing()
    assert (len(bpy.data.scenes), len(bpy.data.node_groups), len(scene.compositing_node_group.nodes)) == counts
    assert scene[compositing.SPLAT_SCENE].render.resolution_x == 32
    splats = scene[compositing.SPLAT_SCENE]
    assert avatar.avatars_in(splats) == avatar.avatars_in(scene)
    own = scene.collection.children["Ada"]
    for part in list(own.objects):  # an artist who keeps everything in the scene's own collection
        scene.collection.objects.link(part)
        own.objects.unlink(part)
    bpy.ops.cameo.set_up_compositing()
    assert avatar.avatars_in(splats) == avatar.avatars_in(scene) and not splats.collection.children


def test_cuts_and_sizes_reach_the_splats(scene, tmp_path):
    """What the artist changes after setting up, and a camera bound to a marker."""
    bpy.ops.cameo.set_up_compositing()
    far = bpy.data.objects.new("far", scene.camera.data)
    far.location, far.rotation_euler = (0, -3, 0), scene.camera.rotation_euler
    scene.collection.objects.link(far)
    for frame, camera in ((1, scene.camera), (2, far)):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera
    bpy.data.objects["red"].hide_render = True
    scene.frame_start, scene.frame_end, scene.render.resolution_percentage = 1, 2, 50
    scene.render.filepath = str(tmp_path / "cut_")
    bpy.ops.render.render(animation=True)
    covered = []
    for frame in (1, 2):
        image = bpy.data.images.load(str(tmp_path / f"cut_{frame:04d}.png"))
        assert image.size[:] == (SIZE // 2, SIZE // 2)
        covered.append((np.array(image.pixels[:])[::4] > 0.4).mean())  # not the green wall
    assert covered[0] > 0.2 and 0.1 < covered[1] / covered[0] < 0.45


def test_the_artists_own_nodes_stay_in_the_file(scene):
    scene.compositing_node_group = bpy.data.node_groups.new("mine", "CompositorNodeTree")
    bpy.ops.cameo.set_up_compositing()
    assert scene.compositing_node_group.name != "mine" and bpy.data.node_groups["mine"].users == 1


def test_what_cannot_be_set_up_says_why(scene):
    scene.render.engine = "CAMEO"
    with pytest.raises(RuntimeError, match=r"render\.cameo_engine"):
        bpy.ops.cameo.set_up_compositing()
    scene.render.engine, scene.camera = "CYCLES", None
    with pytest.raises(RuntimeError, match=r"render\.no_camera"):
        bpy.ops.cameo.set_up_compositing()
    bpy.ops.cameo.delete_avatar()
    assert not bpy.ops.cameo.set_up_compositing.poll()
