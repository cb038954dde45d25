"""The binding of ``conventions.md`` with gradients, for training. Equal to :mod:`.binding` (tested)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize

from .binding import STRETCH_RANGE, edge_stretch, quaternion_from_matrix, triangle_frames


class PosedTriangles(NamedTuple):
    """What one pose of the mesh means for N bound Gaussians, float32.

    ``centroid``, ``e1``, ``e2``, ``normal`` [N,3] metres; ``quats`` [N,4]; ``stretch`` [N,3], E Er^-1 (xx, xy, yy).
    """

    centroid: torch.Tensor
    e1: torch.Tensor
    e2: torch.Tensor
    normal: torch.Tensor
    quats: torch.Tensor
    stretch: torch.Tensor


def posed_triangles(
    vertices: np.ndarray, faces: np.ndarray, rest_edges: np.ndarray, device: torch.device | str = "cpu"
) -> PosedTriangles:
    """Prepare a pose: posed ``vertices`` [V,3], ``faces`` int [N,3] (a row per Gaussian), ``rest_edges`` [N,3]."""
    frames = triangle_frames(vertices, faces)
    arrays = (
        frames.centroid,
        frames.e1,
        frames.e2,
        frames.rotation[:, :, 2],
        quaternion_from_matrix(frames.rotation),
        edge_stretch(frames.edges, rest_edges, frames.degenerate),
    )
    return PosedTriangles(*(torch.as_tensor(a.astype(np.float32), device=device) for a in arrays))


def place(
    triangles: PosedTriangles, offset: torch.Tensor, rotation: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pose Gaussians: ``offset`` [N,3] (a, b, h), local ``rotation`` [N,4] wxyz (any length), ``scale`` [N,3] metres.

    Returns means [N,3], quats [N,4], scales [N,3]. Gradients flow to the three local tensors.
    """
    a, b, h = offset[:, 0:1], offset[:, 1:2], offset[:, 2:3]
    means = triangles.centroid + a * triangles.e1 + b * triangles.e2 + h * triangles.normal
    local = normalize(rotation, dim=1)
    return means, quaternion_multiply(triangles.quats, local), scale * axis_stretch(triangles.stretch, local)


def axis_stretch(stretch: torch.Tensor, quats: torch.Tensor) -> torch.Tensor:
    """clip(|D r_i|) [N,3] of the three local axes of unit ``quats`` [N,4] under ``stretch`` [N,3] = (xx, xy, yy)."""
    w, x, y, z = quats.unbind(1)
    along_t = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], 1)
    along_b = torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1)
    along_n = torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1)
    xx, xy, yy = stretch[:, 0:1], stretch[:, 1:2], stretch[:, 2:3]
    squared = (xx * along_t + xy * along_b) ** 2 + (yy * along_b) ** 2 + along_n**2
    low, high = STRETCH_RANGE
    return squared.clamp(low * low, high * high).sqrt()


def quaternion_multiply(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """left * right, wxyz [N,4]."""
    w, x, y, z = left.unbind(1)
    W, X, Y, Z = right.unbind(1)
    return torch.stack(
        [
            w * W - x * X - y * Y - z * Z,
            w * X + x * W + y * Z - z * Y,
            w * Y - x * Z + y * W + z * X,
            w * Z + x * Y - y * X + z * W,
        ],
        1,
    )
