"""Motion in and out through the operators, as the panel calls them."""

from __future__ import annotations

import json

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon.motion.clip import MotionClip, evenly
from cameo.blender_addon.motion.live_link_face import read_live_link_face, write_live_link_face
from cameo.blender_addon.scene import avatar as avatars
from cameo.blender_addon.scene import pose, timeline
from cameo.protocol.avatar import write_avatar
from toy_avatar import toy_avatar


@pytest.fixture
def root(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    write_avatar(tmp_path / "toy.cameo", toy_avatar(200))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "toy.cameo"))
    yield bpy.context.scene.objects["toy"]
    cameo.unregister()


def take(path, frames=61, rate=60.0):
    t = np.arange(frames) / rate
    jaw = 0.1 + 0.8 * t / t[-1]
    neck = np.stack([0 * t, 0.1 + 0.3 * t, 0 * t], 1)
    clip = MotionClip(evenly(frames, rate), rate, {"jawOpen": jaw, "eyeBlinkLeft": 0.2 + 0 * t}, {"neck": neck})
    path.write_text(write_live_link_face(clip))
    return clip


def test_a_csv_at_sixty_frames_plays_at_the_scenes_rate(root, tmp_path):
    take(tmp_path / "take.csv")
    bpy.context.scene.render.fps, bpy.context.scene.frame_end = 24, 20
    bpy.ops.cameo.import_motion(filepath=str(tmp_path / "take.csv"), frame=11)
    assert bpy.context.scene.frame_end == 35  # a second later
    bpy.context.scene.frame_set(23)
    assert pose.control_values(root)["jawOpen"] == pytest.approx(0.5, abs=1e-4)
    rig = avatars.parts_of(root).rig
    assert rig.animation_data.action.name == "take"


def test_rest_strength_and_trim(root, tmp_path):
    take(tmp_path / "take.csv")
    path = str(tmp_path / "take.csv")
    bpy.ops.cameo.import_motion(filepath=path, frame=1, rest="FIRST", lids=0.5, head=0.0)
    bpy.context.scene.frame_set(1)
    values = pose.control_values(root)
    assert values["jawOpen"] == pytest.approx(0, abs=1e-5) and values["eyeBlinkLeft"] == pytest.approx(0, abs=1e-5)
    bpy.context.scene.frame_set(25)
    assert pose.joint_handle(root, "neck").matrix_basis.to_quaternion().angle < 1e-5
    with pytest.raises(RuntimeError, match=r"motion\.nothing_left"):
        bpy.ops.cameo.import_motion(filepath=path, trim_start=7.0)


def test_several_files_become_strips_one_after_another_and_bad_ones_are_named(root, tmp_path):
    for name in ("a", "b"):
        take(tmp_path / f"{name}.csv")
    (tmp_path / "bad.csv").write_text("Timecode,JawOpen\n00:00:00:01.0,wide\n")
    names = [{"name": f"{name}.csv"} for name in ("a", "bad", "b")]
    bpy.ops.cameo.import_motion(directory=str(tmp_path), files=names, frame=1)
    tracks = avatars.parts_of(root).rig.animation_data.nla_tracks
    strips = [strip for track in tracks for strip in track.strips]
    assert [strip.name for strip in strips] == ["a", "b"] and strips[1].frame_start > strips[0].frame_end - 1
    with pytest.raises(RuntimeError, match=r"Line 2, column 2 \(jawopen\).*motion\.unreadable"):
        bpy.ops.cameo.import_motion(filepath=str(tmp_path / "bad.csv"))
    with pytest.raises(RuntimeError, match=r"motion\.unreadable"):
        bpy.ops.cameo.import_motion(filepath=str(tmp_path / "missing.csv"))


def test_an_npz_turns_the_joints_and_says_what_it_left_out(root, tmp_path):
    np.savez(
        tmp_path / "f.npz", expr=np.ones((9, 50)), jaw_pose=np.tile([0.2, 0, 0], (9, 1)), neck_pose=np.zeros((9, 3))
    )
    bpy.ops.cameo.import_motion(filepath=str(tmp_path / "f.npz"), frame=1)
    bpy.context.scene.frame_set(3)
    assert pose.joint_handle(root, "jaw").matrix_basis.to_quaternion().angle == pytest.approx(0.2, abs=1e-4)


def test_json_out_and_in_is_the_same_timeline(root, tmp_path):
    take(tmp_path / "take.csv")
    bpy.ops.cameo.import_motion(filepath=str(tmp_path / "take.csv"), frame=1)
    bpy.ops.cameo.export_motion(filepath=str(tmp_path / "out.json"), start=1, end=20)
    stored = json.loads((tmp_path / "out.json").read_text())
    assert stored["format"] == "cameo_motion" and len(stored["frames"]) == 20
    seen = []
    for _ in range(2):
        bpy.context.scene.frame_set(15)
        seen.append((pose.control_values(root), tuple(pose.joint_handle(root, "neck").rotation_euler)))
        timeline.clear_animation(root)
        bpy.ops.cameo.reset_controls()
        bpy.ops.cameo.import_motion(filepath=str(tmp_path / "out.json"), frame=1)
    assert seen[0][0] == pytest.approx(seen[1][0], abs=1e-5) and seen[0][1] == pytest.approx(seen[1][1], abs=1e-5)


def test_csv_out_is_live_link_faces(root, tmp_path):
    clip = take(tmp_path / "take.csv", 25, 24.0)
    bpy.ops.cameo.import_motion(filepath=str(tmp_path / "take.csv"), frame=1, rate=24.0)
    bpy.ops.cameo.export_motion(filepath=str(tmp_path / "out.csv"), start=1, end=25)
    back = read_live_link_face((tmp_path / "out.csv").read_text(), "out.csv", 24.0)
    assert np.abs(back.controls["jawOpen"] - clip.controls["jawOpen"]).max() < 1e-5
    assert np.abs(back.joints["neck"] - clip.joints["neck"]).max() < 1e-5


def test_splats_of_a_pose_and_of_a_range(root, tmp_path):
    bpy.ops.cameo.export_splats(filepath=str(tmp_path / "one.ply"))
    bpy.ops.cameo.export_splats(filepath=str(tmp_path / "all.ply"), sequence=True, start=3, end=5)
    written = {path.name for path in tmp_path.glob("*.ply")}
    assert written == {"one.ply", "all_0003.ply", "all_0004.ply", "all_0005.ply"}


def test_refusals_of_the_exports(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError, match=r"output\.unwritable"):
        bpy.ops.cameo.export_splats(filepath=str(tmp_path / "file" / "x.ply"))
    with pytest.raises(RuntimeError, match=r"export\.unknown_ending"):
        bpy.ops.cameo.export_motion(filepath=str(tmp_path / "x.bvh"))
    with pytest.raises(RuntimeError, match=r"export\.bad_range"):
        bpy.ops.cameo.export_motion(filepath=str(tmp_path / "x.json"), start=9, end=2)
    with pytest.raises(RuntimeError, match=r"export\.unknown_ending"):
        bpy.ops.cameo.export_shapes(filepath=str(tmp_path / "x.obj"))


def test_nothing_works_without_an_avatar(root):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    for name in ("import_motion", "export_motion", "export_splats", "export_shapes"):
        assert not getattr(bpy.ops.cameo, name).poll()


def test_shapes_are_exported_out_of_pose_mode_and_it_stays(root, tmp_path):
    rig = avatars.parts_of(root).rig
    bpy.context.view_layer.objects.active = rig
    rig.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.cameo.export_shapes(filepath=str(tmp_path / "x.fbx"))
    assert (tmp_path / "x.fbx").stat().st_size > 1e5
    assert rig.mode == "POSE" and bpy.context.view_layer.objects.active == rig
