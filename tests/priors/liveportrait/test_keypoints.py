import numpy as np
import pytest
import torch
from cameo.backend.priors.liveportrait.keypoints import Motion, angle_degrees, follow, rotation_from_degrees
from scipy.spatial.transform import Rotation


def random_motion(seed, count=1, points=5):
    random = torch.Generator().manual_seed(seed)
    angles = 30 * torch.randn(3, count, 1, generator=random)
    return Motion(
        kp=torch.randn(count, points, 3, generator=random),
        R=rotation_from_degrees(*angles),
        exp=0.1 * torch.randn(count, points, 3, generator=random),
        scale=1 + torch.rand(count, 1, generator=random),
        t=torch.randn(count, 3, generator=random),
    )


@pytest.mark.parametrize(("bin_index", "degrees"), [(0, -97.5), (32, -1.5), (33, 1.5), (65, 97.5)])
def test_a_sure_bin_is_its_angle(bin_index, degrees):
    scores = torch.full((1, 66), -50.0)
    scores[0, bin_index] = 50.0
    assert angle_degrees(scores).item() == pytest.approx(degrees, abs=1e-4)


def test_two_equal_bins_give_the_angle_between():
    scores = torch.full((2, 66), -50.0)
    scores[:, [40, 44]] = 10.0
    assert angle_degrees(scores).tolist() == pytest.approx([42 * 3 - 97.5] * 2, abs=1e-4)


def test_rotation_is_pitch_then_yaw_then_roll_for_row_vectors():
    angles = np.array([[10.0, -25.0, 40.0], [-80.0, 60.0, 5.0]])
    expected = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()  # fixed axes: Rz Ry Rx
    ours = rotation_from_degrees(*torch.tensor(angles).split(1, 1))
    rows = np.array([[0.3, -0.7, 1.1]])
    np.testing.assert_allclose(rows @ ours.numpy(), (expected @ rows.T).transpose(0, 2, 1), atol=1e-12)


def test_keypoints_point_by_point():
    motion = random_motion(3, count=2)
    for b in range(2):
        for k in range(5):
            expected = motion.scale[b] * (motion.R[b].T @ motion.kp[b, k] + motion.exp[b, k])
            expected[:2] += motion.t[b, :2]  # depth is not shifted
            torch.testing.assert_close(motion.keypoints()[b, k], expected)


@pytest.mark.parametrize("region", ["all", "expression"])
def test_nothing_moves_while_the_driver_rests(region):
    source, driver = random_motion(1, count=3), random_motion(2)
    torch.testing.assert_close(follow(source, driver, driver, region).keypoints(), source.keypoints())


def test_expression_alone_moves_each_source_in_its_own_pose():
    sources, frame, reference = random_motion(1, count=3), random_motion(2), random_motion(4)
    moved = follow(sources, frame, reference, "expression").keypoints() - sources.keypoints()
    change = frame.exp[0] - reference.exp[0]
    for view in range(3):
        torch.testing.assert_close(moved[view], sources.scale[view] * change, atol=1e-6, rtol=1e-5)


def test_all_takes_over_turn_size_and_place():
    source, frame, reference = random_motion(1), random_motion(2), random_motion(4)
    moved = follow(source, frame, reference, "all")
    turn = Rotation.from_matrix(frame.R[0]) * Rotation.from_matrix(reference.R[0]).inv()
    expected = turn * Rotation.from_matrix(source.R[0])
    np.testing.assert_allclose(moved.R[0].numpy(), expected.as_matrix(), atol=1e-5)
    torch.testing.assert_close(moved.scale * reference.scale, source.scale * frame.scale)
    torch.testing.assert_close(moved.t - source.t, frame.t - reference.t)


def test_picking_and_joining():
    motion = random_motion(5, count=4)
    again = Motion.joined([motion[1], motion[torch.tensor([3, 0])], motion[-1]])
    torch.testing.assert_close(again.exp, motion.exp[[1, 3, 0, 3]])
    assert len(again) == 4
