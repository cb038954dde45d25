"""Binding as GaussianAvatars defines it (Qian et al. 2024, section 3.1), for opening and writing its avatars.

Its triangle frame has our axes in another order, [t n -b]; it scales with the triangle instead of stretching with the
skin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize

from .binding import quaternion_from_matrix
from .binding_torch import quaternion_multiply

LEAST_SQUARE = 1e-20
"""A vector with a smaller square is not made a unit vector: it shrinks with its length, to zero."""


class GaussianAvatarFrames(NamedTuple):
    """Of F triangles: ``rotation`` [F,3,3], ``scale`` [F,1] metres, ``center`` [F,3], ``quats`` [F,4] wxyz."""

    rotation: torch.Tensor
    scale: torch.Tensor
    center: torch.Tensor
    quats: torch.Tensor


def gaussian_avatar_frames(vertices: torch.Tensor, faces: torch.Tensor) -> GaussianAvatarFrames:
    """GaussianAvatars' frames of ``faces`` int [F,3] on ``vertices`` [V,3]; scale is the mean of base and height.

    Computed in the precision of ``vertices`` and in its authors' order, not by :func:`.binding.triangle_frames`: a
    triangle whose edges coincide has a normal made of rounding, and avatars are stored relative to that, too.
    """
    corners = vertices[faces]
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    t = e1 / _length(e1)
    n = _unit(torch.linalg.cross(t, e2))
    b = -_unit(torch.linalg.cross(n, t))
    rotation = torch.stack([t, n, b], -1)
    height = (b * e2).sum(1, keepdim=True).abs()
    quats = torch.from_numpy(_quaternions(rotation.detach().cpu().numpy())).to(vertices)
    return GaussianAvatarFrames(rotation, (_length(e1) + height) / 2, corners.mean(1), quats)


def _length(vectors: torch.Tensor) -> torch.Tensor:
    return (vectors * vectors).sum(1, keepdim=True).clamp(min=LEAST_SQUARE).sqrt()


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return vectors / _length(vectors)


def _quaternions(rotation: np.ndarray) -> np.ndarray:
    """wxyz [F,4] of the frames [F,3,3]; of [t 0 0], where nothing but the first edge is left, what its authors get."""
    quats = quaternion_from_matrix(rotation)
    flat = ~rotation[:, :, 1].any(1)
    x, y, z = rotation[flat, :, 0].T
    zero = np.zeros_like(x)
    forwards, backwards = np.stack([zero, 1 + x, y, z], 1), np.stack([-z, y, 1 - x, zero], 1)
    chosen = np.where(x[:, None] >= 0, forwards, backwards)
    quats[flat] = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)
    return quats


def to_global(
    face: torch.Tensor, local: torch.Tensor, log_scale: torch.Tensor, quats: torch.Tensor, frames: GaussianAvatarFrames
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Means [N,3], scales [N,3] metres and unit quaternions [N,4] wxyz of Gaussians bound to ``face`` int [N].

    Args:
        local: [N,3] in units of the triangle's scale. log_scale: [N,3] of the same units.
        quats: [N,4] wxyz, any length.
    """
    scale = frames.scale[face]
    means = scale * torch.einsum("nij,nj->ni", frames.rotation[face], local) + frames.center[face]
    return means, scale * log_scale.exp(), quaternion_multiply(frames.quats[face], normalize(quats, dim=1))


def to_local(
    face: torch.Tensor, means: torch.Tensor, scales: torch.Tensor, quats: torch.Tensor, frames: GaussianAvatarFrames
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The inverse of :func:`to_global`: local [N,3], log_scale [N,3] and unit quats [N,4] wxyz.

    Args:
        face: int [N], of triangles that have an area.
        means, scales: [N,3] metres. quats: [N,4] wxyz, any length.
    """
    scale = frames.scale[face]
    local = torch.einsum("nij,ni->nj", frames.rotation[face], means - frames.center[face]) / scale
    back = frames.quats[face] * frames.quats.new_tensor([1, -1, -1, -1])
    return local, (scales / scale).log(), quaternion_multiply(back, normalize(quats, dim=1))
