"""The appearance extractor F: what a face looks like, as a volume of features (LivePortrait, section 3.1)."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import nn

from .blocks import ConvBlock, ResidualBlock3d, halving_2d
from .sizes import NetworkSizes


class AppearanceExtractor(nn.Module):
    """Image [B,3,4S,4S] in 0..1 to volume [B,C,D,S,S]; S = 64, C = 32, D = 16 in the published network."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        widths = [sizes.image_first * 2**i for i in range(sizes.image_halvings + 1)]
        self.first = ConvBlock(2, 3, widths[0])
        self.down_blocks = nn.ModuleList(halving_2d(*pair) for pair in pairwise(widths))
        self.second = nn.Conv2d(widths[-1], sizes.volume_channels * sizes.volume_depth, 1)
        blocks = [(f"3dr{i}", ResidualBlock3d(sizes.volume_channels)) for i in range(sizes.volume_blocks)]
        self.resblocks_3d = nn.Sequential(OrderedDict(blocks))
        self.volume_depth = sizes.volume_depth

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.first(image)
        for block in self.down_blocks:
            x = block(x)
        volume = self.second(x).unflatten(1, (-1, self.volume_depth))
        return self.resblocks_3d(volume)
