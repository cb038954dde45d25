"""Where new avatars come to stand, and how the view finds them."""

from __future__ import annotations

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon.scene.placing import free_place
from cameo.protocol.avatar import write_avatar
from mathutils import Vector
from toy_avatar import toy_avatar


@pytest.fixture
def ada(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    path = tmp_path / "Ada.cameo"
    write_avatar(path, toy_avatar(50))
    yield str(path)
    cameo.unregister()


def places():
    roots = (item for item in bpy.context.scene.objects if "cameo_avatar" in item)
    return sorted(tuple(round(value, 3) for value in root.location) for root in roots)


def test_a_head_stands_at_the_origin_the_next_beside_it_and_a_copy_beside_both(ada):
    bpy.ops.cameo.import_avatar(filepath=ada)
    bpy.ops.cameo.import_avatar(filepath=ada)
    bpy.ops.cameo.duplicate_avatar()
    assert places() == [(0, 0, 0), (0.65, 0, 0), (1.3, 0, 0)]
    bpy.ops.cameo.look_at_avatar(name="Ada.001")
    for area in bpy.context.screen.areas:
        if area.type == "VIEW_3D":
            view = area.spaces.active.region_3d
            np.testing.assert_allclose(view.view_location, (0.65, 0.01, -0.015), atol=1e-5)
            towards_us = view.view_rotation @ Vector((0, 0, 1))
            assert towards_us.y < -0.9 and towards_us.z > 0.1, "from before the face, a little above"


def test_blenders_first_cube_hides_no_head(ada):
    bpy.ops.mesh.primitive_cube_add(size=2)
    bpy.ops.cameo.import_avatar(filepath=ada)
    assert places() == [(1.2, 0, 0)]


@pytest.mark.parametrize(
    ("size", "place", "hidden"), [(8, (0, 0, 0), False), (0.5, (0, 2, 0), False), (0.5, (0, 0, 0), True)]
)
def test_rooms_and_what_stands_elsewhere_take_no_place(ada, size, place, hidden):
    bpy.ops.mesh.primitive_cube_add(size=size, location=place)
    assert (free_place(bpy.context).x > 0) == hidden
    bpy.context.object.hide_set(True)
    assert free_place(bpy.context).x == 0
