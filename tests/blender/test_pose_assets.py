"""Visemes and emotions in the pose library."""

from __future__ import annotations

from dataclasses import replace

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon.scene import avatar, pose, pose_assets
from cameo.blender_addon.scene.named_poses import pose_values, poses_of
from cameo.protocol.avatar import write_avatar
from toy_avatar import toy_avatar


@pytest.fixture
def ada(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    data = toy_avatar(2000)
    some = tuple(pose for pose in data.poses if pose.name in ("sil", "aa", "joy", "sadness"))  # pictures take time
    write_avatar(tmp_path / "Ada.cameo", replace(data, poses=some))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Ada.cameo"))
    yield bpy.context.scene.objects["Ada"]
    cameo.unregister()


def assets():
    return {action.name: action for action in bpy.data.actions if action.asset_data is not None}


def pixels(action):
    values = np.empty(128 * 128 * 4, np.float32)
    action.preview.image_pixels_float.foreach_get(values)
    return values.reshape(128, 128, 4)


def test_every_pose_becomes_an_asset_with_a_picture_of_the_posed_face(ada):
    pose.set_controls(ada, {"cheekPuff": 0.3})
    bpy.ops.cameo.add_pose_assets()
    found = assets()
    assert len(found) == len(poses_of(ada)) == 4
    assert {a.asset_data.catalog_id for a in found.values()} == {
        pose_assets.catalog_id(g) for g in ("viseme", "emotion")
    }
    rest, open_mouth = pixels(found["sil"]), pixels(found["aa"])
    assert rest[64, 64, :3].max() > 0.4 and rest[125, 2, :3].max() < 0.3  # a face, and nothing in the corner
    rows = np.flatnonzero((np.abs(rest - open_mouth).max(-1) > 0.1).any(1))
    assert len(rows) and rows.max() < 64  # rows count from below: the lower half moves
    assert pose.control_values(ada)["cheekPuff"] == pytest.approx(0.3)  # the pose on show is as it was


def test_adding_them_again_makes_no_second_set(ada):
    bpy.ops.cameo.add_pose_assets()
    names = set(assets())
    bpy.ops.cameo.add_pose_assets()
    assert set(assets()) == names and len(bpy.data.actions) == len(names)


def test_whole_and_half_poses_on_another_avatar(ada, tmp_path):
    bpy.ops.cameo.add_pose_assets()
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Ada.cameo"), name="Bea")
    bea = bpy.context.scene.objects["Bea"]
    rig = avatar.parts_of(bea).rig
    wanted = pose_values(bea, "joy", 1.0)
    pose.set_controls(bea, {"mouthFrownLeft": 0.8, "tongueOut": 0.4})
    rig.pose.blend_pose_from_action(assets()["Joy"], blend_factor=0.5, evaluation_time=1.0)
    half = pose.control_values(bea)
    assert half["mouthSmileLeft"] == pytest.approx(wanted["mouthSmileLeft"] / 2, abs=1e-5)
    assert half["mouthFrownLeft"] == pytest.approx(0.4, abs=1e-5)  # another emotion's control goes half-way to rest
    assert half["tongueOut"] == pytest.approx(0.4, abs=1e-5)  # speech is left alone
    rig.pose.apply_pose_from_action(assets()["Joy"], evaluation_time=1.0)
    whole = pose.control_values(bea)
    assert {name: whole[name] for name in wanted} == pytest.approx(wanted, abs=1e-5)
    assert pose.control_values(ada)["mouthSmileLeft"] == 0


def test_a_library_of_the_preferences_gets_poses_and_catalogs(ada, tmp_path):
    libraries = bpy.context.preferences.filepaths.asset_libraries
    library = libraries.new(name="Poses", directory=str(tmp_path / "poses"))
    try:
        catalogs = tmp_path / "poses" / pose_assets.CATALOG_FILE
        catalogs.parent.mkdir()
        catalogs.write_text("VERSION 1\n\n0f8fad5b-d9cb-469f-a165-70867728950e:Mine:Mine\n", encoding="utf-8")
        for _ in range(2):
            bpy.ops.cameo.add_pose_assets(library="Poses")
        assert not bpy.data.actions
        lines = catalogs.read_text(encoding="utf-8").splitlines()
        assert [line.partition(":")[2] for line in lines[2:]] == [
            "Mine:Mine",
            "Cameo:Cameo",
            "Cameo/Visemes:Cameo-Visemes",
            "Cameo/Emotions:Cameo-Emotions",
        ]
        with bpy.data.libraries.load(str(tmp_path / "poses" / pose_assets.POSES_FILE), assets_only=True) as (there, _):
            assert len(there.actions) == 4
    finally:
        libraries.remove(library)


def test_a_saved_files_own_catalogs_stand_beside_it(ada, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.cameo.add_pose_assets()
    assert "Cameo/Emotions" in (tmp_path / pose_assets.CATALOG_FILE).read_text(encoding="utf-8")


def test_without_poses_it_is_not_offered(ada):
    del ada["cameo_poses"]
    assert not bpy.ops.cameo.add_pose_assets.poll()
