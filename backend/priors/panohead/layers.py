"""The fully connected layer, the activation and the resampling filter of StyleGAN2 (Karras et al., CVPR 2020).

Weights are stored at unit variance and scaled when they are used, so that every layer learns at the same speed.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOPE = 0.2  # of the leaky ReLU
_GAIN = math.sqrt(2.0)  # brings back the variance that it takes away
Activation = Literal["linear", "lrelu"]


class FullyConnected(nn.Module):
    """``x W^T rate / sqrt(inputs) + b rate``, then the activation.

    Args:
        inputs: length of x.
        outputs: length of the result.
        rate: learning-rate multiplier of StyleGAN2's mapping network; part of the numerics.
        activation: what follows.
    """

    def __init__(self, inputs: int, outputs: int, *, rate: float = 1.0, activation: Activation = "linear") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self._rate, self._activation = rate, activation

    def forward(self, value: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs]."""
        scale = self._rate / math.sqrt(self.weight.shape[1])
        result = functional.linear(value, self.weight * scale, self.bias * self._rate)
        return leaky(result) if self._activation == "lrelu" else result


def leaky(value: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return functional.leaky_relu(value, _SLOPE) * _GAIN


def unit_power(value: Tensor) -> Tensor:
    """Scale the last axis to a mean square of 1."""
    return value * (value.square().mean(-1, keepdim=True) + 1e-8).rsqrt()


def smooth(value: Tensor, kernel: Tensor, padding: int, gain: float) -> Tensor:
    """Convolve every channel of [N,C,H,W] with ``kernel`` [k,k] and multiply with ``gain``.

    Zeros stand outside the picture, ``padding`` wide; the result is [N,C,H+2p-k+1,W+2p-k+1].
    """
    channels = value.shape[1]
    taps = (kernel.flip(0, 1) * gain).to(value.dtype)  # conv2d correlates
    return functional.conv2d(value, taps.expand(channels, 1, -1, -1), padding=padding, groups=channels)


def doubled(picture: Tensor, kernel: Tensor) -> Tensor:
    """[N,C,H,W] to [N,C,2H,2W]: zeros between the pixels, then the low-pass ``kernel`` [4,4]; brightness is kept."""
    channels = picture.shape[1]
    taps = (kernel * 4.0).to(picture.dtype)  # three of four pixels are zero
    return functional.conv_transpose2d(picture, taps.expand(channels, 1, -1, -1), stride=2, padding=1, groups=channels)
