"""Latent vector and camera label to styles: StyleGAN2's mapping network, conditioned as in EG3D section 4.3."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .layers import Activation, FullyConnected, unit_power


class MappingNetwork(nn.Module):
    """``layers`` fully connected layers over the normalised latent and the normalised embedding of the label.

    The same network with ``w_dim`` 3 and a linear end estimates how a head sits off the centre: PanoHead's
    self-adaptive camera.

    Args:
        z_dim: length of the latent.
        c_dim: length of the label.
        w_dim: length of the result.
        layers: fully connected layers, without the embedding.
        rate: learning-rate multiplier of the layers (0.01 in StyleGAN2).
        last: activation of the last layer.
    """

    w_avg: Tensor

    def __init__(
        self, z_dim: int, c_dim: int, w_dim: int, layers: int, *, rate: float = 0.01, last: Activation = "lrelu"
    ) -> None:
        super().__init__()
        self._layers = layers
        self.embed = FullyConnected(c_dim, w_dim)
        for index in range(layers):
            inputs = z_dim + w_dim if index == 0 else w_dim
            activation = last if index == layers - 1 else "lrelu"
            self.add_module(f"fc{index}", FullyConnected(inputs, w_dim, rate=rate, activation=activation))
        self.register_buffer("w_avg", torch.empty(w_dim))

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        """Latent [N,z_dim] and label [N,c_dim] to [N,w_dim]."""
        value = torch.cat([unit_power(latent), unit_power(self.embed(label))], 1)
        for index in range(self._layers):
            value = cast(FullyConnected, self.get_submodule(f"fc{index}"))(value)
        return value

    def truncated(self, styles: Tensor, psi: float, cutoff: int | None) -> Tensor:
        """Pull styles [N,S,w_dim] towards the average one: less variety, fewer failures.

        Args:
            styles: one style per layer of the synthesis.
            psi: 1 leaves them as they are, 0 makes all the average.
            cutoff: only the first so many styles; None: all.
        """
        pulled = torch.lerp(self.w_avg, styles, psi)
        kept = styles.shape[1] if cutoff is None else min(cutoff, styles.shape[1])
        return torch.cat([pulled[:, :kept], styles[:, kept:]], 1)
