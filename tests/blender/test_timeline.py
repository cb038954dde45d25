"""Keyframes of controls and joints."""

from __future__ import annotations

import bpy
import pytest
from cameo.blender_addon.scene import avatar, pose, timeline, turntable
from cameo.blender_addon.scene.board_drawing import KNOB_RADIUS, letters
from cameo.blender_addon.scene.board_layout import BOARD, SLIDER_LENGTH, lay_out
from toy_avatar import toy_avatar


@pytest.fixture
def root(empty_scene):
    return avatar.import_avatar(empty_scene, toy_avatar(50), "Ada")


def test_keys_interpolate_between_frames(root):
    timeline.key_controls(root, 1, {"jawOpen": 0.0})
    timeline.key_controls(root, 11, {"jawOpen": 1.0})
    bpy.context.scene.frame_set(6)
    assert pose.control_values(root)["jawOpen"] == pytest.approx(0.5, abs=1e-5)
    assert len(timeline.curves_of(root)) == 1


def test_key_all_keys_every_control_and_joint(root):
    timeline.key_all(root, 5)
    curves = timeline.curves_of(root)
    sliders = [path for path, _ in curves if path.endswith('"].location')]
    assert len(set(sliders)) == len(avatar.control_names(root)) + 1  # and the root's own
    turned = {path.split('"')[1] for path, _ in curves if path.endswith("rotation_euler")}
    assert turned == {"root", "neck", "jaw_handle", "left_eye_handle", "right_eye_handle"}


def test_key_changed_keys_only_what_differs(root):
    timeline.key_controls(root, 1, {"jawOpen": 0.3, "cheekPuff": 0.0})
    assert timeline.key_changed(root, 1) == []
    pose.set_controls(root, {"jawOpen": 0.5, "mouthPucker": 0.2})
    pose.set_joint(root, "neck", (0.0, 0.3, 0.0))
    assert sorted(timeline.key_changed(root, 10)) == ["jawOpen", "mouthPucker", "neck"]
    bpy.context.scene.frame_set(10)
    assert pose.control_values(root)["jawOpen"] == pytest.approx(0.5)
    assert timeline.key_changed(root, 10) == []


def test_clearing_keeps_the_action_for_others(root):
    timeline.key_controls(root, 1, {"jawOpen": 0.3})
    action = avatar.parts_of(root).rig.animation_data.action
    timeline.clear_animation(root)
    assert timeline.curves_of(root) == {}
    assert action.name in bpy.data.actions


def test_turntable_keys_the_faces_and_returns_to_the_first(root, cameo_engine):
    settings = turntable.Turntable(frames=48)
    camera = turntable.set_up_turntable(bpy.context, root, settings)
    scene = bpy.context.scene
    assert scene.camera == camera and (scene.frame_start, scene.frame_end) == (1, 48)
    seen = []
    for frame in range(1, 50):
        scene.frame_set(frame)
        seen.append(pose.control_values(root))
    assert seen[0] == seen[48]
    assert max(values["jawOpen"] for values in seen) > 0.6
    assert max(values["eyeBlinkLeft"] for values in seen) > 0.9


def test_a_second_turntable_replaces_the_first(root, cameo_engine):
    for frames in (24, 48):
        camera = turntable.set_up_turntable(bpy.context, root, turntable.Turntable(frames=frames))
    assert [o for o in bpy.context.scene.objects if o.type == "CAMERA"] == [camera]


def test_a_film_is_written(root, cameo_engine, tmp_path):
    settings = turntable.Turntable(frames=3, size=64)
    turntable.set_up_turntable(bpy.context, root, settings)
    turntable.set_up_film(bpy.context.scene, tmp_path / "turn.mp4")
    bpy.ops.render.render(animation=True)
    film = bpy.data.movieclips.load(str(tmp_path / "turn.mp4"))
    assert film.frame_duration == 3 and tuple(film.size) == (64, 64)


def test_every_control_has_its_place_on_a_board(root):
    names = avatar.control_names(root)
    layouts = lay_out(names)
    places = {(slider.x, slider.y): slider.control for layout in layouts for slider in layout.sliders}
    assert sorted(places.values()) == sorted(names)  # none lost, none on top of another
    arkit = [slider.control for slider in layouts[0].sliders]
    assert len(arkit) == 52 and all(slider.collection == BOARD for slider in layouts[0].sliders)
    board = {slider.control: slider for slider in layouts[0].sliders}
    assert board["mouthSmileRight"].y == board["mouthSmileLeft"].y  # a pair shares its row
    assert board["mouthSmileRight"].x < board["mouthSmileLeft"].x  # as one sees it face to face
    assert board["jawRight"].y == board["jawLeft"].y
    assert {"Smile", "Sideways", "Tongue Out", "Cheek Puff"} <= {label.text for label in layouts[0].labels}


def test_labels_stand_clear_of_the_sliders(root):
    for layout in lay_out(avatar.control_names(root)):
        for label in (label for label in layout.labels if not label.heading):
            outline = letters(label)[0]
            (left, low, _), (right, high, _) = outline.min(0), outline.max(0)
            row = [slider for slider in layout.sliders if low < slider.y < high]
            beside = [slider for slider in row if abs(slider.x - label.x) < layout.second_place]
            assert beside
            for slider in beside:
                assert right < slider.x - KNOB_RADIUS or slider.x + SLIDER_LENGTH + KNOB_RADIUS < left + 1e-4, (
                    label.text
                )
