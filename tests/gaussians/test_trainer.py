"""One training step: what is drawn, what is compared, what the perceptual loss sees."""

import dataclasses

import numpy as np
import pytest
import torch
from cameo.backend.config import AppearanceConfig, InitialCloudConfig, ReconstructionConfig
from cameo.backend.gaussians.frames import TrainingFrames
from cameo.backend.gaussians.initialise import initial_gaussians
from cameo.backend.gaussians.parameters import GaussianParameters
from cameo.backend.gaussians.trainer import Trainer
from cameo.backend.head.lbs import pose_vertices

TINY = ReconstructionConfig(cloud=InitialCloudConfig(gaussians=2000), size=64, static_steps=4, coin_steps=16)


@pytest.fixture(scope="module")
def posed(toy):
    return [pose_vertices(toy.mesh, pose) for pose in toy.poses]


@pytest.fixture(scope="module")
def bound(toy, posed):
    return initial_gaussians(toy.mesh, posed, toy.surface, TINY.cloud)


def test_parameters_round_trip(bound):
    back = GaussianParameters(bound).bound()
    assert np.allclose(back.offset, bound.offset, atol=1e-4)
    assert np.allclose(back.scale, bound.scale, rtol=1e-5)
    assert np.allclose(back.opacity, bound.opacity, atol=1e-5)
    assert np.allclose(np.abs((back.rotation * bound.rotation).sum(1)), 1, atol=1e-5)


def test_frames_leave_out_what_is_held_out_and_keep_the_shares(toy):
    frames = TrainingFrames(toy, 64)
    assert len(frames) == (~toy.held_out).sum()
    rng = np.random.default_rng(0)
    drawn = np.concatenate([frames.draw(rng, 0.25, 0.2) for _ in range(4000)])
    assert np.isin(drawn, frames.reference).mean() == pytest.approx(0.25, abs=0.03)
    assert np.isin(drawn, frames.expressive).mean() == pytest.approx(0.2, abs=0.03)
    assert set(drawn) == set(range(len(frames)))


def test_still_frames_are_those_of_the_pose_that_most_views_show(toy):
    """Where views of a photo were generated no frame shows neutral: they show the photo's own expression."""
    shifted = dataclasses.replace(toy, poses=(toy.poses[0], *toy.poses), pose_index=toy.pose_index + 1)
    frames, other = TrainingFrames(toy, 64), TrainingFrames(shifted, 64)
    assert frames.still_pose == 0 and other.still_pose == 1
    for name in ("still", "expressive", "reference"):
        np.testing.assert_array_equal(getattr(frames, name), getattr(other, name))
    first, second = np.random.default_rng(0), np.random.default_rng(0)
    drawn = [[f.draw(rng, 0.25, 0.2, 2) for _ in range(50)] for f, rng in ((frames, first), (other, second))]
    assert drawn[0] == drawn[1]


def test_a_crop_shows_what_the_whole_picture_shows(toy, posed, bound):
    trainer = Trainer(toy, posed, bound, TINY)
    frame = trainer.frames[1]
    assert frame.rgba.shape[0] == frame.camera.height
    assert frame.rgba.shape[1] == frame.camera.width
    whole = torch.tensor(toy.images[trainer.frames.indices[1]]).float() / 255
    x0, y0, _ = frame.window
    assert torch.equal(frame.rgba, whole[y0 : y0 + frame.camera.height, x0 : x0 + frame.camera.width])
    assert whole[..., 3].sum() == frame.rgba[..., 3].sum()
    assert frame.camera.K[0, 2] == pytest.approx(32 - x0)


def test_the_views_of_a_step_show_one_moment(toy):
    frames = TrainingFrames(toy, 64)
    rng = np.random.default_rng(0)
    for _ in range(200):
        drawn = frames.draw(rng, 0.25, 0.3, 3)
        assert len(set(drawn)) == 3
        assert len(set(frames.pose[drawn])) == 1


@pytest.mark.parametrize("crop", [False, True])
def test_views_together_equal_views_one_by_one(toy, posed, bound, crop):
    """Whole pictures go to the rasterizer in one call, as on a GPU; crops one by one."""
    gradients = []
    for together in (True, False):
        trainer = Trainer(toy, posed, bound, TINY)
        trainer.frames = TrainingFrames(toy, 64, crop=crop)
        views = [trainer.frames[j] for j in (0, 1, 2)]
        if together:
            trainer._views_loss(views)[0].backward()
        else:
            torch.stack([trainer._views_loss([view])[0] for view in views]).mean().backward()
        gradients.append(trainer.gaussians.color.grad)
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-9)
    assert gradients[0].abs().max() > 0


def test_a_state_can_be_loaded_again_and_again(toy, posed, bound):
    first = Trainer(toy, posed, bound, TINY)
    while not first.in_coin:
        first.step()
    state = first.state()
    results = []
    for _ in range(2):
        trainer = Trainer(toy, posed, bound, TINY)
        trainer.load(state)
        while trainer.step_count < trainer.total_steps:
            trainer.step()
        results.append(trainer.gaussians.state())
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])


class Spy:
    """A perceptual distance that remembers what it was shown."""

    def __init__(self):
        self.shown, self.targets = [], 0

    def features(self, image):
        self.targets += 1
        return [image]

    def distance(self, image, features):
        self.shown.append(image.detach())
        return (image - features[0]).abs().mean()


@pytest.mark.parametrize(("kind", "bound_holds"), [("paper", True), ("anchored", True), ("coin_plus", False)])
def test_which_picture_the_perceptual_loss_sees(toy, posed, bound, kind, bound_holds):
    spy = Spy()
    config = dataclasses.replace(TINY, perceptual_weight=0.05, appearance=AppearanceConfig(kind=kind))
    trainer = Trainer(toy, posed, bound, dataclasses.replace(config, reference_share=0.0), spy)
    for _ in range(4):
        trainer.step()
    assert not spy.shown  # the static fit has GaussianAvatars' losses alone
    trainer.step()
    assert trainer.appearance is not None
    with torch.no_grad():  # a change of colour that nobody could overlook
        change = trainer.appearance.of_view.affine if kind == "coin_plus" else trainer.appearance.output.bias
        change += 10
    spy.shown.clear()
    for _ in range(8):
        trainer.step()
    assert (max(shown.max() for shown in spy.shown) < 1.5) == bound_holds


def test_target_features_are_computed_once_while_memory_allows(toy, posed, bound):
    config = dataclasses.replace(TINY, perceptual_weight=0.05, static_steps=0, coin_steps=40)
    kept, forgetful = Spy(), Spy()
    for spy, megabytes in ((kept, 64), (forgetful, 0)):
        trainer = Trainer(toy, posed, bound, dataclasses.replace(config, perceptual_cache_mb=megabytes), spy)
        while trainer.step_count < trainer.total_steps:
            trainer.step()
    assert kept.targets <= len(trainer.frames)
    assert forgetful.targets == 40
    assert all(torch.equal(a, b) for a, b in zip(kept.shown, forgetful.shown, strict=True))


@pytest.mark.parametrize("kind", ["paper", "anchored", "coin_plus"])
def test_every_parameter_is_trained(toy, posed, bound, kind):
    trainer = Trainer(toy, posed, bound, dataclasses.replace(TINY, appearance=AppearanceConfig(kind=kind)))
    start = trainer.gaussians.state()
    while trainer.appearance is None:
        trainer.step()
    before = {name: p.detach().clone() for name, p in trainer.appearance.named_parameters()}
    while trainer.step_count < trainer.total_steps:
        assert np.isfinite(trainer.step())
    for name, parameter in trainer.appearance.named_parameters():
        assert not torch.equal(before[name], parameter), name
    for name in GaussianParameters.NAMES:
        assert not torch.equal(start[name], getattr(trainer.gaussians, name)), name
