"""Controls by parts of the face, their keys, and auto keying."""

from __future__ import annotations

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon.joints import JOINT_NAMES
from cameo.blender_addon.scene import avatar, pose, timeline
from cameo.blender_addon.scene.control_groups import GROUPS, controls_in
from cameo.protocol.avatar import write_avatar
from toy_avatar import toy_avatar


@pytest.fixture
def ada(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    write_avatar(tmp_path / "Ada.cameo", toy_avatar(50))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Ada.cameo"))
    bpy.context.preferences.edit.use_keyframe_insert_available = False  # Blender 5.2 begins with it on
    yield bpy.context.scene.objects["Ada"]
    bpy.context.scene.tool_settings.use_keyframe_insert_auto = False
    cameo.unregister()


def slide(root, name, value):
    next(control for control in root.cameo_controls if control.name == name).value = value


def keyed(root):
    return {path.split('"')[1] for path, _ in timeline.curves_of(root)}


def test_every_control_is_in_exactly_one_group(ada):
    names = avatar.control_names(ada)
    listed = [name for group in GROUPS for name in controls_in(group.key, names)]
    assert sorted(listed) == sorted(names)
    assert {joint for group in GROUPS for joint in group.joints} == set(JOINT_NAMES)


def test_resetting_and_mirroring_one_part_leaves_the_others(ada):
    slide(ada, "browDownLeft", 0.5)
    slide(ada, "mouthSmileLeft", 0.5)
    pose.set_joint(ada, "neck", (0.1, 0.2, 0.0))
    bpy.ops.cameo.mirror_controls(group="MOUTH")
    values = pose.control_values(ada)
    assert values["mouthSmileRight"] == pytest.approx(0.5) and values["mouthSmileLeft"] == 0
    assert values["browDownLeft"] == pytest.approx(0.5)
    bpy.ops.cameo.reset_controls(group="BROWS")
    values = pose.control_values(ada)
    assert values["browDownLeft"] == 0 and values["mouthSmileRight"] == pytest.approx(0.5)
    turn = pose.joint_handle(ada, "neck").matrix_basis.to_quaternion().to_exponential_map()
    assert np.allclose(turn, (0.1, 0.2, 0.0), atol=1e-5)
    bpy.ops.cameo.reset_controls(group="HEAD")
    assert pose.joint_handle(ada, "neck").matrix_basis.to_quaternion().angle < 1e-6


def test_keying_one_part(ada):
    bpy.ops.cameo.key_controls(which="ALL", group="EYES")
    eyes = {name for name in avatar.control_names(ada) if name.startswith("eye")}
    assert keyed(ada) == eyes | {"left_eye_handle", "right_eye_handle"}
    slide(ada, "jawOpen", 0.5)
    slide(ada, "browInnerUp", 0.5)
    bpy.ops.cameo.key_controls(which="CHANGED", group="JAW")
    assert "jawOpen" in keyed(ada) and "browInnerUp" not in keyed(ada)


def test_sliders_key_nothing_by_themselves_until_auto_keying_is_on(ada):
    slide(ada, "jawOpen", 0.5)
    bpy.ops.cameo.apply_pose(pose="joy")
    bpy.ops.cameo.mirror_controls()
    assert not timeline.curves_of(ada)
    bpy.context.scene.tool_settings.use_keyframe_insert_auto = True
    bpy.context.scene.frame_set(10)
    slide(ada, "jawOpen", 0.25)
    assert keyed(ada) == {"jawOpen"}
    bpy.context.scene.frame_set(20)
    slide(ada, "jawOpen", 0.75)
    bpy.context.scene.frame_set(15)
    assert pose.control_values(ada)["jawOpen"] == pytest.approx(0.5, abs=1e-4)


def test_auto_keying_keys_poses_resets_and_mirrors(ada):
    bpy.context.scene.tool_settings.use_keyframe_insert_auto = True
    bpy.ops.cameo.apply_pose(pose="contempt")
    assert "mouthDimpleLeft" in keyed(ada) and "tongueOut" not in keyed(ada)
    bpy.context.scene.frame_set(10)
    bpy.ops.cameo.mirror_controls()
    bpy.context.scene.frame_set(20)
    bpy.ops.cameo.reset_controls(group="MOUTH")
    found = []
    for frame in (1, 10, 20):
        bpy.context.scene.frame_set(frame)
        values = pose.control_values(ada)
        found.append((values["mouthDimpleLeft"] > 0.5, values["mouthDimpleRight"] > 0.5))
    # the right side's first key is the mirroring's: before it, the side stands as that key says
    assert found == [(True, True), (False, True), (False, False)]


def test_auto_keying_obeys_blenders_restrictions(ada):
    tools, edit = bpy.context.scene.tool_settings, bpy.context.preferences.edit
    tools.use_keyframe_insert_auto = True
    edit.use_keyframe_insert_available = True
    try:
        slide(ada, "jawOpen", 0.5)
        assert not timeline.curves_of(ada)
        timeline.key_controls(ada, 1, {"jawOpen": 0.5})
        bpy.context.scene.frame_set(10)
        slide(ada, "jawOpen", 0.7)
        assert len(timeline.curves_of(ada)['pose.bones["jawOpen"].location', 1].keyframe_points) == 2
        edit.use_keyframe_insert_available = False
        tools.auto_keying_mode = "REPLACE_KEYS"
        bpy.context.scene.frame_set(12)
        slide(ada, "jawOpen", 0.9)
        assert len(timeline.curves_of(ada)['pose.bones["jawOpen"].location', 1].keyframe_points) == 2
    finally:
        edit.use_keyframe_insert_available = False
        tools.auto_keying_mode = "ADD_REPLACE_KEYS"


def test_the_diamond_beside_a_slider_sets_and_takes_its_key(ada):
    bone = pose.slider(ada, "jawOpen")
    states = []
    for frame in (1, 1, 1, 10):
        bpy.context.scene.frame_set(frame)
        if frame == 1:
            bpy.ops.cameo.toggle_key(control="jawOpen")
        states.append(timeline.key_state(bone, timeline.curves_of(ada), frame))
    assert states == ["KEYED", "STILL", "KEYED", "ANIMATED"]
    with pytest.raises(RuntimeError, match=r"avatar\.unknown_control"):
        bpy.ops.cameo.toggle_key(control="smirk")


def test_a_slider_is_keyed_on_its_bone_alone(ada):
    assert not ada.cameo_controls[0].bl_rna.properties["value"].is_animatable
