"""A fixed number of Gaussians that move to where they are worth most (3DGS-MCMC, Kheradmand et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from ..config import DensityConfig
from .binding import matrix_from_quaternion
from .parameters import GaussianParameters
from .rasterizer import Gaussians, RasterOut
from .rearrange import rearrange, spare_one_per_face

_MOST_COPIES = 51  # as the paper's code: beyond it the sum below loses its digits
_GATE_STEEPNESS = 100.0  # k of the paper's noise gate
_STILL_OPACITY = 0.1  # here the gate has fallen to 1e-4: noise is left out from there on
_MM = 1e-3


def relocated(opacity: np.ndarray, copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What makes N equal Gaussians at one place look like one (the paper's relocation).

    Args:
        opacity: [K] in (0, 1) of the one. copies: int [K], N >= 1.

    Returns:
        float64 opacity [K] of each of the N, and the factor [K] on its scale.
    """
    count = np.minimum(copies, _MOST_COPIES).astype(np.float64)
    one = np.asarray(opacity, np.float64)
    each = 1 - (1 - one) ** (1 / count)
    # the double sum of the paper, with sum_i C(i-1, k) = C(N, k+1)
    total, binomial = np.zeros(len(one)), np.ones(len(one))
    for k in range(int(count.max(initial=0))):
        binomial = binomial * (count - k) / (k + 1)  # C(N, k+1), 0 beyond N
        total += (-1) ** k * binomial * each ** (k + 1) / math.sqrt(k + 1)
    return each, one / total


class FixedBudget:
    """Dead Gaussians are reborn on live ones, the nearly dead drift, and what is not needed is asked to fade.

    ``extent`` metres is the unit of length in which the paper's weights hold.
    """

    absgrad = False

    def __init__(self, config: DensityConfig, extent: float) -> None:
        self.config, self.extent = config, extent

    def penalty(self, gaussians: GaussianParameters) -> torch.Tensor:
        """Weights times the mean opacity and the mean scale."""
        config = self.config
        opacity, scale = gaussians.logit_opacity.sigmoid().mean(), gaussians.log_scale.exp().mean()
        return config.opacity_weight * opacity + config.scale_weight / self.extent * scale

    def observe(self, outs: Sequence[RasterOut], posed: Gaussians) -> None:
        """Opacity alone decides here."""

    def act(
        self, step: int, gaussians: GaussianParameters, optimizer: torch.optim.Optimizer, rng: np.random.Generator
    ) -> np.ndarray | None:
        config, source = self.config, None
        if config.start <= step <= config.stop and step % config.interval == 0:
            source = self._relocate(gaussians, optimizer, rng)
        rate = next(group["lr"] for group in optimizer.param_groups if group.get("name") == "local")
        self._drift(gaussians, rate, rng)
        return source

    def _relocate(
        self, gaussians: GaussianParameters, optimizer: torch.optim.Optimizer, rng: np.random.Generator
    ) -> np.ndarray | None:
        """Move the dead, and add new ones while there is room, to live Gaussians drawn by their opacity."""
        config, count = self.config, len(gaussians)
        opacity = gaussians.logit_opacity.detach().sigmoid().cpu().numpy().astype(np.float64)
        dead = opacity <= config.faint
        moved = np.flatnonzero(~spare_one_per_face(gaussians.face, opacity, ~dead))
        added = max(0, min(config.most, int((1 + config.growth) * count)) - count)
        live = np.flatnonzero(~dead)
        if len(moved) + added == 0 or len(live) == 0:
            return None
        drawn = rng.choice(live, len(moved) + added, p=opacity[live] / opacity[live].sum())
        copies = np.bincount(drawn, minlength=count)
        each, factor = relocated(opacity, copies + 1)
        source = np.arange(count)
        source[moved] = drawn[: len(moved)]
        source = np.concatenate([source, drawn[len(moved) :]])
        shared = copies[source] > 0
        rearrange(gaussians, optimizer, source, shared)
        each = np.clip(each, config.faint, 1 - np.finfo(np.float32).eps)
        with torch.no_grad():
            device = gaussians.local.device
            rows = torch.as_tensor(shared, device=device)
            own = torch.as_tensor(source[shared])
            gaussians.logit_opacity[rows] = torch.logit(torch.tensor(each)[own]).float().to(device)
            gaussians.log_scale[rows] += torch.tensor(factor).log()[own, None].float().to(device)
        return source

    def _drift(self, gaussians: GaussianParameters, rate: float, rng: np.random.Generator) -> None:
        """Noise in the shape of each Gaussian, for those about to die; ``rate`` of ``local``, mm."""
        with torch.no_grad():
            opacity = gaussians.logit_opacity.sigmoid()
            rows = torch.nonzero(opacity < _STILL_OPACITY)[:, 0]
            noise = torch.as_tensor(rng.standard_normal((len(rows), 3), np.float32), device=opacity.device)
            gate = torch.sigmoid(_GATE_STEEPNESS * (self.config.faint - opacity[rows]))
            quats = torch.nn.functional.normalize(gaussians.rotation[rows], dim=1)
            axes = torch.as_tensor(matrix_from_quaternion(quats.cpu().numpy()), device=opacity.device)
            variance = (gaussians.log_scale[rows].exp() / self.extent).square()
            shaped = (axes @ (variance[:, :, None] * (axes.transpose(1, 2) @ noise[:, :, None])))[:, :, 0]
            # lengths in units of the extent: noise * (rate / extent) * variance, and back to millimetres
            gaussians.local[rows] += self.config.noise * rate * gate[:, None] * shaped

    def state(self) -> dict[str, torch.Tensor]:
        return {}

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Nothing is kept from step to step."""
