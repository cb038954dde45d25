"""The motion extractor M: implicit keypoints, head pose and expression of a face, by ConvNeXt V2 (tiny).

LivePortrait, section 3.1; Woo et al. 2023, "ConvNeXt V2".
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import gelu, layer_norm

from .keypoints import Motion, angle_degrees, rotation_from_degrees
from .sizes import BINS, NetworkSizes

_EPSILON = 1e-6


class MotionHeads(NamedTuple):
    """What the network itself gives: ``pitch``, ``yaw``, ``roll`` [B,66] scores of angle bins; ``t`` [B,3];
    ``exp`` and ``kp`` [B,3K]; ``scale`` [B,1].
    """

    pitch: torch.Tensor
    yaw: torch.Tensor
    roll: torch.Tensor
    t: torch.Tensor
    exp: torch.Tensor
    scale: torch.Tensor
    kp: torch.Tensor


class MotionExtractor(nn.Module):
    """Image [B,3,H,W] in 0..1 (published: 256 x 256) to :class:`MotionHeads`."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.detector = _Detector(sizes)

    def forward(self, image: torch.Tensor) -> MotionHeads:
        return self.detector(image)

    def motion(self, image: torch.Tensor) -> Motion:
        """The same as keypoints and a rotation matrix."""
        heads = self(image)
        angles = [angle_degrees(scores)[:, None] for scores in (heads.pitch, heads.yaw, heads.roll)]
        return Motion(
            kp=heads.kp.unflatten(1, (-1, 3)),
            R=rotation_from_degrees(*angles),
            exp=heads.exp.unflatten(1, (-1, 3)),
            scale=heads.scale,
            t=heads.t,
        )


class _Detector(nn.Module):
    """ConvNeXt V2 and one linear layer for each quantity."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        widths = sizes.stage_widths
        stem = nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), _ChannelNorm(widths[0]))
        halvings = [nn.Sequential(_ChannelNorm(a), nn.Conv2d(a, b, 2, stride=2)) for a, b in pairwise(widths)]
        self.downsample_layers = nn.ModuleList([stem, *halvings])
        self.stages = nn.ModuleList(
            nn.Sequential(*(_Block(width) for _ in range(depth))) for width, depth in zip(widths, sizes.stage_depths)
        )
        self.norm = nn.LayerNorm(widths[-1], eps=_EPSILON)
        self.fc_kp = nn.Linear(widths[-1], 3 * sizes.keypoints)
        self.fc_scale = nn.Linear(widths[-1], 1)
        self.fc_pitch = nn.Linear(widths[-1], BINS)
        self.fc_yaw = nn.Linear(widths[-1], BINS)
        self.fc_roll = nn.Linear(widths[-1], BINS)
        self.fc_t = nn.Linear(widths[-1], 3)
        self.fc_exp = nn.Linear(widths[-1], 3 * sizes.keypoints)

    def forward(self, x: torch.Tensor) -> MotionHeads:
        for shrink, stage in zip(self.downsample_layers, self.stages):
            x = stage(shrink(x))
        x = self.norm(x.mean((2, 3)))
        return MotionHeads(
            pitch=self.fc_pitch(x),
            yaw=self.fc_yaw(x),
            roll=self.fc_roll(x),
            t=self.fc_t(x),
            exp=self.fc_exp(x),
            scale=self.fc_scale(x),
            kp=self.fc_kp(x),
        )


class _Block(nn.Module):
    """Depthwise convolution of side 7, then two layers at each pixel with response norm between. [B,C,H,W]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=_EPSILON)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.grn = _ResponseNorm(4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        inner = self.pwconv2(self.grn(gelu(self.pwconv1(inner))))
        return x + inner.permute(0, 3, 1, 2)


class _ResponseNorm(nn.Module):
    """Global response normalisation of [B,H,W,C] (ConvNeXt V2, equations 1 to 3)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        response = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        share = response / (response.mean(-1, keepdim=True) + _EPSILON)
        return x + self.gamma * (x * share) + self.beta


class _ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of [B,C,H,W]."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=_EPSILON)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        last = input.permute(0, 2, 3, 1)
        return layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)
