"""From a camera label to one ray per pixel."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Rays(NamedTuple):
    """Half-lines in the box's frame (y up, the face towards +z)."""

    origins: Tensor
    """[N,M,3]."""
    directions: Tensor
    """[N,M,3], unit length."""


def camera_of(label: Tensor) -> tuple[Tensor, Tensor]:
    """Split a camera label.

    Args:
        label: [N,25], cam2world row by row, then K row by row; the picture is 1 wide and 1 high.

    Returns:
        cam2world [N,4,4] (OpenCV axes) and K [N,3,3].
    """
    return label[:, :16].reshape(-1, 4, 4), label[:, 16:25].reshape(-1, 3, 3)


def pixel_rays(label: Tensor, size: int) -> Rays:
    """Rays through the pixel centres of a picture of ``size`` x ``size``, row by row.

    Args:
        label: [N,25], see :func:`camera_of`.
        size: side of the picture.

    Returns:
        Rays with M = size².
    """
    cam2world, K = camera_of(label)
    centers = (torch.arange(size, dtype=label.dtype, device=label.device) + 0.5) / size
    rows, columns = torch.meshgrid(centers, centers, indexing="ij")
    u, v = columns.reshape(1, -1), rows.reshape(1, -1)
    fx, skew, cx, fy, cy = (K[:, row, column, None] for row, column in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2)))
    y = (v - cy) / fy
    x = (u - cx - skew * y) / fx
    seen = torch.stack([x, y, torch.ones_like(x)], -1)
    directions = torch.nn.functional.normalize(seen @ cam2world[:, :3, :3].transpose(1, 2), dim=-1)
    return Rays(cam2world[:, None, :3, 3].expand_as(directions), directions)
