"""Inversion with a small network: a known head is found again, and the network that was given stays as it was."""

from dataclasses import replace

import pytest
import torch
from cameo.backend.errors import JobCancelled
from cameo.backend.gaussians.perceptual import load_perceptual
from cameo.backend.priors.panohead import inversion
from cameo.backend.priors.panohead.camera import label_of, round_the_head
from cameo.backend.priors.panohead.chunks import render_in_chunks
from cameo.backend.priors.panohead.inversion import invert
from cameo.backend.priors.panohead.inversion_config import InversionConfig
from cameo.backend.priors.panohead.rays import pixel_rays
from cameo.backend.progress import SilentReporter
from small_panohead import small_generator

RAW = 16
CONFIG = InversionConfig(
    latent_steps=12, style_samples=50, tuning_steps=0, average_weight=0.0, perceptual_weight=0.0, perceptual_size=64
)
LABEL = torch.from_numpy(label_of(round_the_head(20.0)))[None]


@pytest.fixture(scope="module")
def perceptual():
    return load_perceptual()


@pytest.fixture(scope="module")
def network():
    made = small_generator(superresolution_widths=(4, 4))
    made.decoder.net[2].bias[0] += 5.0  # something to see
    made.t_mapping.fc1.weight *= 0.02  # near where the camera looks
    made.t_mapping.fc1.bias *= 0.02
    return made


@pytest.fixture(scope="module")
def target(network):
    """The picture of a known head, from where the inversion will put the camera."""
    with torch.no_grad():
        _, _, shift = inversion._statistics(network, LABEL, CONFIG)
        styles = network.styles(torch.randn(1, 24, generator=torch.Generator().manual_seed(4)), LABEL)
        camera = LABEL.clone()
        camera[:, [3, 7, 11]] += shift
        image = network.images(styles, network.planes(styles), camera, RAW).image
        return image / image.abs().max()


class Losses(SilentReporter):
    """Hears of each step; ``cancel_at`` one it ends the job."""

    def __init__(self, cancel_at=None):
        self.steps, self._cancel_at = 0, cancel_at

    def progress(self, fraction, message=""):
        self.steps += 1
        if self.steps == self._cancel_at:
            raise JobCancelled


def found_by(network, target, perceptual, config, seed=0, reporter=None):
    return invert(network, target, LABEL, config, perceptual, raw_size=RAW, seed=seed, reporter=reporter or Losses())


def difference(head, target):
    with torch.no_grad():
        seen = head.network.images(head.styles, head.planes, head.label, RAW).image
    return float((seen - target).square().mean())


def test_a_known_head_is_found_again(network, target, perceptual):
    """The styles alone bring the picture near, and tuning nearer; the given network does not change."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    start = found_by(network, target, perceptual, replace(CONFIG, latent_steps=0))
    tuned = found_by(network, target, perceptual, replace(CONFIG, tuning_steps=4, tuning_rate=2e-3))
    styled = replace(start, styles=tuned.styles, planes=network.planes(tuned.styles))
    errors = [difference(head, target) for head in (start, styled, tuned)]
    assert errors[1] < 0.5 * errors[0] and errors[2] < 0.9 * errors[1]
    after = network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not any(value.requires_grad for value in (*network.parameters(), *tuned.network.parameters()))
    changed = [name for name, value in tuned.network.state_dict().items() if not torch.equal(value, before[name])]
    assert "backbone.synthesis.b16.conv1.weight" in changed and not any("noise_const" in name for name in changed)


def test_the_same_seed_gives_the_same_head(network, target, perceptual):
    config = replace(CONFIG, latent_steps=2, tuning_steps=2, perceptual_weight=1.0)
    first, again, other = (found_by(network, target, perceptual, config, seed) for seed in (1, 1, 2))
    assert torch.equal(first.planes, again.planes) and torch.equal(first.styles, again.styles)
    assert not torch.equal(first.styles, other.styles)


def test_published_course_of_the_rate():
    """Up over 5 %, down over the last quarter."""
    rates = [inversion._ramp(part, InversionConfig()) for part in (0.0, 0.025, 0.05, 0.5, 0.75, 0.875, 1.0)]
    assert rates == pytest.approx([0, 0.5, 1, 1, 1, 0.5, 0])


def test_styles_begin_at_the_mean_of_random_heads(network):
    average, spread, shift = inversion._statistics(network, LABEL, CONFIG)
    drawn = torch.from_numpy(inversion.np.random.RandomState(123).randn(50, 24)).float()
    front = torch.from_numpy(label_of(round_the_head(0.0))).expand(50, -1)
    styles = network.styles(drawn, front)[:, 0]
    torch.testing.assert_close(average[0, -1], styles.mean(0))
    assert spread == pytest.approx(float((styles - styles.mean(0)).square().sum(1).mean().sqrt()), rel=1e-4)
    torch.testing.assert_close(shift, network.camera_shift(drawn.mean(0, keepdim=True), LABEL))


@pytest.mark.parametrize("step", [1, 3])
def test_cancel_ends_within_a_step(network, target, perceptual, step):
    listener = Losses(cancel_at=step)
    with pytest.raises(JobCancelled):
        found_by(network, target, perceptual, replace(CONFIG, latent_steps=2, tuning_steps=5), reporter=listener)
    assert listener.steps == step


def test_rays_in_chunks_are_those_in_one_go(network):
    """Values and gradients; jitter is the same when a chunk is computed again."""
    styles = network.styles(torch.randn(1, 24, generator=torch.Generator().manual_seed(1)), LABEL)
    rays = pixel_rays(LABEL, 10)
    results = []
    for chunk in (100, 37):
        planes = network.planes(styles).clone().requires_grad_()
        seen = render_in_chunks(network, planes, rays, chunk)
        (seen.features.square().sum() + seen.coverage.sum()).backward()
        results.append((seen, planes.grad))
    (whole, whole_gradient), (parts, parts_gradient) = results
    covered = whole.coverage > 1e-3
    assert covered.float().mean() > 0.5
    torch.testing.assert_close(parts.features, whole.features)
    torch.testing.assert_close(parts.coverage, whole.coverage)
    torch.testing.assert_close(parts.depth[covered], whole.depth[covered])
    torch.testing.assert_close(parts_gradient, whole_gradient, atol=1e-4, rtol=1e-3)
    jittered = [render_in_chunks(network, network.planes(styles), rays, 37, seed).features for seed in (3, 3, 4)]
    assert torch.equal(jittered[0], jittered[1]) and not torch.equal(jittered[0], jittered[2])
