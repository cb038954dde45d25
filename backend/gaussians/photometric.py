"""L1 and SSIM of two pictures with the gradient, in one go, in Numba: torch takes 20 times as long on a CPU.

Pictures are [H, W*3] rows of interleaved channels: a neighbour is 3 floats away, loops run along a row.
"""

# Numba kernels: types are inferred, casts choose the machine type.
# ruff: noqa: ANN001

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange

_HALF = 5  # the window is 11 pixels, sigma 1.5, as in 3DGS
_TAPS = np.exp(-((np.arange(-_HALF, _HALF + 1)) ** 2) / (2 * 1.5**2))
_TAPS = (_TAPS / _TAPS.sum()).astype(np.float32)
_CHANNELS = 3
_PAD = _HALF * _CHANNELS
_f = np.float32
_ZERO, _ONE, _TWO, _C1, _C2 = _f(0), _f(1), _f(2), _f(0.01**2), _f(0.03**2)
_FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}


@njit(cache=True, fastmath=_FAST)
def _blur_row(padded, out):
    """out[x] = sum_k taps[k] padded[x + 3k]; ``padded`` is 30 longer than ``out``."""
    out[:] = _ZERO
    for k in range(2 * _HALF + 1):
        tap, shift = _TAPS[k], k * _CHANNELS
        for x in range(out.shape[0]):
            out[x] += tap * padded[x + shift]


@njit(cache=True, fastmath=_FAST)
def _blur_columns(rows, y, out):
    """out[x] = sum_k taps[k] rows[y + k - 5, x], zeros beyond the picture."""
    out[:] = _ZERO
    for k in range(2 * _HALF + 1):
        source = y + k - _HALF
        if 0 <= source < rows.shape[0]:
            tap = _TAPS[k]
            for x in range(out.shape[0]):
                out[x] += tap * rows[source, x]


@njit(parallel=True, cache=True, fastmath=_FAST)
def _blur_moments(a, b, moments):
    """moments [5,H,W3]: a, b, a², b², ab, blurred along the rows."""
    width = a.shape[1]
    for y in prange(a.shape[0]):
        padded = np.zeros((5, width + 2 * _PAD), np.float32)
        for x in range(width):
            p, q = a[y, x], b[y, x]
            padded[0, x + _PAD] = p
            padded[1, x + _PAD] = q
            padded[2, x + _PAD] = p * p
            padded[3, x + _PAD] = q * q
            padded[4, x + _PAD] = p * q
        for m in range(5):
            _blur_row(padded[m], moments[m, y])


@njit(parallel=True, cache=True, fastmath=_FAST)
def _similarity(moments, gradients, sums):
    """Finish the blur; sum SSIM per row into ``sums`` [H]; ``gradients`` [3,H,W3]: d SSIM / d (mean a, E a², E ab),
    already blurred along the rows for the way back."""
    height, width = moments.shape[1], moments.shape[2]
    for y in prange(height):
        m = np.empty((5, width), np.float32)
        padded = np.zeros((3, width + 2 * _PAD), np.float32)
        for k in range(5):
            _blur_columns(moments[k], y, m[k])
        total = _ZERO
        for x in range(width):
            ma, mb = m[0, x], m[1, x]
            A, B = _TWO * ma * mb + _C1, _TWO * (m[4, x] - ma * mb) + _C2
            C, D = ma * ma + mb * mb + _C1, m[2, x] - ma * ma + m[3, x] - mb * mb + _C2
            inverse = _ONE / (C * D)
            s = A * B * inverse
            d_aa, d_ab = -s / D, _TWO * A * inverse
            padded[0, x + _PAD] = _TWO * mb * B * inverse - _TWO * ma * s / C - _TWO * ma * d_aa - mb * d_ab
            padded[1, x + _PAD] = d_aa
            padded[2, x + _PAD] = d_ab
            total += s
        sums[y] = total
        for k in range(3):
            _blur_row(padded[k], gradients[k, y])


@njit(parallel=True, cache=True, fastmath=_FAST)
def _combine(a, b, gradients, l1_weight, ssim_weight, d_a, sums):
    """d_a [H,W3] of l1_weight * sum|a-b| - ssim_weight * sum SSIM; ``sums`` [H] of |a-b| per row."""
    height, width = a.shape
    for y in prange(height):
        g = np.empty((3, width), np.float32)
        for k in range(3):
            _blur_columns(gradients[k], y, g[k])
        total = _ZERO
        for x in range(width):
            difference = a[y, x] - b[y, x]
            total += abs(difference)
            sign = _ONE if difference > _ZERO else (-_ONE if difference < _ZERO else _ZERO)
            along = g[0, x] + _TWO * a[y, x] * g[1, x] + b[y, x] * g[2, x]
            d_a[y, x] = l1_weight * sign - ssim_weight * along
        sums[y] = total


class FusedPhotometric(torch.autograd.Function):
    """(image, target [H,W,3] float32, dssim_weight) -> (1-w) mean|a-b| + w (1 - mean SSIM); gradient to the image."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        image, target, weight = inputs
        height, width, channels = image.shape
        a = image.detach().contiguous().numpy().reshape(height, width * channels)
        b = target.detach().contiguous().numpy().reshape(height, width * channels)
        moments = np.empty((5, *a.shape), np.float32)
        gradients = np.empty((3, *a.shape), np.float32)
        d_image, ssim_rows, l1_rows = np.empty_like(a), np.empty(height, np.float32), np.empty(height, np.float32)
        _blur_moments(a, b, moments)
        _similarity(moments, gradients, ssim_rows)
        _combine(a, b, gradients, _f((1 - weight) / a.size), _f(weight / a.size), d_image, l1_rows)
        ctx.d_image = torch.from_numpy(d_image.reshape(height, width, channels))
        l1, similarity = l1_rows.sum(dtype=np.float64) / a.size, ssim_rows.sum(dtype=np.float64) / a.size
        return torch.tensor((1 - weight) * l1 + weight * (1 - similarity), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[torch.Tensor | None, ...]:
        return grad_outputs[0] * ctx.d_image, None, None
