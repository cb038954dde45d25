"""MobileNetV2 perceptual distance: how different two pictures look, by the features of an image classifier.

Built like LPIPS (Zhang et al., CVPR 2018) but on another network and without its learned weights, so the figures are
not comparable with LPIPS and are never called so.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from ..weights.fetch import asset_path

# Inverted residual groups: expansion, channels, repeats, first stride (Sandler et al. 2018, table 2).
_GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_TAPS = (1, 3, 6, 13, 17)  # features after the last block of each resolution
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def perceptual_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of two pictures, 0 for identical ones; about 0.3 for a blur of one pixel, 2 for different faces.

    Args:
        a, b: uint8 [H,W,3] sRGB, same shape, sides at least 32.

    Raises:
        AssetError: the network cannot be fetched.
        ValueError: shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"the pictures differ in shape: {a.shape} and {b.shape}")
    batch = torch.from_numpy(np.stack([a, b]).astype(np.float32) / 255).permute(0, 3, 1, 2)
    batch = (batch - torch.tensor(_MEAN).view(1, 3, 1, 1)) / torch.tensor(_STD).view(1, 3, 1, 1)
    with torch.no_grad():
        distances = [_feature_distance(features) for features in _features(batch)]
    return float(torch.stack(distances).mean())


def _feature_distance(features: Tensor) -> Tensor:
    """Mean over pixels of the squared difference of unit feature vectors; ``features`` [2,C,H,W]."""
    unit = nn.functional.normalize(features, dim=1)
    return ((unit[0] - unit[1]) ** 2).sum(dim=0).mean()


def _features(batch: Tensor) -> list[Tensor]:
    taps = []
    value = batch
    for index, layer in enumerate(_network()):
        value = layer(value)
        if index in _TAPS:
            taps.append(value)
    return taps


class _InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        layers: list[nn.Module] = [_conv(inputs, hidden, 1)] if expansion > 1 else []
        layers += [_conv(hidden, hidden, 3, stride=stride, groups=hidden)]
        layers += [nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)

    def forward(self, value: Tensor) -> Tensor:
        return value + self.conv(value) if self.residual else self.conv(value)


def _conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


@lru_cache(maxsize=1)
def _network() -> nn.Sequential:
    layers: list[nn.Module] = [_conv(3, 32, 3, stride=2)]
    channels = 32
    for expansion, outputs, repeats, first_stride in _GROUPS:
        for repeat in range(repeats):
            layers.append(_InvertedResidual(channels, outputs, first_stride if repeat == 0 else 1, expansion))
            channels = outputs
    network = nn.Sequential(*layers)
    # weights_only reads tensors and nothing else; the file's sha256 was checked when it was fetched.
    state = torch.load(asset_path("mobilenet_v2.pth"), weights_only=True)
    prefix = "features."
    ours = {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
    network.load_state_dict({name: value for name, value in ours.items() if not name.startswith("18.")})
    return network.eval()
