"""Blender 5.3 draws splats by itself: what the add-on then leaves to it. Shown by a property of the same name and
values on the Blender at hand; no 5.3 was there to run."""

from __future__ import annotations

import bpy
import pytest
from cameo.blender_addon.render import gather
from cameo.blender_addon.scene import avatar
from cameo.blender_addon.scene.splats import drawn_by_blender
from toy_avatar import as_data, toy_gaussians, toy_mesh


@pytest.fixture
def native_blender():
    if "type" in bpy.types.PointCloud.bl_rna.properties:
        yield  # this Blender has the real one
        return
    kinds = [("POINTS", "Points", ""), ("GAUSSIAN_SPLAT", "3D Gaussian Splats", "")]
    bpy.types.PointCloud.type = bpy.props.EnumProperty(items=kinds)
    yield
    del bpy.types.PointCloud.type


def import_head(context, name):
    mesh = toy_mesh()
    return avatar.parts_of(avatar.import_avatar(context, as_data(mesh, toy_gaussians(mesh, 100)), name))


def test_a_head_is_drawn_once(empty_scene, native_blender):
    """The views leave native heads to Blender, and draw those of older files; renders by Cameo hold all of them."""
    old, new = import_head(empty_scene, "Old"), import_head(empty_scene, "New")
    assert drawn_by_blender(old.splats.data) and drawn_by_blender(new.splats.data)
    old.splats.data.type = "POINTS"  # as a file of Blender 5.2 opens
    old.splats.data.update_tag()
    depsgraph = empty_scene.evaluated_depsgraph_get()
    depsgraph.update()
    assert not new.head.visible_camera  # renders by EEVEE and Cycles show the splats alone
    native = {cloud.owner: cloud.native for cloud in gather.gather_clouds(depsgraph)}
    assert native == {"Old Splats": False, "New Splats": True}
    assert len(gather.gather_splats(depsgraph).means) == 200


def test_the_tick_swaps_splats_for_the_mesh_and_back(addon, empty_scene, native_blender):
    head = import_head(empty_scene, "Ada")
    for shown in (True, False, True):
        empty_scene.scene.cameo_view.show_splats = shown
        empty_scene.view_layer.update()
        assert head.splats.hide_viewport is not shown
        assert head.head.show_instancer_for_viewport is not shown


def test_without_the_addon_blender_shows_its_splats_and_no_mesh(empty_scene, native_blender):
    """The scene then lacks the add-on's setting, and the drivers fall back."""
    assert not hasattr(empty_scene.scene, "cameo_view")
    head = import_head(empty_scene, "Ada")
    empty_scene.view_layer.update()
    assert not head.splats.hide_viewport
    assert not head.head.show_instancer_for_viewport
