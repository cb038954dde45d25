"""Blender's rig equals the backend's LBS, whatever moves it, and needs no scripts to do so."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from cameo.backend.artifacts import HeadParameters
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import joint_transforms, pose_vertices
from cameo.backend.head.limits import limited
from cameo.blender_addon.joints import JOINT_NAMES
from cameo.blender_addon.scene import avatar, pose
from cameo.protocol.errors import AvatarFileError, CameoError
from mathutils import Matrix
from toy_avatar import toy_avatar, toy_mesh

TOLERANCE = 1e-5  # metres


@pytest.fixture
def head(empty_scene):
    return avatar.parts_of(avatar.import_avatar(empty_scene, toy_avatar(200), "Ada"))


def evaluated_vertices(head):
    bpy.context.view_layer.update()
    mesh = head.head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    places = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", places)
    return places.reshape(-1, 3)


def test_neutral_is_the_neutral_mesh(head):
    assert np.abs(evaluated_vertices(head) - toy_mesh().vertices).max() < 1e-7


@pytest.mark.parametrize("seed", range(5))
def test_all_controls_at_random(head, seed):
    mesh, rng = toy_mesh(), np.random.default_rng(seed)
    values = {control.name: float(rng.random()) for control in mesh.controls}
    pose.set_controls(head.root, values)
    expected = pose_vertices(mesh, parameters_from_controls(mesh, values))
    assert np.abs(expected - mesh.vertices).max() > 0.01
    assert np.abs(evaluated_vertices(head) - expected).max() < TOLERANCE


@pytest.mark.parametrize("seed", range(5))
def test_controls_in_conflict(head, seed):
    """Fully on, fully off or between: most ceilings are met, several at once."""
    mesh, rng = toy_mesh(), np.random.default_rng(100 + seed)
    values = {control.name: float(rng.choice([0.0, rng.random(), 1.0])) for control in mesh.controls}
    acting = limited(mesh.controls, values)
    assert sum(acting[name] < value for name, value in values.items()) >= 2
    pose.set_controls(head.root, values)
    expected = pose_vertices(mesh, parameters_from_controls(mesh, values))
    assert np.abs(evaluated_vertices(head) - expected).max() < TOLERANCE


def test_a_ceiling_holds_one_control_and_lets_go_again(head):
    pose.set_controls(head.root, {"mouthClose": 1.0})
    assert np.abs(evaluated_vertices(head) - toy_mesh().vertices).max() < TOLERANCE
    pose.set_controls(head.root, {"jawOpen": 1.0})
    closed = evaluated_vertices(head)
    pose.set_controls(head.root, {"mouthClose": 0.0})
    assert np.abs(evaluated_vertices(head) - closed).max() > 0.01


def test_an_avatar_of_format_1_0_has_no_ceilings_and_plays_as_it_did(empty_scene):
    data = toy_avatar(50)
    plain = tuple(replace(control, ceiling=None) for control in data.controls)
    old = avatar.parts_of(avatar.import_avatar(empty_scene, replace(data, controls=plain, poses=()), "Old"))
    mesh = toy_mesh()
    values = {"mouthClose": 0.8, "eyeBlinkLeft": 1.0, "eyeWideLeft": 1.0, "eyeSquintLeft": 0.7}
    pose.set_controls(old.root, values)
    unlimited = replace(mesh, controls=tuple(replace(control, ceiling=None) for control in mesh.controls))
    expected = pose_vertices(mesh, parameters_from_controls(unlimited, values))
    assert np.abs(evaluated_vertices(old) - expected).max() < TOLERANCE
    assert np.abs(expected - pose_vertices(mesh, parameters_from_controls(mesh, values))).max() > 0.003


@pytest.mark.parametrize("seed", range(3))
def test_joints_turned_by_hand(head, seed):
    mesh, rng = toy_mesh(), np.random.default_rng(seed)
    turns = rng.normal(0, 0.3, (5, 3))
    for joint, axis_angle in zip(JOINT_NAMES, turns):
        pose.set_joint(head.root, joint, axis_angle)
    units = np.zeros(len(mesh.unit_names), np.float32)
    expected = pose_vertices(mesh, HeadParameters(units, turns.astype(np.float32)))
    assert np.abs(evaluated_vertices(head) - expected).max() < TOLERANCE


def test_hand_and_control_add_up_and_correctives_follow_both(head):
    mesh = toy_mesh()
    pose.set_controls(head.root, {"jawOpen": 0.7, "eyeLookUpLeft": 0.5, "eyeLookInLeft": 0.8})
    driven = parameters_from_controls(mesh, pose.control_values(head.root)).pose
    by_hand = {"jaw": (0.1, 0.2, -0.05), "left_eye": (-0.1, 0.15, 0.0)}
    expected_pose = driven.copy()
    for joint, axis_angle in by_hand.items():
        pose.set_joint(head.root, joint, axis_angle)
        index = JOINT_NAMES.index(joint)
        local = joint_transforms(mesh.joints, driven)[2][index]
        extra = np.zeros((5, 3))
        extra[index] = axis_angle
        axis, angle = Matrix(joint_transforms(mesh.joints, extra)[2][index] @ local).to_quaternion().to_axis_angle()
        expected_pose[index] = np.array(axis) * angle
    expected = pose_vertices(mesh, HeadParameters(np.zeros(len(mesh.unit_names), np.float32), expected_pose))
    assert np.abs(evaluated_vertices(head) - expected).max() < TOLERANCE


def test_clearing_a_driven_bone_by_hand_does_not_bend_the_jaw(head):
    for bone in head.rig.pose.bones:
        bone.matrix_basis.identity()
        bone.matrix_basis = bone.matrix_basis  # in axis-angle this leaves (0, 1, 0) as the axis
    mesh, values = toy_mesh(), {"jawOpen": 0.8, "eyeLookUpLeft": 0.6}
    pose.set_controls(head.root, values)
    expected = pose_vertices(mesh, parameters_from_controls(mesh, values))
    assert np.abs(evaluated_vertices(head) - expected).max() < TOLERANCE


def test_sliders_stay_between_0_and_1(head):
    pose.set_controls(head.root, {"mouthPucker": 1.0})
    at_end = evaluated_vertices(head)
    head.rig.pose.bones["mouthPucker"].location = (1.0, 5.0, 1.0)
    assert np.abs(evaluated_vertices(head) - at_end).max() < 1e-6
    head.rig.pose.bones["mouthPucker"].location = (0.0, -5.0, 0.0)
    assert np.abs(evaluated_vertices(head) - toy_mesh().vertices).max() < 1e-6


def test_drivers_work_without_scripts(head):
    drivers = [d for owner in (head.head.data.shape_keys, head.rig) for d in owner.animation_data.drivers]
    assert len(drivers) > 80
    assert all(curve.driver.is_valid and curve.driver.is_simple_expression for curve in drivers)


def test_the_head_faces_the_front_of_blenders_world(head):
    world = np.array(head.head.matrix_world)
    assert np.allclose(world[:3, :3] @ (0, 0, 1), (0, -1, 0), atol=1e-6)  # forward
    assert np.allclose(world[:3, :3] @ (0, 1, 0), (0, 0, 1), atol=1e-6)  # up


def test_mirror_and_reset(head):
    pose.set_controls(head.root, {"mouthSmileLeft": 0.6, "jawLeft": 0.3})
    pose.set_joint(head.root, "neck", (0.1, 0.2, 0.3))
    pose.mirror_pose(head.root)
    values = pose.control_values(head.root)
    assert values["mouthSmileRight"] == pytest.approx(0.6) and values["mouthSmileLeft"] == 0
    assert values["jawRight"] == pytest.approx(0.3)
    turn = pose.joint_handle(head.root, "neck").matrix_basis.to_quaternion().to_exponential_map()
    assert np.allclose(turn, (0.1, -0.2, -0.3), atol=1e-5)
    pose.reset_pose(head.root)
    assert not any(pose.control_values(head.root).values())
    assert np.abs(evaluated_vertices(head) - toy_mesh().vertices).max() < 1e-7


def test_an_unknown_control_changes_nothing(head):
    with pytest.raises(CameoError, match="no control named 'smirk'"):
        pose.set_controls(head.root, {"jawOpen": 1.0, "smirk": 1.0})
    assert pose.control_values(head.root)["jawOpen"] == 0


def test_two_avatars_do_not_disturb_each_other(head):
    other = avatar.parts_of(avatar.import_avatar(bpy.context, toy_avatar(200), "Ada"))
    pose.set_controls(other.root, {"jawOpen": 1.0})
    assert avatar.avatars_in(bpy.context.scene) == [head.root, other.root]
    assert np.abs(evaluated_vertices(head) - toy_mesh().vertices).max() < 1e-7
    assert np.abs(evaluated_vertices(other) - toy_mesh().vertices).max() > 0.01


def test_an_import_that_fails_leaves_nothing(empty_scene):
    data = toy_avatar(50)
    crowd = tuple(replace(control, name=f"c{i}", units=((0, 0.1),)) for i, control in enumerate(data.controls))
    with pytest.raises(AvatarFileError, match="Too many controls"):
        avatar.import_avatar(empty_scene, replace(data, controls=crowd), "Ada")
    assert not empty_scene.scene.objects and not empty_scene.scene.collection.children


def test_parts_are_found_from_any_part_under_any_name(head):
    head.root.name, head.rig.name = "renamed", "also renamed"
    assert avatar.parts_of(head.splats) == head
    with pytest.raises(ValueError, match="not part of an avatar"):
        avatar.parts_of(bpy.data.objects.new("cube", None))
