"""The warping module W: a dense field from sparse keypoints, and the source's volume moved along it.

LivePortrait, section 3.1, after face vid2vid (Wang et al. 2021, section 3.2).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import grid_sample, relu

from .blocks import ConvBlock, doubling_3d, halving_3d
from .sizes import NetworkSizes

_HEATMAP_VARIANCE = 0.01
_LEAK = 0.01


class Warped(NamedTuple):
    """``out`` [B,F,S,S] features of the moved face; ``occlusion_map`` [B,1,S,S] in 0..1, what of it was seen;
    ``deformation`` [B,D,S,S,3], where each cell of the moved volume takes its content from (-1..1).
    """

    out: torch.Tensor
    occlusion_map: torch.Tensor
    deformation: torch.Tensor


class WarpingModule(nn.Module):
    """Volume [B,C,D,S,S] and keypoints [B,K,3] of driver and source to :class:`Warped`."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotion(sizes)
        self.third = ConvBlock(2, sizes.volume_channels * sizes.volume_depth, sizes.features, slope=_LEAK)
        self.fourth = nn.Conv2d(sizes.features, sizes.features, 1)

    def forward(self, volume: torch.Tensor, kp_driving: torch.Tensor, kp_source: torch.Tensor) -> Warped:
        deformation, occlusion = self.dense_motion_network(volume, kp_driving, kp_source)
        moved = grid_sample(volume, deformation, align_corners=False)
        features = self.fourth(self.third(moved.flatten(1, 2)))
        return Warped(features * occlusion, occlusion, deformation)


class DenseMotion(nn.Module):
    """How the volume moves when keypoints move: K rigid shifts and rest, mixed by predicted weights."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        inputs = (sizes.keypoints + 1) * (sizes.compressed + 1)
        self.compress = nn.Conv3d(sizes.volume_channels, sizes.compressed, 1)
        self.norm = nn.BatchNorm3d(sizes.compressed)
        self.hourglass = _Hourglass(inputs, sizes)
        outputs = sizes.hourglass_first + inputs
        self.mask = nn.Conv3d(outputs, sizes.keypoints + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(outputs * sizes.volume_depth, 1, 7, padding=3)

    def forward(
        self, volume: torch.Tensor, kp_driving: torch.Tensor, kp_source: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """``deformation`` [B,D,S,S,3] and ``occlusion`` [B,1,S,S], as in :class:`Warped`."""
        small = relu(self.norm(self.compress(volume)))
        shape = small.shape[2:]
        shifts = kp_source - kp_driving
        moved = shifted_copies(small, shifts)
        heat = heatmaps(kp_driving, shape) - heatmaps(kp_source, shape)
        heat = torch.cat([torch.zeros_like(heat[:, :1]), heat], 1)  # rest has no keypoint
        prediction = self.hourglass(torch.cat([heat[:, :, None], moved], 2).flatten(1, 2))
        weights = self.mask(prediction).softmax(1)
        # the weights sum to 1 and rest does not shift: the mixed field is the identity and the mixed shifts
        mixed = torch.einsum("bkdhw,bkx->bdhwx", weights[:, 1:], shifts)
        occlusion = self.occlusion(prediction.flatten(1, 2)).sigmoid()
        return identity_grid(shape, kp_driving) + mixed, occlusion


def identity_grid(shape: tuple[int, ...] | torch.Size, like: torch.Tensor) -> torch.Tensor:
    """Coordinates (x, y, z) [D,H,W,3] of the cells of a volume; the outermost cells are at -1 and 1.

    Of the type of ``like``: keypoints stay in float32 where features are float16, which is too coarse for coordinates.

    ``grid_sample`` is then called with ``align_corners=False``, for which -1 and 1 are the outer edges of the cells:
    the identity samples slightly outwards. The published weights were trained so.
    """
    z, y, x = (torch.linspace(-1, 1, size, dtype=like.dtype, device=like.device) for size in shape)
    return torch.stack(torch.meshgrid(z, y, x, indexing="ij")[::-1], -1)


def heatmaps(kp: torch.Tensor, shape: tuple[int, ...] | torch.Size) -> torch.Tensor:
    """A Gaussian of variance 0.01 and height 1 round each keypoint: [B,K,3] to [B,K,D,H,W]."""
    along = []
    for axis, size in zip((2, 1, 0), shape):
        cells = torch.linspace(-1, 1, size, dtype=kp.dtype, device=kp.device)
        along.append(torch.exp(-0.5 / _HEATMAP_VARIANCE * (cells - kp[..., axis, None]) ** 2))
    depth, height, width = along  # a Gaussian in space is the product of three
    return depth[..., :, None, None] * height[..., None, :, None] * width[..., None, None, :]


def shifted_copies(volume: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """``volume`` [B,c,D,H,W] at rest and sampled ``shifts`` [B,K,3] away, [B,K+1,c,D,H,W]."""
    batch, count = shifts.shape[:2]
    with_rest = torch.cat([torch.zeros_like(shifts[:, :1]), shifts], 1)
    grids = identity_grid(volume.shape[2:], shifts) + with_rest[:, :, None, None, None]
    copies = volume[:, None].expand(-1, count + 1, -1, -1, -1, -1)
    sampled = grid_sample(copies.flatten(0, 1), grids.flatten(0, 1), align_corners=False)
    return sampled.unflatten(0, (batch, count + 1))


class _Hourglass(nn.Module):
    """[B,c,D,H,W] to [B,first+c,D,H,W]; H and W are halved and doubled ``blocks`` times, the depth stays."""

    def __init__(self, inputs: int, sizes: NetworkSizes) -> None:
        super().__init__()
        widths = [min(sizes.hourglass_most, sizes.hourglass_first * 2**i) for i in range(sizes.hourglass_blocks + 1)]
        self.encoder = _Encoder([inputs, *widths[1:]])
        self.decoder = _Decoder(inputs, widths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


class _Encoder(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(halving_3d(*pair) for pair in pairwise(widths))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The input and the output of every block."""
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class _Decoder(nn.Module):
    def __init__(self, inputs: int, widths: list[int]) -> None:
        super().__init__()
        # each block but the first sees the level's skip beside the block before it
        entering = [widths[-1], *(2 * width for width in widths[-2:0:-1])]
        self.up_blocks = nn.ModuleList(doubling_3d(*pair) for pair in zip(entering, widths[-2::-1]))
        self.conv = nn.Conv3d(widths[0] + inputs, widths[0] + inputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(widths[0] + inputs)

    def forward(self, levels: list[torch.Tensor]) -> torch.Tensor:
        x = levels.pop()
        for block in self.up_blocks:
            x = torch.cat([block(x), levels.pop()], 1)
        return relu(self.norm(self.conv(x)))
