"""DDIM inversion and denoising (Song et al. 2021) on Stable Diffusion XL's noise schedule, over any noise network.

A *level* counts inverted steps: level 0 is the clean latent, level k has the noise of the schedule's k-th lowest
timestep. FaceCraft4D inverts to level 10 of 25 and denoises from there (section 6.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

TRAINING_STEPS = 1000
_FIRST_BETA, _LAST_BETA = 0.00085, 0.012
_OFFSET = 1  # SDXL's scheduler shifts its "leading" timesteps by one

Noise = Callable[[torch.Tensor, int, int], torch.Tensor]
"""``noise(latent, timestep, step)``: the noise that the network sees in ``latent``, of the same shape. ``timestep`` is
0..999; ``step`` counts the calls of one inversion or denoising from 0."""


def alphas_cumprod() -> torch.Tensor:
    """float64 [1000], the share of the clean latent's variance at each timestep ("scaled linear" betas)."""
    root_beta = torch.linspace(_FIRST_BETA**0.5, _LAST_BETA**0.5, TRAINING_STEPS, dtype=torch.float64)
    return torch.cumprod(1 - root_beta**2, 0)


@dataclass(frozen=True)
class DdimSchedule:
    """``steps`` evenly spaced timesteps of the 1000 that the network was trained with."""

    steps: int

    @property
    def timesteps(self) -> torch.Tensor:
        """int64 [steps], descending: 961, 921, ..., 1 for 25 steps ("leading" spacing)."""
        return (torch.arange(self.steps) * self._stride + _OFFSET).flip(0)

    def timestep(self, level: int) -> int:
        """The timestep whose noise a latent of ``level`` 1..steps has."""
        return (level - 1) * self._stride + _OFFSET

    def invert_step(self, latent: torch.Tensor, noise: torch.Tensor, timestep: int) -> torch.Tensor:
        """Move ``latent`` one step up, to ``timestep``; ``noise`` of the same shape."""
        return self._move(latent, noise, timestep - self._stride, timestep)

    def denoise_step(self, latent: torch.Tensor, noise: torch.Tensor, timestep: int) -> torch.Tensor:
        """Move ``latent`` one step down, from ``timestep``; the exact inverse of :meth:`invert_step`."""
        return self._move(latent, noise, timestep, timestep - self._stride)

    @property
    def _stride(self) -> int:
        return TRAINING_STEPS // self.steps

    @staticmethod
    def _move(latent: torch.Tensor, noise: torch.Tensor, start: int, end: int) -> torch.Tensor:
        # Below the schedule's first timestep the latent counts as that of timestep 0 (SDXL's set_alpha_to_one=False).
        kept, wanted = (float(_ALPHAS[max(timestep, 0)]) for timestep in (start, end))
        clean = (latent - (1 - kept) ** 0.5 * noise) / kept**0.5
        return wanted**0.5 * clean + (1 - wanted) ** 0.5 * noise


_ALPHAS = alphas_cumprod()


def invert(latent: torch.Tensor, noise: Noise, schedule: DdimSchedule, levels: int) -> list[torch.Tensor]:
    """Add the noise that the network itself would take away.

    The network is asked at the timestep moved *to*, as MasaCtrl does.

    Args:
        latent: float [B,...], clean.
        levels: how far up, 0..steps.

    Returns:
        levels + 1 latents like ``latent``; item k has level k.
    """
    path = [latent]
    for step in range(levels):
        timestep = schedule.timestep(step + 1)
        path.append(schedule.invert_step(path[-1], noise(path[-1], timestep, step), timestep))
    return path


def denoise(
    latent: torch.Tensor,
    noise: Noise,
    schedule: DdimSchedule,
    levels: int,
    after_step: Callable[[torch.Tensor, int], torch.Tensor] | None = None,
) -> torch.Tensor:
    """Take the noise away again.

    Args:
        latent: float [B,...] of level ``levels``.
        after_step: ``after_step(latent, level)`` gets each new latent with its level and returns what to go on with
            (:func:`.pasting.paste`).

    Returns:
        float [B,...], clean.
    """
    for step, level in enumerate(range(levels, 0, -1)):
        timestep = schedule.timestep(level)
        latent = schedule.denoise_step(latent, noise(latent, timestep, step), timestep)
        if after_step is not None:
            latent = after_step(latent, level - 1)
    return latent
