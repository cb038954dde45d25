"""Geometry nodes place the splats exactly where the backend's binding does."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from cameo.backend.gaussians.binding import place, triangle_frames
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.blender_addon.render import gather, proxy_depth
from cameo.blender_addon.scene import avatar, pose, splats
from cameo.blender_addon.scene.color import linear_to_srgb, srgb_to_linear
from toy_avatar import as_data, toy_gaussians, toy_mesh

COUNT = 3000


def evaluated(parts):
    bpy.context.view_layer.update()
    return splats.read_splats(parts.splats.evaluated_get(bpy.context.evaluated_depsgraph_get()))


def assert_bound(parts, gaussians, vertices, faces):
    found = evaluated(parts)
    means, quats, scales = place(gaussians, vertices, faces)
    assert np.abs(found["means"] - means).max() < 1e-5
    assert np.abs(found["scales"] - scales).max() < 1e-5
    same = np.abs((found["quats"] * quats).sum(1))  # q and -q are one rotation
    assert same.min() > 1 - 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_splats_follow_and_stretch_with_the_skin(empty_scene, seed):
    mesh, rng = toy_mesh(), np.random.default_rng(seed)
    gaussians = toy_gaussians(mesh, COUNT, seed)
    parts = avatar.parts_of(avatar.import_avatar(empty_scene, as_data(mesh, gaussians), "Ada"))
    values = {control.name: float(rng.random()) for control in mesh.controls}
    pose.set_controls(parts.root, values)
    assert_bound(parts, gaussians, pose_vertices(mesh, parameters_from_controls(mesh, values)), mesh.faces)


def test_degenerate_triangles_follow_the_convention(empty_scene):
    mesh = toy_mesh()
    gaussians = toy_gaussians(mesh, COUNT)
    vertices = mesh.vertices.copy()
    collapsed = mesh.faces[gaussians.face[:20]]
    vertices[collapsed[:, 2]] = vertices[collapsed[:, 1]]
    assert triangle_frames(vertices, mesh.faces[gaussians.face[:20]]).degenerate.all()
    flat = replace(mesh, vertices=vertices)
    gaussians.rest_edges[40:60] = 0.0  # degenerate at rest, sound now
    parts = avatar.parts_of(avatar.import_avatar(empty_scene, as_data(flat, gaussians), "Ada"))
    assert_bound(parts, gaussians, vertices, mesh.faces)


def test_moving_the_avatar_leaves_its_own_frame_alone(empty_scene):
    mesh = toy_mesh()
    gaussians = toy_gaussians(mesh, COUNT)
    parts = avatar.parts_of(avatar.import_avatar(empty_scene, as_data(mesh, gaussians), "Ada"))
    parts.root.location, parts.root.scale = (3.0, -2.0, 1.0), (2.0, 2.0, 2.0)
    parts.root.rotation_euler.z = 1.0
    assert_bound(parts, gaussians, mesh.vertices, mesh.faces)
    assert np.allclose(parts.splats.matrix_world, parts.head.matrix_world)


def test_names_and_look_are_blenders_own(empty_scene):
    mesh = toy_mesh()
    gaussians = toy_gaussians(mesh, COUNT)
    parts = avatar.parts_of(avatar.import_avatar(empty_scene, as_data(mesh, gaussians), "Ada"))
    assert parts.splats.type == "POINTCLOUD"
    found = evaluated(parts)
    assert np.allclose(linear_to_srgb(found["colors"]), gaussians.color, atol=1e-5)
    assert np.allclose(found["opacities"], gaussians.opacity)
    cloud = parts.splats.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert {"position", "scale", "rotation", "radius", "Color", "opacity"} <= set(cloud.attributes.keys())
    assert splats.read_attribute(parts.splats.data, "radius").min() > 0
    assert not splats.read_attribute(cloud, "radius").any()  # the viewport shows no points beside the splats
    # what Blender 5.3 reads of a point cloud of the type Gaussian splat: names, kinds, and linear values
    native = {"position": "FLOAT_VECTOR", "scale": "FLOAT_VECTOR", "rotation": "QUATERNION", "radiance:base": "FLOAT4"}
    if bpy.app.version < (5, 1):
        del native["radiance:base"]
    kinds = {name: (cloud.attributes[name].data_type, cloud.attributes[name].domain) for name in native}
    assert kinds == {name: (kind, "POINT") for name, kind in native.items()}
    means, quats, scales = place(gaussians, mesh.vertices, mesh.faces)
    assert np.allclose(splats.read_attribute(cloud, "position"), means, atol=1e-5)
    assert np.allclose(splats.read_attribute(cloud, "scale"), scales, atol=1e-6)  # metres, not their logarithms
    rotation = splats.read_attribute(cloud, "rotation")
    assert np.allclose(np.abs((rotation * quats).sum(1)), 1, atol=1e-5)  # wxyz, unit; q and -q are one rotation
    if "radiance:base" in native:
        radiance = splats.read_attribute(cloud, "radiance:base")
        assert np.allclose(radiance[:, :3] * splats.SH_DC + 0.5, gaussians.color, atol=1e-5)
        assert np.allclose(radiance[:, 3], gaussians.opacity)  # 0..1, not logits
    assert not any(a.name.startswith("radiance:sh_") for a in cloud.attributes)  # one colour from all sides


def test_the_binding_graph_is_shared(empty_scene):
    mesh = toy_mesh()
    data = as_data(mesh, toy_gaussians(mesh, 50))
    for name in ("Ada", "Bea"):
        avatar.import_avatar(empty_scene, data, name)
    assert len(bpy.data.node_groups) == 1


def test_srgb_curve_round_trip():
    values = np.linspace(0, 1, 256)
    assert np.allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-6)
    assert srgb_to_linear(np.array(0.5)) == pytest.approx(0.21404, abs=1e-5)


def test_clouds_and_surfaces_of_a_scene_instances_and_hidden_ones(empty_scene):
    """What the viewport gathers, and the names by which it asks whether a view shows them."""
    mesh = toy_mesh()
    data = as_data(mesh, toy_gaussians(mesh, 100))
    _, bea = (avatar.parts_of(avatar.import_avatar(empty_scene, data, name)) for name in ("Ada", "Bea"))
    instance = bpy.data.objects.new("instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", bea.root.users_collection[0]
    instance.location = (0, 0, 5)
    empty_scene.scene.collection.objects.link(instance)
    depsgraph = empty_scene.evaluated_depsgraph_get()
    depsgraph.update()
    clouds, surfaces = gather.gather_clouds(depsgraph), proxy_depth.gather_surfaces(depsgraph)
    assert sorted(cloud.owner for cloud in clouds) == ["Ada Splats", "Bea Splats", "instance"]
    assert sorted(surface.owner for surface in surfaces) == ["Ada Head", "Bea Head", "instance"]
    high = next(surface for surface in surfaces if surface.owner == "instance")
    assert high.points[:, 2].min() > 4 and high.triangles.max() < len(high.points)
    bea.root.users_collection[0].hide_viewport = True
    depsgraph.update()
    assert "Bea Splats" not in [cloud.owner for cloud in gather.gather_clouds(depsgraph)]
    assert "Ada Splats" in [cloud.owner for cloud in gather.gather_clouds(depsgraph)]
