import pytest
import torch
from cameo.backend.errors import StageError
from cameo.backend.head.controls import ARKIT_NAMES
from cameo.backend.head.model import load_head_model
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.priors.liveportrait.config import ExpressionClipsConfig
from cameo.backend.priors.liveportrait.rig import RIG_CLIPS, motion_of_rig, rig_controls, rig_pictures
from small_liveportrait import random_networks


def test_eight_clips_of_known_controls_by_default():
    """The paper drives with eight clips (section 4)."""
    names = ExpressionClipsConfig().rig_clips
    assert len(names) == len(set(names)) == 8
    known = {control.name for control in load_head_model().controls}
    for name in names:
        for pose in RIG_CLIPS[name]:
            assert pose and set(pose) <= known and all(0 < value <= 1 for value in pose.values())


def test_together_they_move_everything_that_arkit_names():
    used = {name for clip in RIG_CLIPS.values() for pose in clip for name in pose}
    assert set(ARKIT_NAMES) - used <= {"mouthClose", "mouthShrugUpper"}


@pytest.mark.parametrize("moments", [2, 7, 12])
def test_a_clip_starts_at_rest_and_ends_at_its_last_key(moments):
    poses = rig_controls("jaw", moments)
    assert len(poses) == moments
    assert poses[0] == {}
    assert poses[-1] == pytest.approx(RIG_CLIPS["jaw"][-1])


def test_moments_lie_on_straight_lines_between_keys():
    assert rig_controls("jaw", 13)[1] == pytest.approx({"jawOpen": 0.125})
    assert rig_controls("jaw", 7)[1:] == tuple(map(pytest.approx, RIG_CLIPS["jaw"]))


def test_a_clip_that_is_not_there_is_named():
    with pytest.raises(StageError, match="wink") as caught:
        rig_controls("wink", 3)
    assert caught.value.code == "clip.unknown"


def test_the_pictures_show_the_expressions_to_the_landmarker():
    poses = ({}, {"jawOpen": 0.8}, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0})
    images = rig_pictures(poses)
    assert images.shape == (3, 3, 256, 256) and images.min() >= 0 and images.max() <= 1
    faces = [find_landmarks((image.movedim(0, 2) * 255).byte().numpy()) for image in images]
    assert all(face is not None and face.presence > 0.99 for face in faces)
    still, open_jaw, blink = (face.blendshapes for face in faces)
    assert open_jaw["jawOpen"] > still["jawOpen"] + 0.4
    assert blink["eyeBlinkLeft"] > still["eyeBlinkLeft"] + 0.3


def test_the_extractor_sees_a_motion():
    motion = motion_of_rig(random_networks(), rig_controls("jaw", 3))
    assert len(motion) == 3 and motion.neutral == 0
    change = (motion.frames.exp - motion.reference.exp).abs().amax((1, 2))
    assert change[0] == 0 and (change[1:] > 1e-4).all()
    torch.testing.assert_close(motion.frames.kp[0], motion_of_rig(random_networks(), [{}]).frames.kp[0])
