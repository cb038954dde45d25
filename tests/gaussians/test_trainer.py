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
    drawn = np.array([frames.draw(rng, 0.25, 0.2) for _ in range(4000)])
    assert np.isin(drawn, frames.reference).mean() == pytest.approx(0.25, abs=0.03)
    assert np.isin(drawn, frames.expressive).mean() == pytest.approx(0.2, abs=0.03)
    assert set(drawn) == set(range(len(frames)))


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


def test_the_perceptual_loss_sees_the_consistent_picture(toy, posed, bound):
    seen = []

    def spy(image, target):
        seen.append(image.detach())
        return (image - target).abs().mean()

    config = dataclasses.replace(TINY, perceptual_weight=0.05, appearance=AppearanceConfig(kind="paper"))
    trainer = Trainer(toy, posed, bound, config, spy)
    for _ in range(4):
        trainer.step()
    assert not seen  # the static fit has GaussianAvatars' losses alone
    with torch.no_grad():
        trainer.appearance.output.bias += 10  # an offset nobody could overlook
    trainer.step()
    assert len(seen) == 1
    assert seen[0].max() < 1.5


@pytest.mark.parametrize("kind", ["paper", "anchored", "coin_plus"])
def test_every_parameter_is_trained(toy, posed, bound, kind):
    trainer = Trainer(toy, posed, bound, dataclasses.replace(TINY, appearance=AppearanceConfig(kind=kind)))
    before = {name: p.detach().clone() for name, p in trainer.appearance.named_parameters()}
    start = trainer.gaussians.state()
    while trainer.step_count < trainer.total_steps:
        assert np.isfinite(trainer.step())
    for name, parameter in trainer.appearance.named_parameters():
        assert not torch.equal(before[name], parameter), name
    for name in GaussianParameters.NAMES:
        assert not torch.equal(start[name], getattr(trainer.gaussians, name)), name
