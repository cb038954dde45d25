import pytest
import torch
from cameo.backend.errors import JobCancelled
from cameo.backend.priors.liveportrait.config import AtRest
from cameo.backend.priors.liveportrait.drive import FRAME_BYTES, appearance_of, drive, rest_shift
from cameo.backend.priors.liveportrait.keypoints import Motion
from cameo.backend.priors.liveportrait.retargeting import retargeted, stitched
from cameo.backend.priors.liveportrait.sequence import MotionSequence, estimated_openings, most_neutral, motion_of_clip
from small_liveportrait import random_image, random_networks

VIEWS, MOMENTS = 3, 4


@pytest.fixture(scope="module")
def networks():
    return random_networks(seed=1)


@pytest.fixture(scope="module")
def sources(networks):
    return [appearance_of(networks, random_image(seed)) for seed in range(VIEWS)]


@pytest.fixture(scope="module")
def motion(networks):
    """A clip whose expression changes visibly: random weights alone hardly react to the image."""
    frames = motion_of_clip(networks, torch.stack([random_image(10 + i) for i in range(MOMENTS)])).frames
    random = torch.Generator().manual_seed(3)
    exp = frames.exp + 0.2 * torch.randn(frames.exp.shape, generator=random)
    return MotionSequence(Motion(frames.kp, frames.R, exp, frames.scale, frames.t), neutral=2)


def test_all_views_move_in_lockstep(networks, sources, motion):
    """What reaches the warping module: at each moment one change of expression, in each view at its own scale."""
    calls = []
    handle = networks.warping.register_forward_pre_hook(lambda _, inputs: calls.append(inputs))
    frames = list(drive(networks, sources, motion, memory_bytes=VIEWS * FRAME_BYTES))
    handle.remove()
    assert [frame.shape for frame in frames] == [(VIEWS, 3, 64, 64)] * MOMENTS
    assert len(calls) == MOMENTS
    for moment, (_, driven, source) in enumerate(calls):
        change = motion.frames.exp[moment] - motion.frames.exp[motion.neutral]
        for view in range(VIEWS):
            moved = (driven[view] - source[view]) / sources[view].motion.scale
            torch.testing.assert_close(moved, change, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(source[view], sources[view].motion.keypoints()[0])


@pytest.mark.parametrize("at_once", [0, 1, 2, 5, 100])
def test_the_memory_budget_changes_nothing_but_memory(networks, sources, motion, at_once):
    sizes = []
    handle = networks.generator.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    parts = torch.stack(list(drive(networks, sources, motion, memory_bytes=at_once * FRAME_BYTES)))
    handle.remove()
    assert max(sizes) == min(max(at_once, 1), VIEWS * MOMENTS)
    whole = torch.stack(list(drive(networks, sources, motion, memory_bytes=1000 * FRAME_BYTES)))
    torch.testing.assert_close(parts, whole, atol=2e-5, rtol=1e-5)


def test_each_view_is_as_if_driven_alone(networks, sources, motion):
    together = torch.stack(list(drive(networks, sources, motion)))
    assert (together[0] - together[1]).abs().max() > 1e-3
    for view, source in enumerate(sources):
        alone = torch.stack(list(drive(networks, [source], motion)))[:, 0]
        torch.testing.assert_close(together[:, view], alone, atol=2e-5, rtol=1e-5)


def test_the_neutral_moment_is_the_source_unmoved(networks, sources, motion):
    frames = list(drive(networks, sources, motion))
    for view, source in enumerate(sources):
        keypoints = source.motion.keypoints()
        still = networks.generator(networks.warping(source.volume, keypoints, keypoints).out)[0]
        torch.testing.assert_close(frames[motion.neutral][view], still, atol=2e-5, rtol=1e-5)


def test_stitching_is_applied_to_the_driven_keypoints(networks, sources, motion):
    calls = []
    handle = networks.warping.register_forward_pre_hook(lambda _, inputs: calls.append(inputs[1]))
    for stitch in (False, True):
        list(drive(networks, sources[:1], motion, stitch=stitch))
    handle.remove()
    at_rest = sources[0].motion.keypoints().expand(MOMENTS, -1, -1)
    torch.testing.assert_close(calls[1], stitched(networks.stitching, at_rest, calls[0]))


def test_a_shift_reaches_every_view_and_moment_alike(networks, sources, motion):
    shift = 0.1 * torch.randn(21, 3, generator=torch.Generator().manual_seed(4))
    calls = []
    handle = networks.warping.register_forward_pre_hook(lambda _, inputs: calls.append(inputs))
    list(drive(networks, sources, motion, shift=shift, memory_bytes=VIEWS * FRAME_BYTES))
    handle.remove()
    for moment, (_, driven, source) in enumerate(calls):
        change = motion.frames.exp[moment] - motion.frames.exp[motion.neutral]
        for view in range(VIEWS):
            moved = (driven[view] - source[view]) / sources[view].motion.scale
            torch.testing.assert_close(moved, change + shift, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(source[view], sources[view].motion.keypoints()[0])


def test_half_precision_is_near_single(networks, motion):
    image = random_image(3)
    single, half = (
        list(drive(networks, [appearance_of(networks, image, half=half)], motion, half=half)) for half in (False, True)
    )
    for ours, exact in zip(half, single):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, exact, atol=0.02, rtol=0)


def test_driving_can_be_ended_before_every_pass(networks, sources, motion):
    passes = []

    def count():
        passes.append(1)
        if len(passes) == 3:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        list(drive(networks, sources, motion, memory_bytes=FRAME_BYTES, before_batch=count))
    assert len(passes) == 3  # within the first moment or at its end, whatever the number of views


def face_with(lips, lids):
    """Landmarks [1,478,2] whose openings are ``lips`` and ``lids`` of the width."""
    landmarks = torch.rand(1, 478, 2, generator=torch.Generator().manual_seed(1)) * 100
    for upper, lower, one, other, opening in (
        (13, 14, 61, 291, lips),
        (159, 145, 33, 133, lids),
        (386, 374, 362, 263, lids),
    ):
        landmarks[0, [one, other]] = torch.tensor([[0.0, 0.0], [40.0, 0.0]])
        landmarks[0, [upper, lower]] = torch.tensor([[20.0, 0.0], [20.0, 40.0 * opening]])
    return landmarks


def test_a_source_at_rest_is_not_shifted(networks, sources):
    assert (rest_shift(networks, sources[0].motion, face_with(0.0, 0.3), AtRest()) == 0).all()


def test_an_open_mouth_and_shut_eyes_are_brought_to_rest(networks, sources):
    """Upstream's lip-zero; the networks move keypoints, a shift moves expressions, before the source's own scale."""
    source = sources[0].motion
    points, zero, wanted = source.keypoints(), torch.zeros(1, 1), torch.full((1, 1), AtRest().eyes_open)
    lips = retargeted(networks.lip, points, torch.tensor([[0.2]]), zero)
    eyes = retargeted(networks.eye, points, torch.tensor([[0.05, 0.05]]), wanted)
    for opening, lids, expected in ((0.2, 0.3, lips), (0.0, 0.05, eyes), (0.2, 0.05, lips + eyes)):
        shift = rest_shift(networks, source, face_with(opening, lids), AtRest())
        torch.testing.assert_close(shift * source.scale, expected[0], atol=1e-5, rtol=1e-4)


def test_a_sample_starts_neutral_and_covers_the_clip(motion):
    exp = torch.arange(9.0)[:, None, None].expand(9, 21, 3)
    nine = Motion(*(torch.zeros(9, *shape) for shape in ((21, 3), (3, 3))), exp, torch.ones(9, 1), torch.zeros(9, 3))
    assert MotionSequence(nine, 0).sampled(5).frames.exp[:, 0, 0].tolist() == [0, 2, 4, 6, 8]
    from_within = MotionSequence(nine, 6).sampled(4)
    assert from_within.neutral == 0 and from_within.frames.exp[:, 0, 0].tolist() == [6, 0, 4, 8]
    assert len(MotionSequence(nine, 0).sampled(50)) == 9


def test_frames_come_one_moment_at_a_time(networks, sources, motion):
    sizes = []
    handle = networks.generator.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    frames = drive(networks, sources, motion, memory_bytes=VIEWS * FRAME_BYTES)
    assert sizes == []
    next(frames)
    assert sizes == [VIEWS]
    handle.remove()


def test_a_clip_in_parts_is_the_clip(networks):
    images = torch.stack([random_image(20 + i) for i in range(5)])
    whole, parts = motion_of_clip(networks, images), motion_of_clip(networks, images, at_once=2)
    assert whole.neutral == parts.neutral
    torch.testing.assert_close(whole.frames.exp, parts.frames.exp, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(whole.frames.R, parts.frames.R, atol=2e-5, rtol=1e-5)


def test_neutral_is_closed_lips_and_open_eyes():
    lip = torch.tensor([0.30, 0.02, 0.00, 0.05, 0.01, 0.20])
    eyes = torch.tensor([[0.30, 0.31], [0.30, 0.02], [0.01, 0.02], [0.31, 0.30], [0.31, 0.31], [0.33, 0.33]])
    assert most_neutral(lip, eyes) == 4  # 1 winks, 2 blinks, the others have an open mouth


def test_openings_read_off_the_expression_go_the_right_way():
    exp = torch.zeros(3, 21, 3)
    exp[1, 19, 1] = 0.05  # the point of the lower lip goes down: the mouth opens
    exp[2, 11, 1] = 0.01  # the point of the lid goes down: the eye shuts
    lip, eyes = estimated_openings(exp)
    assert lip[1] > lip[0] == lip[2]
    assert eyes[2, 0] < eyes[0, 0]
    assert eyes[2, 1] == eyes[0, 1]


def test_landmarks_decide_over_the_estimate(networks):
    images = torch.stack([random_image(30 + i) for i in range(3)])
    landmarks = torch.rand(3, 478, 2, generator=torch.Generator().manual_seed(1)) * 100
    landmarks[:, 14] = landmarks[:, 13] + torch.tensor([[0.0, 40.0], [0.0, 30.0], [0.0, 0.0]])
    for corner, place in ((61, 0.0), (291, 50.0), (33, 0.0), (133, 10.0), (362, 30.0), (263, 40.0)):
        landmarks[:, corner] = torch.tensor([place, 5.0])
    for upper, lower, place in ((159, 145, 5.0), (386, 374, 35.0)):
        landmarks[:, upper], landmarks[:, lower] = torch.tensor([place, 3.0]), torch.tensor([place, 7.0])
    assert motion_of_clip(networks, images, landmarks).neutral == 2
