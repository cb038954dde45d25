"""Layers that several of the networks share. Attribute names are the published state dicts' keys."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import leaky_relu, relu


class ConvBlock(nn.Module):
    """Convolution of side 3, batch norm, (leaky) ReLU; ``before`` and ``after`` resize.

    Args:
        dimensions: 2 for images [B,C,H,W], 3 for volumes [B,C,D,H,W].
        slope: of the negative half, 0 for a plain ReLU.
        before, after: layers without parameters at the two ends.
    """

    def __init__(
        self,
        dimensions: int,
        inputs: int,
        outputs: int,
        *,
        slope: float = 0.0,
        before: nn.Module | None = None,
        after: nn.Module | None = None,
    ) -> None:
        super().__init__()
        convolution, norm = (nn.Conv2d, nn.BatchNorm2d) if dimensions == 2 else (nn.Conv3d, nn.BatchNorm3d)
        self.conv = convolution(inputs, outputs, 3, padding=1)
        self.norm = norm(outputs)
        self.slope = slope
        self.before = before or nn.Identity()
        self.after = after or nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.after(leaky_relu(self.norm(self.conv(self.before(x))), self.slope))


def halving_2d(inputs: int, outputs: int) -> ConvBlock:
    """A block whose output has half the height and width."""
    return ConvBlock(2, inputs, outputs, after=nn.AvgPool2d(2))


def halving_3d(inputs: int, outputs: int) -> ConvBlock:
    """A block whose output has half the height and width; the depth stays."""
    return ConvBlock(3, inputs, outputs, after=nn.AvgPool3d((1, 2, 2)))


def doubling_3d(inputs: int, outputs: int) -> ConvBlock:
    """A block whose output has twice the height and width (nearest); the depth stays."""
    return ConvBlock(3, inputs, outputs, before=nn.Upsample(scale_factor=(1, 2, 2)))


class ResidualBlock3d(nn.Module):
    """Two convolutions of side 3 added to their input, each after batch norm and ReLU. [B,C,D,H,W] to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm3d(channels), nn.BatchNorm3d(channels)
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.conv1(relu(self.norm1(x)))
        return x + self.conv2(relu(self.norm2(inner)))
