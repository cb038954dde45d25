"""Convolutions whose input channels are scaled by a style (StyleGAN2 section 2.2)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import FullyConnected, leaky, smooth

Noise = Literal["const", "none"]


def demodulation(weight: Tensor, style: Tensor) -> Tensor:
    """Factors that bring each output channel back to unit variance.

    Args:
        weight: [outputs, inputs, k, k].
        style: [N, inputs].

    Returns:
        [N, outputs], 1 / sqrt(sum (style weight)^2).
    """
    power = weight.square().sum((2, 3))
    return (style.square() @ power.T + 1e-8).rsqrt()


def modulated(value: Tensor, weight: Tensor, style: Tensor, kernel: Tensor | None = None) -> Tensor:
    """Convolve ``style * value`` with ``weight`` and divide by the expected size of the result.

    Scaling the pictures instead of the weights lets a batch share one convolution.

    Args:
        value: [N, inputs, H, W], fp32 or fp16.
        weight: [outputs, inputs, k, k] fp32, k odd.
        style: [N, inputs] fp32.
        kernel: low-pass [4,4]; given, the result is twice as large.

    Returns:
        [N, outputs, H, W] or [N, outputs, 2H, 2W], in the dtype of ``value``.
    """
    if value.dtype == torch.float16:
        # Any scale of weight and style cancels in the demodulation; with a largest entry of 1 nothing overflows.
        largest = weight.abs().amax((1, 2, 3), keepdim=True)
        weight = weight / (largest * math.sqrt(weight[0].numel()))
        style = style / style.abs().amax(1, keepdim=True)
    factors = demodulation(weight, style)
    scaled = value * style.to(value.dtype)[:, :, None, None]
    taps = weight.to(value.dtype)
    if kernel is None:
        result = functional.conv2d(scaled, taps, padding=weight.shape[-1] // 2)
    else:
        spread = functional.conv_transpose2d(scaled, taps.transpose(0, 1), stride=2)
        result = smooth(spread, kernel, padding=1, gain=4.0)
    return result * factors.to(value.dtype)[:, :, None, None]


class StyledConvolution(nn.Module):
    """3x3 convolution under a style, noise, bias, leaky ReLU.

    Args:
        inputs: channels in.
        outputs: channels out.
        w_dim: length of a style.
        resolution: side of the output.
        grows: the output is twice as large as the input.
        clamp: bound on the result; None: no bound.
    """

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, w_dim: int, resolution: int, *, grows: bool, clamp: float | None
    ) -> None:
        super().__init__()
        self.affine = FullyConnected(w_dim, inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.noise_strength = nn.Parameter(torch.empty(()))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.register_buffer("noise_const", torch.empty(resolution, resolution))
        self.register_buffer("resample_filter", torch.empty(4, 4))
        self._grows, self._clamp = grows, clamp

    def forward(self, value: Tensor, style: Tensor, noise: Noise) -> Tensor:
        """[N,inputs,H,W] and a style [N,w_dim] to [N,outputs,resolution,resolution]."""
        kernel = self.resample_filter if self._grows else None
        result = modulated(value, self.weight, self.affine(style), kernel)
        if noise == "const":
            result = result + (self.noise_const * self.noise_strength).to(result.dtype)
        return clamped(leaky(result + self.bias.to(result.dtype)[:, None, None]), self._clamp)


class StyledColors(nn.Module):
    """1x1 convolution under a style, without demodulation, to the channels of a picture.

    Args:
        inputs: channels in.
        outputs: channels of the picture.
        w_dim: length of a style.
        clamp: bound on the result; None: no bound.
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int, clamp: float | None = None) -> None:
        super().__init__()
        self.affine = FullyConnected(w_dim, inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.empty(outputs))
        self._clamp = clamp

    def forward(self, value: Tensor, style: Tensor) -> Tensor:
        """[N,inputs,H,W] and a style [N,w_dim] to fp32 [N,outputs,H,W]."""
        scale = self.affine(style) / math.sqrt(self.weight.shape[1])
        scaled = value * scale.to(value.dtype)[:, :, None, None]
        result = functional.conv2d(scaled, self.weight.to(value.dtype), self.bias.to(value.dtype))
        return clamped(result, self._clamp).float()


def clamped(value: Tensor, bound: float | None) -> Tensor:
    """``value`` within ``bound`` of 0; None: as it is."""
    return value if bound is None else value.clamp(-bound, bound)
