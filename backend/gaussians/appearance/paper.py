"""COIN as the paper prints it (FaceCraft4D section 3.4)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

from ...config import AppearanceConfig
from .base import Appearance

_OCTAVES = 4


class PaperCoin(Appearance):
    """Offset = MLP(e_view, c, e_g), two layers; the reference view's offset is baked.

    c enters detached: its own gradient comes through c + offset. The penalty is weight * mean |offset| over Gaussians
    and channels (the paper does not state the reduction; with the mean, weight 1 leaves the offset near zero).
    """

    def __init__(self, places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> None:
        super().__init__(places, views, reference, config)
        generator = torch.Generator().manual_seed(0)
        waves = (places - places.mean(0))[:, :, None] * (15 * 2.0 ** torch.arange(_OCTAVES)).to(places)
        self.fourier = nn.Buffer(torch.cat([waves.flatten(1).sin(), waves.flatten(1).cos()], 1))
        inputs = 3 + config.gaussian_features + self.fourier.shape[1]
        bound = (inputs + config.view_features) ** -0.5
        self.view_features = nn.Parameter(0.1 * torch.randn(views, config.view_features, generator=generator))
        features = 0.1 * torch.randn(len(places), config.gaussian_features, generator=generator)
        self.gaussian_features = nn.Parameter(features)
        weights = [2 * torch.rand(config.hidden, n, generator=generator) - 1 for n in (inputs, config.view_features)]
        self.from_gaussian, self.from_view = (nn.Parameter(bound * weight) for weight in weights)
        self.bias = nn.Parameter(torch.zeros(config.hidden))
        self.output = nn.Linear(config.hidden, 3)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.to(places.device)

    @property
    def has_offsets(self) -> bool:
        return True

    def offset(self, view: int, base: torch.Tensor) -> torch.Tensor:
        features = torch.cat([base.detach(), self.gaussian_features, self.fourier], 1)
        of_view = self.from_view @ self.view_features[view] + self.bias
        return self.output(torch.relu(linear(features, self.from_gaussian) + of_view))

    def penalty(self, view: int, offset: torch.Tensor) -> torch.Tensor:
        return self.config.offset_weight * offset.abs().mean()

    def groups(self) -> list[dict[str, object]]:
        return [{"params": list(self.parameters()), "lr": self.config.network_rate, "name": "coin"}]
