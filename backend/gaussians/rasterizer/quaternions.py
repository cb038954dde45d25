"""Quaternions inside Numba kernels: wxyz scalars and flat tuples."""

# Numba kernels: types are inferred, casts choose the machine type.
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

import math

import numpy as np
from numba import njit

_f = np.float32
_ZERO, _ONE, _TWO, _SHORTEST = _f(0), _f(1), _f(2), _f(1e-20)
_FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def unit_quaternion(quats, i):
    """Row i as a unit quaternion and one over its length; the identity and 0 for a zero row."""
    w, x, y, z = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
    square = w * w + x * x + y * y + z * z
    if not square > _SHORTEST:
        return _ONE, _ZERO, _ZERO, _ZERO, _ZERO
    inverse = _ONE / _f(math.sqrt(square))
    return w * inverse, x * inverse, y * inverse, z * inverse, inverse


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def rotation_entries(w, x, y, z):
    """Rotation matrix of a unit quaternion, row by row."""
    return (
        _ONE - _TWO * (y * y + z * z),
        _TWO * (x * y - w * z),
        _TWO * (x * z + w * y),
        _TWO * (x * y + w * z),
        _ONE - _TWO * (x * x + z * z),
        _TWO * (y * z - w * x),
        _TWO * (x * z - w * y),
        _TWO * (y * z + w * x),
        _ONE - _TWO * (x * x + y * y),
    )


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def rotation_gradient(w, x, y, z, m):
    """d/d(unit quaternion) from d/d(rotation matrix) ``m``, row by row."""
    return (
        _TWO * (x * (m[7] - m[5]) + y * (m[2] - m[6]) + z * (m[3] - m[1])),
        _TWO * (y * (m[1] + m[3]) + z * (m[2] + m[6]) + w * (m[7] - m[5]) - _TWO * x * (m[4] + m[8])),
        _TWO * (x * (m[1] + m[3]) + z * (m[5] + m[7]) + w * (m[2] - m[6]) - _TWO * y * (m[0] + m[8])),
        _TWO * (x * (m[2] + m[6]) + y * (m[5] + m[7]) + w * (m[3] - m[1]) - _TWO * z * (m[0] + m[4])),
    )


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def through_unit(w, x, y, z, inverse, d):
    """d/d(raw quaternion) from d/d(unit quaternion) ``d`` [4], ``inverse`` one over the raw length."""
    along = d[0] * w + d[1] * x + d[2] * y + d[3] * z
    return (
        (d[0] - along * w) * inverse,
        (d[1] - along * x) * inverse,
        (d[2] - along * y) * inverse,
        (d[3] - along * z) * inverse,
    )
