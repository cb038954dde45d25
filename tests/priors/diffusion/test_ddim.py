"""The noise schedule, and that denoising undoes inversion."""

import itertools

import pytest
import torch
from cameo.backend.priors.diffusion.config import DiffusionConfig
from cameo.backend.priors.diffusion.ddim import DdimSchedule, alphas_cumprod, denoise, invert
from cameo.backend.priors.diffusion.pasting import paste, pasting

LATENT = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))


def test_the_papers_values():
    config = DiffusionConfig()
    assert (config.steps, config.strength, config.start_step, config.inverted_steps) == (25, 0.4, 0, 10)


def test_timesteps_of_sdxl():
    assert DdimSchedule(25).timesteps.tolist() == list(range(961, 0, -40))
    for steps in (7, 25, 30):
        schedule = DdimSchedule(steps)
        assert [schedule.timestep(level) for level in range(steps, 0, -1)] == schedule.timesteps.tolist()


def test_alphas_are_the_product_of_what_each_step_keeps():
    kept = 1.0
    for step, alpha in enumerate(alphas_cumprod().tolist()):
        root = 0.00085**0.5 + (0.012**0.5 - 0.00085**0.5) * step / 999
        kept *= 1 - root**2
        assert alpha == pytest.approx(kept, rel=1e-9)


def test_inversion_adds_the_noise_of_its_level():
    """With the network's noise at hand, level k is sqrt(a) x + sqrt(1-a) noise, seen from the schedule's own zero."""
    schedule, noise = DdimSchedule(25), torch.randn(LATENT.shape, generator=torch.Generator().manual_seed(1))
    path = invert(LATENT, lambda *_: noise, schedule, 10)
    first = alphas_cumprod()[0]
    clean = (LATENT - (1 - first) ** 0.5 * noise) / first**0.5
    for level in range(1, 11):
        alpha = alphas_cumprod()[schedule.timestep(level)]
        assert torch.allclose(path[level], (alpha**0.5 * clean + (1 - alpha) ** 0.5 * noise).float(), atol=1e-5)


def test_with_a_constant_network_denoising_returns_the_latent():
    config, schedule = DiffusionConfig(), DdimSchedule(25)
    for constant in (0.0, 0.7):
        path = invert(LATENT, lambda x, t, s, c=constant: torch.full_like(x, c), schedule, config.inverted_steps)
        back = denoise(path[-1], lambda x, t, s, c=constant: torch.full_like(x, c), schedule, config.inverted_steps)
        assert (back - LATENT).abs().max() < 1e-5
        assert (path[-1] - LATENT).abs().max() > 0.1


def smooth_noise(latent, timestep, step):
    """A network whose answer changes gently with latent and time."""
    neighbours = (latent.roll(1, -1) + latent.roll(1, -2) + latent.roll(1, 1)) / 3
    return torch.tanh(0.6 * latent + 0.4 * neighbours) * (0.5 + timestep / 1000)


def test_with_a_smooth_network_the_error_falls_as_the_steps_grow():
    errors = []
    for steps in (10, 25, 50, 100, 200):
        schedule, levels = DdimSchedule(steps), round(0.4 * steps)
        back = denoise(invert(LATENT, smooth_noise, schedule, levels)[-1], smooth_noise, schedule, levels)
        errors.append(float((back - LATENT).abs().mean()))
    assert all(later < 0.7 * earlier for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < 0.02


def test_the_network_is_told_timestep_and_step():
    asked = []

    def noise(latent, timestep, step):
        asked.append((timestep, step))
        return latent

    path = invert(LATENT, noise, DdimSchedule(25), 3)
    denoise(path[-1], noise, DdimSchedule(25), 3)
    assert asked == [(1, 0), (41, 1), (81, 2), (81, 0), (41, 1), (1, 2)]


def test_pasting_all_returns_the_warped_latent_and_nothing_leaves_the_running_one():
    schedule, levels = DdimSchedule(25), 10
    warped = LATENT.flip(-1)
    path, running = (invert(latent, smooth_noise, schedule, levels) for latent in (warped, LATENT))
    mask = torch.zeros(2, 16, 16)
    mask[0] = 1
    got = denoise(running[-1], smooth_noise, schedule, levels, pasting(path, mask))
    assert torch.equal(got[0], warped[0])
    assert torch.equal(got[1], denoise(running[-1], smooth_noise, schedule, levels)[1])


def test_paste_weighs_by_the_mask():
    mask = torch.full((2, 16, 16), 0.1)
    assert torch.allclose(paste(LATENT, LATENT + 1, mask), LATENT + 0.1, atol=1e-6)
