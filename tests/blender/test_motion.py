"""Performances on the timeline and off it, by the scene's functions and by the operators."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from cameo.blender_addon.motion.clip import MotionClip, evenly
from cameo.blender_addon.motion.turns import multiply, to_quaternions
from cameo.blender_addon.scene import avatar, flame_expression, motion_action, pose, shape_export, splat_ply, timeline
from cameo.protocol.errors import CameoError
from toy_avatar import toy_avatar, toy_mesh


@pytest.fixture
def root(empty_scene):
    return avatar.import_avatar(empty_scene, toy_avatar(300), "Ada")


def clip_of(frames=30, rate=24.0):
    t = np.arange(frames) / rate
    return MotionClip(
        evenly(frames, rate),
        rate,
        {"jawOpen": 0.5 + 0.5 * np.sin(t), "eyeBlinkLeft": np.abs(np.cos(t)), "noSuchThing": t},
        {
            "neck": np.stack([0.2 * np.sin(t), 0.4 * np.cos(t), 0.0 * t], 1),
            "jaw": np.tile([0.1, 0.0, 0.0], (frames, 1)),
        },
    )


def test_a_clip_becomes_an_action_and_is_read_back(root):
    clip = clip_of()
    action, missing = motion_action.apply_motion(root, clip, 5, "Take 1")
    assert missing == ["noSuchThing"] and avatar.parts_of(root).rig.animation_data.action == action
    assert len(timeline.curves_of(root)) == 2 + 3 + 3
    back = motion_action.sample_timeline(bpy.context, root, 5, 34)
    assert np.abs(back.controls["jawOpen"] - clip.controls["jawOpen"]).max() < 1e-5
    assert np.abs(back.joints["neck"] - clip.joints["neck"]).max() < 1e-5
    assert np.abs(back.joints["jaw"] - clip.joints["jaw"]).max() < 1e-5
    assert not avatar.parts_of(root).head.hide_viewport


def test_the_action_that_was_there_stays_in_the_file(root):
    timeline.key_controls(root, 1, {"jawOpen": 0.3})
    old = avatar.parts_of(root).rig.animation_data.action
    motion_action.apply_motion(root, clip_of(), 1, "Take")
    assert old.use_fake_user and avatar.parts_of(root).rig.animation_data.action != old


def test_a_strip_plays_from_its_frame(root):
    action, _ = motion_action.apply_motion(root, clip_of(), 20, "Take", as_strip=True)
    animation = avatar.parts_of(root).rig.animation_data
    strip = animation.nla_tracks[0].strips[0]
    assert animation.action is None and strip.action == action and strip.frame_start == 20
    bpy.context.scene.frame_set(30)
    expected = clip_of().controls["jawOpen"][10]
    assert pose.control_values(root)["jawOpen"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "ZYX"])
def test_any_rotation_mode_of_a_handle(root, mode):
    pose.joint_handle(root, "neck").rotation_mode = mode
    clip = clip_of()
    motion_action.apply_motion(root, clip, 1, "Take")
    back = motion_action.sample_timeline(bpy.context, root, 1, 30)
    assert np.abs(back.joints["neck"] - clip.joints["neck"]).max() < 1e-5


def test_whole_turns_of_the_eyes_hold_the_controls(root):
    pose.set_controls(root, {"eyeLookOutLeft": 1.0})
    timeline.key_all(root, 1)
    eyes = motion_action.sample_eyes(bpy.context, root, 1, 1)
    assert eyes["left_eye"][0, 1] > 0.2 and abs(eyes["right_eye"][0]).max() < 1e-4  # to the subject's left


def test_a_handle_turns_after_what_the_controls_turn(root):
    """The order that ``cameo export --clip`` computes with."""
    parts = avatar.parts_of(root)

    def jaw():
        bpy.context.view_layer.update()
        rig = parts.rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bone = rig.pose.bones["jaw"]
        local = rig.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL")
        return np.array(local.to_quaternion())[None]

    pose.set_controls(root, {"jawOpen": 0.5, "jawLeft": 0.4})
    controls = jaw()
    pose.set_joint(root, "jaw", (0.1, 0.3, -0.1))
    handle = to_quaternions(np.array([[0.1, 0.3, -0.1]]))
    assert np.abs(jaw() - multiply(handle, controls)).max() < 1e-5


def test_flame_expressions_move_only_a_flame_head(root):
    clip = MotionClip(evenly(3, 24.0), 24.0, {}, {}, expression=np.ones((3, 5)))
    kept = flame_expression.expression_on_controls(bpy.context, root, clip)
    assert kept.expression is None and not kept.controls and "not made on FLAME" in kept.notes[-1]


def test_expressions_of_a_head_with_flames_keys_are_fitted(root):
    """Stand-in for FLAME: raw components that mix two of the head's own shapes."""
    head = avatar.parts_of(root).head
    keys = head.data.shape_keys.key_blocks
    basis = np.array([tuple(point.co) for point in keys[0].points])
    smile = np.array([tuple(point.co) for point in keys["mouthSmileLeft"].points]) - basis
    sneer = np.array([tuple(point.co) for point in keys["noseSneerRight"].points]) - basis
    for k, direction in enumerate((smile + sneer, smile - sneer)):
        key = head.shape_key_add(name=f"expression{k:03d}", from_mix=False)
        key.points.foreach_set("co", (basis + direction).astype(np.float32).ravel())
    wanted = np.array([[0.0, 0.0], [0.35, 0.35], [0.3, -0.2]])  # smile 0; 0.7; 0.1 with sneer 0.5
    clip = MotionClip(evenly(3, 24.0), 24.0, {}, {}, expression=wanted)
    fitted = flame_expression.expression_on_controls(bpy.context, root, clip)
    assert np.abs(fitted.controls["mouthSmileLeft"] - [0, 0.7, 0.1]).max() < 0.06
    assert np.abs(fitted.controls["noseSneerRight"] - [0, 0, 0.5]).max() < 0.06
    assert "fitted" in fitted.notes[-1]


def test_a_ply_of_the_pose_is_what_cameo_export_writes(root, tmp_path):
    from cameo.backend.artifacts import GaussianAvatar
    from cameo.backend.exporters.ply import posed_splats, read_ply, write_ply
    from cameo.backend.head.controls import parameters_from_controls
    from toy_avatar import toy_gaussians

    values = {"jawOpen": 0.6, "mouthSmileLeft": 0.5}
    pose.set_controls(root, values)
    root.location = (1.0, 2.0, 3.0)
    splat_ply.write_splats(bpy.context, root, tmp_path / "ours.ply")
    mesh = toy_mesh()
    thumbnail = np.zeros((1, 1, 3), np.uint8)
    made = GaussianAvatar(mesh, toy_gaussians(mesh, 300), thumbnail, {})
    theirs = posed_splats(made, parameters_from_controls(mesh, values))
    write_ply(tmp_path / "theirs.ply", theirs)
    ours_head, theirs_head = (
        (tmp_path / f"{name}.ply").read_bytes().split(b"end_header\n")[0] for name in ("ours", "theirs")
    )
    kept = [line for line in theirs_head.splitlines() if not line.startswith(b"comment")]
    assert ours_head.splitlines() == kept
    ours = read_ply(tmp_path / "ours.ply")
    assert np.abs(ours.means - theirs.means).max() < 1e-5 and np.abs(ours.scales / theirs.scales - 1).max() < 1e-2
    assert np.abs(ours.colors - theirs.colors).max() < 1e-3 and np.abs(ours.opacities - theirs.opacities).max() < 1e-5
    assert np.abs((ours.quats * theirs.quats).sum(1)).min() > 1 - 1e-5


def vertices_with(context, member, values):
    return shape_export._posed_vertices(context, avatar.parts_of(member), values)


def imported(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    mesh = next(o for o in bpy.context.scene.objects if o.type == "MESH" and o.data.shape_keys)
    rig = next(o for o in bpy.context.scene.objects if o.type == "ARMATURE")
    return mesh, rig


def world_vertices(mesh):
    bpy.context.view_layer.update()
    evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    co = np.array([tuple(vertex.co) for vertex in evaluated.data.vertices])
    matrix = np.array(evaluated.matrix_world)
    return co @ matrix[:3, :3].T + matrix[:3, 3]


def nearest(found, wanted):
    """Largest distance of a wanted vertex to the found ones: importers split and reorder vertices."""
    from mathutils.kdtree import KDTree

    tree = KDTree(len(found))
    for k, place in enumerate(found):
        tree.insert(place, k)
    tree.balance()
    return max(tree.find(place)[2] for place in wanted)


def data_blocks():
    kinds = ("objects", "meshes", "armatures", "materials", "actions", "shape_keys")
    return {kind: {item.name for item in getattr(bpy.data, kind)} for kind in kinds}


@pytest.mark.parametrize("ending", ["glb", "fbx"])
def test_exported_shapes_come_back_with_their_vertices(root, tmp_path, ending):
    faces = {"jawOpen": {"jawOpen": 1.0}, "mouthSmileLeft": {"mouthSmileLeft": 1.0}, "eyeLookUpLeft": None}
    world = np.array(root.matrix_world)
    wanted = {
        name: vertices_with(bpy.context, root, values or {name: 1.0}) @ world[:3, :3].T
        for name, values in faces.items()
    }
    before = data_blocks()
    names = shape_export.export_shapes(bpy.context, root, tmp_path / f"ada.{ending}")
    assert len(names) == 52 and before == data_blocks()
    mesh, rig = imported(tmp_path / f"ada.{ending}")
    assert {"root", "neck", "jaw", "left_eye", "right_eye"} <= {bone.name for bone in rig.data.bones}
    keys = mesh.data.shape_keys.key_blocks
    assert set(names) <= {key.name for key in keys}
    for name, vertices in wanted.items():
        keys[name].value = 1.0
        assert nearest(world_vertices(mesh)[::1], vertices[::37]) < 2e-5
        keys[name].value = 0.0


def test_an_animation_goes_along(root, tmp_path):
    motion_action.apply_motion(root, clip_of(12), 1, "Take")
    shape_export.export_shapes(bpy.context, root, tmp_path / "ada.glb", frames=(1, 12))
    imported(tmp_path / "ada.glb")
    (action,) = bpy.data.actions
    curves = {
        (slot.target_id_type, curve.data_path, curve.array_index): curve
        for slot in action.slots
        for curve in action.layers[0].strips[0].channelbag(slot).fcurves
    }
    jaw = curves["KEY", 'key_blocks["jawOpen"].value', 0]
    start, end = jaw.range()
    found = [jaw.evaluate(frame) for frame in np.linspace(start, end, 12)]
    assert np.abs(found - clip_of(12).controls["jawOpen"]).max() < 1e-4
    neck = [curves["OBJECT", 'pose.bones["neck"].rotation_quaternion', k].evaluate(start) for k in range(4)]
    assert np.abs(neck - np.array([np.cos(0.2), 0, np.sin(0.2), 0])).max() < 1e-4


def test_an_unknown_ending_is_refused(root, tmp_path):
    with pytest.raises(CameoError, match=r"export\.unknown_ending"):
        shape_export.export_shapes(bpy.context, root, tmp_path / "ada.obj")
