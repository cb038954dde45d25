"""The tri-grid (PanoHead section 3.2): features and density at any point of the box.

Three planes as in EG3D, each with a few layers behind each other. With a single layer, front and back of a head would
project to the same feature: the face would show again on the back of the head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import FEATURES, PLANES
from .layers import FullyConnected

_HIDDEN = 64  # width of the decoder
PLANE_AXES = (
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
)
"""Of each plane, the directions of its width, height and depth; a checkpoint brings its own."""


def sampled(planes: Tensor, depth: int, axes: Tensor, points: Tensor, box: float) -> Tensor:
    """Mean over the planes of the trilinear interpolation at ``points``; 0 outside the box.

    Args:
        planes: [N, 3*32*depth, R, R]; within a plane, channel c of layer d is ``c * depth + d``.
        depth: layers per plane.
        axes: [3,3,3], rows as in ``PLANE_AXES``.
        points: [N,P,3].
        box: side of the box, which is centred at the origin.

    Returns:
        [N,P,32].
    """
    batch, count = points.shape[:2]
    grids = planes.reshape(batch * PLANES, FEATURES, depth, *planes.shape[2:])
    inside = (points * (2.0 / box))[:, None] @ torch.linalg.inv(axes)
    where = inside.reshape(batch * PLANES, 1, 1, count, 3)
    values = functional.grid_sample(grids, where, mode="bilinear", padding_mode="zeros", align_corners=False)
    return values.reshape(batch, PLANES, FEATURES, count).mean(1).transpose(1, 2)


class Decoder(nn.Module):
    """Two layers from the features of a point to its density and its rendered features.

    Args:
        rate: learning-rate multiplier of the layers.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        first, last = FullyConnected(FEATURES, _HIDDEN, rate=rate), FullyConnected(_HIDDEN, 1 + FEATURES, rate=rate)
        self.net = nn.Sequential(first, nn.Softplus(), last)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """[N,P,32] to features [N,P,32] and density before its activation [N,P,1]."""
        result = self.net(features)
        return result[..., 1:], result[..., :1]
