"""The binding with its gradient as one Numba kernel each way: a third of a CPU training step saved over torch.

The same formula as :mod:`.binding_torch` (tested against it).
"""

# Numba kernels: types are inferred, casts choose the machine type.
# ruff: noqa: ANN001

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numba import njit, prange

from .binding import STRETCH_RANGE
from .binding_torch import PosedTriangles
from .rasterizer.quaternions import rotation_entries, rotation_gradient, through_unit, unit_quaternion

_f = np.float32
_ZERO, _TWO = _f(0), _f(2)
_LOW, _HIGH = _f(STRETCH_RANGE[0] ** 2), _f(STRETCH_RANGE[1] ** 2)
_FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def _place(centroid, e1, e2, normal, face_quats, stretch, offset, rotation, log_scale, means, quats, scales):
    for i in prange(offset.shape[0]):
        a, b, h = offset[i, 0], offset[i, 1], offset[i, 2]
        for k in range(3):
            means[i, k] = centroid[i, k] + a * e1[i, k] + b * e2[i, k] + h * normal[i, k]
        w, x, y, z, _ = unit_quaternion(rotation, i)
        fw, fx, fy, fz = face_quats[i, 0], face_quats[i, 1], face_quats[i, 2], face_quats[i, 3]
        quats[i, 0] = fw * w - fx * x - fy * y - fz * z
        quats[i, 1] = fw * x + fx * w + fy * z - fz * y
        quats[i, 2] = fw * y - fx * z + fy * w + fz * x
        quats[i, 3] = fw * z + fx * y - fy * x + fz * w
        r = rotation_entries(w, x, y, z)
        xx, xy, yy = stretch[i, 0], stretch[i, 1], stretch[i, 2]
        for k in range(3):
            u, v = xx * r[k] + xy * r[3 + k], yy * r[3 + k]
            square = min(_HIGH, max(_LOW, u * u + v * v + r[6 + k] * r[6 + k]))
            scales[i, k] = _f(math.exp(log_scale[i, k])) * _f(math.sqrt(square))


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def _place_backward(
    e1, e2, normal, face_quats, stretch, rotation, scales, d_means, d_quats, d_scales, d_offset, d_rotation, d_log_scale
):  # fmt: skip
    for i in prange(rotation.shape[0]):
        da, db, dh = _ZERO, _ZERO, _ZERO
        for k in range(3):
            da += d_means[i, k] * e1[i, k]
            db += d_means[i, k] * e2[i, k]
            dh += d_means[i, k] * normal[i, k]
        d_offset[i, 0] = da
        d_offset[i, 1] = db
        d_offset[i, 2] = dh

        w, x, y, z, inverse = unit_quaternion(rotation, i)
        r = rotation_entries(w, x, y, z)
        xx, xy, yy = stretch[i, 0], stretch[i, 1], stretch[i, 2]
        m = np.empty(9, np.float32)
        for k in range(3):
            d_log_scale[i, k] = d_scales[i, k] * scales[i, k]
            u, v, n = xx * r[k] + xy * r[3 + k], yy * r[3 + k], r[6 + k]
            square = u * u + v * v + n * n
            # scale = exp(s) sqrt(square): d scale / d square = scale / (2 square); none where it is clipped
            d = d_scales[i, k] * scales[i, k] / square if _LOW < square < _HIGH else _ZERO
            m[k] = d * u * xx
            m[3 + k] = d * (u * xy + v * yy)
            m[6 + k] = d * n
        by_axes = rotation_gradient(w, x, y, z, m)
        # quats = face * q: back through the left product is the product with the conjugate
        fw, fx, fy, fz = face_quats[i, 0], face_quats[i, 1], face_quats[i, 2], face_quats[i, 3]
        gw, gx, gy, gz = d_quats[i, 0], d_quats[i, 1], d_quats[i, 2], d_quats[i, 3]
        d_unit = (
            by_axes[0] + fw * gw + fx * gx + fy * gy + fz * gz,
            by_axes[1] + fw * gx - fx * gw - fy * gz + fz * gy,
            by_axes[2] + fw * gy + fx * gz - fy * gw - fz * gx,
            by_axes[3] + fw * gz - fx * gy + fy * gx - fz * gw,
        )
        raw = through_unit(w, x, y, z, inverse, d_unit)
        for k in range(4):
            d_rotation[i, k] = raw[k]


class _Place(torch.autograd.Function):
    """(PosedTriangles, offset, rotation, log_scale) -> means, quats, scales."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        arrays = [t.detach().contiguous().numpy() for t in inputs]
        centroid, e1, e2, normal, face_quats, stretch, offset, rotation, log_scale = arrays
        means, quats, scales = np.empty_like(offset), np.empty_like(rotation), np.empty_like(offset)
        _place(
            centroid, e1, e2, normal, face_quats, stretch, offset, rotation, log_scale, means, quats, scales
        )  # fmt: skip
        ctx.arrays = e1, e2, normal, face_quats, stretch, rotation, scales
        return torch.from_numpy(means), torch.from_numpy(quats), torch.from_numpy(scales)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[torch.Tensor | None, ...]:
        e1, e2, normal, face_quats, stretch, rotation, scales = ctx.arrays
        d_means, d_quats, d_scales = (g.contiguous().numpy() for g in grad_outputs)
        d_offset, d_rotation, d_log_scale = np.empty_like(scales), np.empty_like(rotation), np.empty_like(scales)
        _place_backward(
            e1, e2, normal, face_quats, stretch, rotation, scales,
            d_means, d_quats, d_scales, d_offset, d_rotation, d_log_scale,
        )  # fmt: skip
        return (*(None,) * 6, *(torch.from_numpy(d) for d in (d_offset, d_rotation, d_log_scale)))


def place(
    triangles: PosedTriangles, offset: torch.Tensor, rotation: torch.Tensor, log_scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """:func:`.binding_torch.place` on a CPU in float32, taking the logarithm of the scale [N,3]."""
    return _Place.apply(*triangles, offset, rotation, log_scale)  # pyright: ignore[reportReturnType]
