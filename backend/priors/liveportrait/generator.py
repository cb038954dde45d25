"""The generator G: features to a picture, with SPADE's spatial normalisation (Park et al. 2019)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import instance_norm, interpolate, leaky_relu, relu

from .sizes import NetworkSizes

_LEAK = 0.2


class SpadeGenerator(nn.Module):
    """Features [B,F,S,S] to a picture [B,3,8S,8S] in 0..1 (published: F = 256, S = 64)."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        features, hidden = sizes.features, sizes.spade_hidden
        self.fc = nn.Conv2d(features, 2 * features, 3, padding=1)
        self._middle = [f"G_middle_{i}" for i in range(sizes.generator_blocks)]
        for name in self._middle:
            self.add_module(name, SpadeBlock(2 * features, 2 * features, features, hidden))
        self.up_0 = SpadeBlock(2 * features, features, features, hidden)
        self.up_1 = SpadeBlock(features, sizes.generator_last, features, hidden)
        # the last doubling makes 2 x 2 pixels of the channels of one
        self.conv_img = nn.Sequential(nn.Conv2d(sizes.generator_last, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = self.fc(features)
        for name in self._middle:
            x = self.get_submodule(name)(x, features)
        x = self.up_0(interpolate(x, scale_factor=2), features)
        x = self.up_1(interpolate(x, scale_factor=2), features)
        return self.conv_img(leaky_relu(x, _LEAK)).sigmoid()


class SpadeBlock(nn.Module):
    """Two convolutions added to the input, or to its projection where the channels change.

    Plain convolutions: ``spectral_norm.folded`` has divided their weights before they are loaded.
    """

    def __init__(self, inputs: int, outputs: int, features: int, hidden: int) -> None:
        super().__init__()
        between = min(inputs, outputs)
        self.conv_0 = nn.Conv2d(inputs, between, 3, padding=1)
        self.conv_1 = nn.Conv2d(between, outputs, 3, padding=1)
        self.norm_0 = SpadeNorm(inputs, features, hidden)
        self.norm_1 = SpadeNorm(between, features, hidden)
        self.projects = inputs != outputs
        if self.projects:
            self.conv_s = nn.Conv2d(inputs, outputs, 1, bias=False)
            self.norm_s = SpadeNorm(inputs, features, hidden)

    def forward(self, x: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        inner = self.conv_0(leaky_relu(self.norm_0(x, features), _LEAK))
        inner = self.conv_1(leaky_relu(self.norm_1(inner, features), _LEAK))
        return inner + (self.conv_s(self.norm_s(x, features)) if self.projects else x)


class SpadeNorm(nn.Module):
    """``x`` [B,C,H,W] normalised over each channel of each item, then scaled and shifted at every pixel by what
    convolutions make of ``features`` [B,F,S,S], enlarged to H x W (nearest).
    """

    def __init__(self, channels: int, features: int, hidden: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(features, hidden, 3, padding=1))
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        hidden = relu(self.mlp_shared(interpolate(features, size=x.shape[2:])))
        return instance_norm(x) * (1 + self.mlp_gamma(hidden)) + self.mlp_beta(hidden)
