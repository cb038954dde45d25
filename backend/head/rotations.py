"""Derivatives of rotations given as axis-angle vectors."""

from __future__ import annotations

import numpy as np

from .lbs import rotation_matrices


def cross_matrices(v: np.ndarray) -> np.ndarray:
    """[...,3] to [...,3,3] with ``M x = v x x``."""
    x, y, z = np.moveaxis(np.asarray(v, np.float64), -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)


def turn_per_axis_angle(axis_angle: np.ndarray) -> np.ndarray:
    """[...,3] to [...,3,3]: to the first order ``exp(r + d) = exp(T d) exp(r)`` (SO(3)'s left Jacobian)."""
    r = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(r, axis=-1)[..., None, None]
    skew = cross_matrices(r)
    # (1-cos(a))/a² by np.sinc stays exact at zero; (a-sin(a))/a³ is replaced by its series there
    first = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    safe = np.maximum(angle, 1e-3)
    second = np.where(angle < 1e-3, 1 / 6, (safe - np.sin(safe)) / safe**3)
    return np.eye(3) + first * skew + second * (skew @ skew)


def rotation_slopes(axis_angle: np.ndarray) -> np.ndarray:
    """dR/dr of ``R = exp(r)``: [...,3] to [...,3,3,3], the component of r that changes first."""
    turns = np.swapaxes(turn_per_axis_angle(axis_angle), -1, -2)  # rows: the turn of each component
    return cross_matrices(turns) @ rotation_matrices(axis_angle)[..., None, :, :]
