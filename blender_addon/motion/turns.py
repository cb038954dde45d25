"""Rotations over time: axis-angle [T,3] and unit quaternions [T,4] wxyz, both rotating column vectors."""

from __future__ import annotations

import numpy as np


def to_quaternions(turns: np.ndarray) -> np.ndarray:
    """[T,4] of axis-angle [T,3]; neighbours lie on the same side, so that they may be blended."""
    half = 0.5 * np.linalg.norm(turns, axis=1)
    quats = np.concatenate([np.cos(half)[:, None], 0.5 * np.sinc(half / np.pi)[:, None] * turns], 1)
    flips = np.where((quats[1:] * quats[:-1]).sum(1) < 0, -1.0, 1.0)
    return quats * np.concatenate([[1.0], np.cumprod(flips)])[:, None]


def to_axis_angle(quats: np.ndarray) -> np.ndarray:
    """[T,3], angles 0..pi, of quaternions [T,4] of any length but zero."""
    unit = quats / np.linalg.norm(quats, axis=1, keepdims=True)
    unit = np.where(unit[:, :1] < 0, -unit, unit)
    sine = np.linalg.norm(unit[:, 1:], axis=1)
    angle = 2 * np.arctan2(sine, unit[:, 0])
    return unit[:, 1:] * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)[:, None]


def multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``right`` first, then ``left``; [T,4] or [1,4] each."""
    w1, x1, y1, z1 = left.T
    w2, x2, y2, z2 = right.T
    return np.stack(
        [
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        ],
        1,
    )


def inverse(quats: np.ndarray) -> np.ndarray:
    return quats * np.array([1.0, -1.0, -1.0, -1.0])


def about(axis: int, angles: np.ndarray) -> np.ndarray:
    """Quaternions [T,4] that turn by ``angles`` [T] about x, y or z (0, 1, 2)."""
    turns = np.zeros((len(angles), 3))
    turns[:, axis] = angles
    return to_quaternions(turns)
