"""Blender's own mirroring gives what our Mirror gives: Paste Pose Flipped, X-mirror, Flip Pose, flipped keys."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from cameo.blender_addon.joints import JOINT_NAMES
from cameo.blender_addon.scene import avatar, named_poses, pose, pose_assets, timeline
from cameo.blender_addon.scene.board_layout import SLIDE_AXIS, SLIDER_LENGTH, mirrored_name
from toy_avatar import toy_avatar

TOLERANCE = 1e-6  # of what the artist poses: metres, elements of a rotation
EVALUATED = 1e-5  # of what it moves: angles and back again


@pytest.fixture(scope="module")
def rig():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = toy_avatar(50)
    data.joints[2:] += ((4e-4, 0.0, 0.0), (3e-4, 1e-4, -1e-4), (0.0, -2e-4, 0.0))  # nobody is symmetric
    root = avatar.import_avatar(bpy.context, data, "Ada")
    rig = avatar.parts_of(root).rig
    avatar.select_only(bpy.context, rig)
    bpy.ops.object.mode_set(mode="POSE")
    for collection in rig.data.collections:
        collection.is_visible = collection.name not in ("Deform", "Carriers")
    return rig


@pytest.fixture(autouse=True)
def at_rest(rig):
    pose.reset_pose(rig)
    bpy.ops.pose.select_all(action="SELECT")
    rig.pose.use_mirror_x = False


def asymmetric(rig, seed):
    """Every slider and every joint somewhere else."""
    rng = np.random.default_rng(seed)
    pose.set_controls(rig, {name: rng.random() for name in avatar.control_names(rig)})
    for joint in JOINT_NAMES:
        pose.set_joint(rig, joint, rng.normal(0, 0.3, 3))
    pose.joint_handle(rig, "root").location = rng.normal(0, 0.1, 3)


def places(rig):
    """What the artist poses, and where that moves every bone: matrices by bone."""
    bpy.context.view_layer.update()
    posed = {bone.name: np.array(bone.matrix_basis) for bone in rig.pose.bones if bone.select}
    return posed, {bone.name: np.array(bone.matrix) for bone in rig.pose.bones}


def mirrored(rig, change):
    """The pose after ``change``, and after it and our Mirror."""
    change()
    pose.mirror_pose(rig)
    wanted = places(rig)
    pose.reset_pose(rig)
    change()
    return wanted


def assert_same(found, wanted):
    for matrices, others, tolerance in zip(found, wanted, (TOLERANCE, EVALUATED)):
        assert matrices.keys() == others.keys()
        worst = {name: float(np.abs(matrices[name] - others[name]).max()) for name in others}
        assert not {name: error for name, error in worst.items() if error > tolerance}


def flipped_action(rig):
    """The selected bones' pose as an action, as *Create Pose Asset* keys it, flipped as *Flip Pose* flips it."""
    action = bpy.data.actions.new("pose")
    slot = action.slots.new("OBJECT", "pose")
    curves = action.layers.new("pose").strips.new(type="KEYFRAME").channelbag(slot, ensure=True).fcurves
    for bone in rig.pose.bones:
        if bone.select:
            for path in ("location", pose.rotation_path(bone), "scale"):
                for index, value in enumerate(getattr(bone, path)):
                    curves.new(bone.path_from_id(path), index=index).keyframe_points.insert(1.0, value)
    action.flip_with_pose(rig)
    return action


@pytest.mark.parametrize("seed", range(2))
def test_paste_pose_flipped_is_our_mirror(rig, seed):
    wanted = mirrored(rig, lambda: asymmetric(rig, seed))
    assert bpy.ops.pose.copy() == {"FINISHED"}
    pose.reset_pose(rig)
    assert bpy.ops.pose.paste(flipped=True) == {"FINISHED"}
    assert_same(places(rig), wanted)


@pytest.mark.parametrize("seed", range(2))
def test_flip_pose_of_all_an_artist_selects_is_our_mirror(rig, seed):
    wanted = mirrored(rig, lambda: asymmetric(rig, seed))
    action = flipped_action(rig)
    pose.reset_pose(rig)
    rig.pose.apply_pose_from_action(action, evaluation_time=1.0)
    assert_same(places(rig), wanted)


def test_every_shipped_pose_and_every_control_flips_as_our_mirror(rig):
    singles = [named_poses.NamedPose(name, "single", {name: 0.7}) for name in avatar.control_names(rig)]
    for named in (*named_poses.poses_of(rig), *singles):
        pose.reset_pose(rig)
        pose.set_controls(rig, named.controls)
        pose.mirror_pose(rig)
        wanted = pose.control_values(rig)
        pose.reset_pose(rig)
        action = pose_assets.pose_action(rig, named) if named.group != "single" else single_action(rig, named)
        action.flip_with_pose(rig)
        rig.pose.apply_pose_from_action(action, evaluation_time=1.0)
        assert pose.control_values(rig) == pytest.approx(wanted, abs=TOLERANCE), named.name
        assert all(abs(bone.location.x) + abs(bone.location.z) < TOLERANCE for bone in rig.pose.bones)
        bpy.data.actions.remove(action)


def single_action(rig, named):
    action = bpy.data.actions.new("single")
    slot = action.slots.new("OBJECT", "single")
    curves = action.layers.new("single").strips.new(type="KEYFRAME").channelbag(slot, ensure=True).fcurves
    for control, value in named.controls.items():
        curve = curves.new(pose.slider(rig, control).path_from_id("location"), index=SLIDE_AXIS)
        curve.keyframe_points.insert(1.0, value * SLIDER_LENGTH)
    return action


def test_blender_pairs_the_names_that_we_pair(rig):
    for name in (*avatar.control_names(rig), *(pose.joint_handle(rig, joint).name for joint in JOINT_NAMES)):
        assert bpy.utils.flip_name(name) == mirrored_name(name)


def test_x_mirror_moves_the_other_side_as_well(rig):
    rig.pose.use_mirror_x = True
    for bone in rig.pose.bones:
        bone.select = bone.name in ("mouthSmileLeft", "jawRight", "browInnerUp")
    bpy.context.view_layer.update()
    bpy.ops.transform.translate(value=(0.5 * SLIDER_LENGTH, 0.0, 0.0))
    bpy.context.view_layer.update()
    moved = {name: value for name, value in pose.control_values(rig).items() if abs(value) > 1e-6}
    wanted = ("mouthSmileLeft", "mouthSmileRight", "jawLeft", "jawRight", "browInnerUp")
    assert moved == pytest.approx(dict.fromkeys(wanted, 0.5), abs=1e-5)
    for bone in rig.pose.bones:
        bone.select = bone.name == "left_eye_handle"
    bpy.ops.transform.rotate(value=0.3, orient_axis="Z")
    left, right = (pose.joint_handle(rig, f"{side}_eye").matrix_basis.to_quaternion() for side in ("left", "right"))
    assert abs(left.angle) > 0.2
    assert np.allclose((right.w, right.x, right.y, right.z), (left.w, left.x, -left.y, -left.z), atol=1e-5)


def test_a_moved_board_takes_its_sliders_along_and_mirrors_as_before(rig):
    board = rig.pose.bones["face_board"]
    assert not board.select  # the mouse cannot take it, nor a pose
    bpy.context.view_layer.update()
    before = {name: rig.pose.bones[name].matrix.translation.copy() for name in ("mouthSmileLeft", "AU25LipsPart")}
    board.location = (0.1, -0.2, 0.05)
    try:
        bpy.context.view_layer.update()
        for name, place in before.items():
            moved = rig.pose.bones[name].matrix.translation - place
            assert np.allclose(moved, (0.1, -0.2, 0.05), atol=1e-6)
        wanted = mirrored(rig, lambda: asymmetric(rig, 5))
        bpy.ops.pose.copy()
        bpy.ops.pose.paste(flipped=True)
        assert_same(places(rig), wanted)
    finally:
        board.location = (0.0, 0.0, 0.0)


def test_keys_pasted_flipped_in_the_dope_sheet_are_our_mirror(rig):
    asymmetric(rig, 7)
    timeline.key_all(rig, 1)
    area = next(area for area in bpy.context.window.screen.areas if area.type != "VIEW_3D")
    before, area.type = area.type, "DOPESHEET_EDITOR"
    try:
        area.spaces[0].mode = "ACTION"
        region = next(region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.action.select_all(action="SELECT")
            bpy.ops.action.copy()
            bpy.context.scene.frame_set(30)
            assert bpy.ops.action.paste(flipped=True, offset="START") == {"FINISHED"}
        bpy.context.scene.frame_set(1)
        pose.mirror_pose(rig)
        wanted = places(rig)
        bpy.context.scene.frame_set(30)
        assert_same(places(rig), wanted)
    finally:
        area.type = before
        rig.animation_data.action = None
        bpy.context.scene.frame_set(1)
