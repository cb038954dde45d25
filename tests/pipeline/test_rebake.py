"""An avatar in another view's colours, from what training kept."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from cameo.backend.config import AppearanceConfig, InitialCloudConfig, ReconstructionConfig
from cameo.backend.errors import StageError
from cameo.backend.pipeline.rebake import rebaked
from cameo.backend.pipeline.reconstruction import reconstruct
from cameo.backend.progress import SilentReporter

sys.path.insert(0, str(Path(__file__).parents[1] / "gaussians"))
from toy import toy_set

RED = 3
CONFIG = ReconstructionConfig(
    cloud=InitialCloudConfig(gaussians=2000),
    appearance=AppearanceConfig(affine_weight=0.0, affine_rate=0.02),
    size=64,
    static_steps=10,
    coin_steps=80,
)


@pytest.fixture(scope="module")
def data():
    """A toy head that one of its views shows in red."""
    toy = toy_set(64, 4, surface_level=1)
    images = toy.images.copy()
    reddened = images[toy.view_index == RED]
    reddened[..., 1:3] //= 2
    images[toy.view_index == RED] = reddened
    return dataclasses.replace(toy, images=images)


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return reconstruct(data, CONFIG, SilentReporter(), checkpoint_dir=folder), folder


def redness(avatar):
    color = avatar.gaussians.color
    return float((color[:, 0] - color[:, 1:].mean(1)).mean())


def test_the_red_views_look_is_redder(data, made):
    avatar, folder = made
    red, other = (rebaked(avatar, data, CONFIG, folder, view) for view in (RED, 1))
    assert redness(red) > redness(avatar) + 0.04
    assert redness(red) > redness(other) + 0.04
    assert red.provenance["baked_view"] == RED
    assert np.array_equal(red.gaussians.offset, avatar.gaussians.offset)
    again = rebaked(red, data, CONFIG, folder, data.reference_view)
    assert np.allclose(again.gaussians.color, avatar.gaussians.color, atol=1e-6)


def test_a_view_that_is_not_there(data, made):
    with pytest.raises(StageError) as caught:
        rebaked(made[0], data, CONFIG, made[1], len(data.cameras))
    assert caught.value.code == "reconstruction.no_such_view"


def test_without_a_checkpoint_it_says_so(data, made, tmp_path):
    with pytest.raises(StageError) as caught:
        rebaked(made[0], data, CONFIG, tmp_path, RED)
    assert caught.value.code == "reconstruction.not_rebakeable"
