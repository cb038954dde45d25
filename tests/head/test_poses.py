"""The table of visemes and emotions."""

from pathlib import Path

import cameo
import numpy as np
import pytest
from cameo.backend.errors import CameoError
from cameo.backend.head.controls import ARKIT_NAMES, mirrored_controls, parameters_from_controls
from cameo.backend.head.facs import ACTION_UNITS
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.limits import limited
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.poses import EMOTION, POSES, VISEME, named_pose

MODEL = load_head_model()
VISEMES = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"]
ONE_SIDED = ("contempt",)


def test_the_fifteen_visemes_and_the_emotions_are_there():
    assert [pose.name for pose in POSES if pose.group == VISEME] == VISEMES
    emotions = {pose.name for pose in POSES if pose.group == EMOTION}
    assert {"calm", "joy", "sadness", "anger", "fear", "disgust", "surprise", "contempt"} <= emotions
    assert len({pose.name for pose in POSES}) == len(POSES)


@pytest.mark.parametrize("pose", POSES, ids=lambda pose: pose.name)
def test_a_pose_is_made_of_arkit_controls_that_all_act(pose):
    assert pose.controls.keys() <= set(ARKIT_NAMES)
    assert all(0 < value <= 1 for value in pose.controls.values())
    acting = limited(MODEL.controls, pose.controls)
    assert acting == pose.controls  # nothing meets a ceiling
    same = mirrored_controls(pose.controls) == pose.controls
    assert same == (pose.name not in ONE_SIDED)


def test_visemes_leave_eyes_and_brows_alone():
    used = {name for pose in POSES if pose.group == VISEME for name in pose.controls}
    assert all(name.startswith(("mouth", "jaw", "tongue")) for name in used)


def test_poses_look_different_from_each_other():
    mesh = make_avatar_mesh(MODEL, MODEL.v_template, np.zeros_like(MODEL.v_template))
    for group in (VISEME, EMOTION):
        faces = [
            pose_vertices(mesh, parameters_from_controls(mesh, pose.controls)) for pose in POSES if pose.group == group
        ]
        for index, face in enumerate(faces):
            nearest = min(np.linalg.norm(face - other, axis=1).max() for other in faces[:index] + faces[index + 1 :])
            assert nearest > 1.5e-3, POSES[index].name


def test_a_pose_in_part_and_one_that_is_not_there():
    assert named_pose("aa").at(0.5)["jawOpen"] == pytest.approx(0.5 * named_pose("aa").controls["jawOpen"])
    with pytest.raises(CameoError, match="no pose named 'smug'") as caught:
        named_pose("smug")
    assert "joy" in caught.value.fix


def test_the_page_for_artists_names_every_action_unit_and_every_viseme():
    page = (Path(cameo.__path__[0]) / "docs" / "controls.md").read_text(encoding="utf-8")
    stems = {name.removesuffix("Left").removesuffix("Right") for name in ACTION_UNITS.values()}
    assert [stem for stem in sorted(stems) if f"`{stem}" not in page] == []
    assert " ".join(VISEMES) in page
