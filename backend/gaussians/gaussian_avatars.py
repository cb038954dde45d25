"""Binding as GaussianAvatars defines it (Qian et al. 2024, section 3.1), for opening and writing its avatars.

Its triangle frame has our axes in another order, [t n -b]; it scales with the triangle instead of stretching with the
skin. numpy only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .binding import quaternion_from_matrix, quaternion_multiply

LEAST_LENGTH = 1e-10
"""A shorter vector is not made a unit vector: it shrinks with its length, to zero."""


class GaussianAvatarFrames(NamedTuple):
    """Of F triangles: ``rotation`` [F,3,3], ``scale`` [F,1] metres, ``center`` [F,3], ``quats`` [F,4] wxyz."""

    rotation: np.ndarray
    scale: np.ndarray
    center: np.ndarray
    quats: np.ndarray


def gaussian_avatar_frames(vertices: np.ndarray, faces: np.ndarray) -> GaussianAvatarFrames:
    """GaussianAvatars' frames of ``faces`` int [F,3] on ``vertices`` [V,3]; scale is the mean of base and height.

    Computed in the precision of ``vertices`` and in its authors' order, not by :func:`.binding.triangle_frames`: a
    triangle whose edges coincide has a normal made of rounding, and avatars are stored relative to that, too.
    """
    corners = vertices[faces]
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    t = _unit(e1)
    n = _unit(np.cross(t, e2))
    b = -_unit(np.cross(n, t))
    rotation = np.stack([t, n, b], -1)
    height = np.abs((b * e2).sum(1, keepdims=True))
    quats = quaternion_from_matrix(rotation)
    flat = ~n.any(1)
    quats[flat] = _quaternion_of_one_axis(t[flat])
    return GaussianAvatarFrames(rotation, (_length(e1) + height) / 2, corners.mean(1), quats)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.maximum(np.sqrt((vectors * vectors).sum(1, keepdims=True)), vectors.dtype.type(LEAST_LENGTH))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / _length(vectors)


def _quaternion_of_one_axis(t: np.ndarray) -> np.ndarray:
    """What the matrix [t 0 0] becomes in GaussianAvatars when taken for a rotation: wxyz [N,4] of ``t`` [N,3]."""
    x, y, z = t.T
    zero = np.zeros_like(x)
    forwards, backwards = np.stack([zero, 1 + x, y, z], 1), np.stack([-z, y, 1 - x, zero], 1)
    quats = np.where(x[:, None] >= 0, forwards, backwards)
    return quats / np.linalg.norm(quats, axis=1, keepdims=True)


def to_global(
    face: np.ndarray, local: np.ndarray, log_scale: np.ndarray, quats: np.ndarray, frames: GaussianAvatarFrames
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means [N,3], scales [N,3] metres and unit quaternions [N,4] wxyz of Gaussians bound to ``face`` int [N].

    Args:
        local: [N,3] in units of the triangle's scale. log_scale: [N,3] of the same units.
        quats: [N,4] wxyz, any length.
    """
    scale = frames.scale[face]
    means = scale * np.einsum("nij,nj->ni", frames.rotation[face], local) + frames.center[face]
    turned = quaternion_multiply(frames.quats[face], quats / np.linalg.norm(quats, axis=1, keepdims=True))
    return means, scale * np.exp(log_scale), turned
