# Numba kernels: types are inferred, casts choose the machine type.
# ruff: noqa: ANN001, ANN201
"""Front-to-back blending of the splats of each tile, and its gradient by recomputation, Numba.

The loops run along the 16 pixels of a tile row, each simple enough for LLVM to turn into vector code: what one loop
leaves for the next lies in a row buffer, and colours have a loop of their own, so one kernel serves any number of
channels. ``width`` is 16 (TILE) but unknown to the compiler on purpose: a constant trip count gets unrolled instead of
vectorised. A finished pixel carries its transmittance with a negative sign.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from .tiles import TILE
from .types import ALPHA_MAX, ALPHA_MIN, TRANSMITTANCE_MIN

_f = np.float32
_ZERO, _HALF, _ONE, _TWO, _FOUR = _f(0), _f(0.5), _f(1), _f(2), _f(4)
_ALPHA_MIN, _ALPHA_MAX, _T_MIN = _f(ALPHA_MIN), _f(ALPHA_MAX), _f(TRANSMITTANCE_MIN)
_LOG_255 = _f(math.log(255.0))
# exp(-s) on [0, 6] as p(s/16)^16, p the Taylor series of degree 6 about 3/16: relative error under 1e-6
_S_MAX, _SIXTEENTH, _CENTRE = _f(6), _f(1 / 16), _f(0.1875)
_E0, _E1, _E2, _E3, _E4, _E5, _E6 = (_f(math.exp(-0.1875) * (-1) ** k / math.factorial(k)) for k in range(7))
_CHECK_EVERY = 16  # splats between two looks whether a tile is finished
GEOMETRY_GRADIENTS = 6  # per intersection: mean x, y; conic xx, xy, yy; alpha; then D colours
_FAST = {"nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc"}


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _exp_minus(s):
    u = min(max(s, _ZERO), _S_MAX) * _SIXTEENTH - _CENTRE
    p = _E0 + u * (_E1 + u * (_E2 + u * (_E3 + u * (_E4 + u * (_E5 + u * _E6)))))
    p = p * p
    p = p * p
    p = p * p
    return p * p


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _finished(T):
    highest = -_ONE
    for y in range(TILE):
        for x in range(TILE):
            highest = max(highest, T[y, x])
    return highest < _ZERO


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _row_is_hit(mean_x, A, linear, constant, s_max):
    """Whether the ellipse s(x) <= s_max reaches the pixel centres of this row; s = A dx² + linear dx + constant."""
    discriminant = linear * linear - _FOUR * A * (constant - s_max)
    if discriminant <= _ZERO:
        return False
    half_width = _f(math.sqrt(discriminant)) * (_HALF / A)
    centre = mean_x + linear * (_HALF / A)
    return centre + half_width >= -_HALF and centre - half_width <= _f(TILE) - _HALF


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _blend_tile(first, last, ids, means2d, conics, alphas, radii, colors, X0, Y0, T, C, weights, width):
    """Blend splats ids[first:last] into T [16,16] and C [D,16,16]; ``weights`` [16] is scratch."""
    since_check = 0
    for k in range(first, last):
        g = ids[k]
        mean_x, mean_y = means2d[g, 0] - _f(X0) - _HALF, means2d[g, 1] - _f(Y0) - _HALF
        A, B, D = conics[g, 0] * _HALF, conics[g, 1], conics[g, 2] * _HALF
        opacity = alphas[g]
        reach = _f(radii[g, 1])
        s_max = _f(math.log(opacity)) + _LOG_255
        for y in range(max(0, int(mean_y - reach)), min(TILE, int(mean_y + reach) + 2)):
            dy = mean_y - _f(y)
            linear, constant = B * dy, D * dy * dy
            if not _row_is_hit(mean_x, A, linear, constant, s_max):
                continue
            for x in range(width):
                dx = mean_x - _f(x)
                alpha = min(_ALPHA_MAX, opacity * _exp_minus((A * dx + linear) * dx + constant))
                alpha = alpha if alpha >= _ALPHA_MIN else _ZERO
                before = T[y, x]
                weight = alpha * before
                after = before - weight
                weight = weight if after > _T_MIN else _ZERO
                weights[x] = weight
                T[y, x] = after if after > _T_MIN else -abs(before)
            for c in range(C.shape[0]):
                color = colors[g, c]
                for x in range(width):
                    C[c, y, x] += color * weights[x]
        since_check += 1
        if since_check == _CHECK_EVERY:
            since_check = 0
            if _finished(T):
                return


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _add_absolutes(row, behind, opacity, mean_x, dy, A, B, D, sums, width):
    """Add one row's |d(loss)/d(mean)| / opacity to ``sums`` [2,16]; ``behind`` [16] is what the row left of rest."""
    for x in range(width):
        uncapped = opacity * row[2, x]
        d_alpha = row[3, x] * row[1, x] - behind[x] / (_ONE - min(_ALPHA_MAX, uncapped))
        d_alpha = d_alpha if row[0, x] > _ZERO else _ZERO
        d_alpha = d_alpha if uncapped <= _ALPHA_MAX else _ZERO
        dx, strength = mean_x - _f(x), abs(row[2, x] * d_alpha)
        sums[0, x] += strength * abs(_TWO * A * dx + B * dy)
        sums[1, x] += strength * abs(B * dx + _TWO * D * dy)


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _blend_tile_backward(
    first, last, ids, slots, means2d, conics, alphas, radii, colors, X0, Y0,
    T, rest, V, sums, absolute_sums, row, gradients, absolutes, width,
):  # fmt: skip
    """Write the gradient of every intersection to its row of ``gradients`` [L, 6+D].

    ``absolutes`` [L,2], when it is not empty, gets the sum over pixels of |d(loss)/d(mean)|.

    ``V`` [D,16,16] is d(loss)/d(colour). ``rest`` [16,16] starts as V·colour + d(loss)/d(T)·T of the finished pixel and
    loses each splat's share on the way: what is left is all that lies behind. ``sums`` [3+D,16], ``absolute_sums``
    [2,16] and ``row`` [4,16] (weight, transmittance before, falloff, V·colour) are scratch.
    """
    since_check, finished = 0, False
    with_absolutes = absolutes.shape[0] > 0
    for k in range(first, last):
        slot = slots[k]
        if finished:
            for c in range(gradients.shape[1]):
                gradients[slot, c] = _ZERO
            if with_absolutes:
                absolutes[slot] = _ZERO
            continue
        g = ids[k]
        mean_x, mean_y = means2d[g, 0] - _f(X0) - _HALF, means2d[g, 1] - _f(Y0) - _HALF
        A, B, D = conics[g, 0] * _HALF, conics[g, 1], conics[g, 2] * _HALF
        opacity = alphas[g]
        reach = _f(radii[g, 1])
        s_max = _f(math.log(opacity)) + _LOG_255
        sums[:] = _ZERO
        if with_absolutes:
            absolute_sums[:] = _ZERO
        for y in range(max(0, int(mean_y - reach)), min(TILE, int(mean_y + reach) + 2)):
            dy = mean_y - _f(y)
            linear, constant = B * dy, D * dy * dy
            if not _row_is_hit(mean_x, A, linear, constant, s_max):
                continue
            for x in range(width):
                dx = mean_x - _f(x)
                falloff = _exp_minus((A * dx + linear) * dx + constant)
                alpha = min(_ALPHA_MAX, opacity * falloff)
                alpha = alpha if alpha >= _ALPHA_MIN else _ZERO
                before = T[y, x]
                weight = alpha * before
                after = before - weight
                T[y, x] = after if after > _T_MIN else -abs(before)
                row[0, x] = weight if after > _T_MIN else _ZERO
                row[1, x] = before
                row[2, x] = falloff
                row[3, x] = _ZERO
            for c in range(V.shape[0]):
                color = colors[g, c]
                for x in range(width):
                    v = V[c, y, x]
                    sums[3 + c, x] += row[0, x] * v
                    row[3, x] += color * v
            for x in range(width):
                weight, along = row[0, x], row[3, x]
                uncapped = opacity * row[2, x]
                behind = rest[y, x] - along * weight
                rest[y, x] = behind
                d_alpha = along * row[1, x] - behind / (_ONE - min(_ALPHA_MAX, uncapped))
                d_alpha = d_alpha if weight > _ZERO else _ZERO
                d_alpha = d_alpha if uncapped <= _ALPHA_MAX else _ZERO
                d_opacity = row[2, x] * d_alpha
                sums[0, x] += d_opacity
                sums[1, x] += d_opacity * dy
                sums[2, x] += d_opacity * dy * dy
            if with_absolutes:
                _add_absolutes(row, rest[y], opacity, mean_x, dy, A, B, D, absolute_sums, width)
        m00, m10, m01, m20, m11, m02 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
        for x in range(TILE):
            dx = mean_x - _f(x)
            m00 += sums[0, x]
            m10 += sums[0, x] * dx
            m20 += sums[0, x] * dx * dx
            m01 += sums[1, x]
            m11 += sums[1, x] * dx
            m02 += sums[2, x]
        gradients[slot, 0] = -opacity * (_TWO * A * m10 + B * m01)
        gradients[slot, 1] = -opacity * (B * m10 + _TWO * D * m01)
        gradients[slot, 2] = -opacity * _HALF * m20
        gradients[slot, 3] = -opacity * m11
        gradients[slot, 4] = -opacity * _HALF * m02
        gradients[slot, 5] = m00
        for c in range(V.shape[0]):
            total = _ZERO
            for x in range(TILE):
                total += sums[3 + c, x]
            gradients[slot, GEOMETRY_GRADIENTS + c] = total
        if with_absolutes:
            for axis in range(2):
                total = _ZERO
                for x in range(TILE):
                    total += absolute_sums[axis, x]
                absolutes[slot, axis] = opacity * total
        since_check += 1
        if since_check == _CHECK_EVERY:
            since_check = 0
            finished = _finished(T)


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def blend(offsets, ids, means2d, conics, alphas, radii, colors, columns, threads, width, image, T_out):
    """Fill image [H,W,D] (no background) and the final transmittance T_out [H,W]."""
    H, W = T_out.shape
    tiles = offsets.shape[0] - 1
    for thread in prange(threads):
        T = np.empty((TILE, TILE), np.float32)
        C = np.empty((image.shape[2], TILE, TILE), np.float32)
        weights = np.empty(TILE, np.float32)
        for tile in range(thread, tiles, threads):
            Y0, X0 = (tile // columns) * TILE, (tile % columns) * TILE
            T[:] = _ONE
            C[:] = _ZERO
            first, last = offsets[tile], offsets[tile + 1]
            _blend_tile(first, last, ids, means2d, conics, alphas, radii, colors, X0, Y0, T, C, weights, width)
            for y in range(min(TILE, H - Y0)):
                for x in range(min(TILE, W - X0)):
                    T_out[Y0 + y, X0 + x] = abs(T[y, x])
                    for c in range(image.shape[2]):
                        image[Y0 + y, X0 + x, c] = C[c, y, x]


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def blend_backward(
    offsets, ids, slots, means2d, conics, alphas, radii, colors, columns, threads, width,
    image, T_out, d_image, d_T, gradients, absolutes,
):  # fmt: skip
    """Fill ``gradients`` [L, 6+D], one row per intersection, from d(loss)/d(image) [H,W,D] and d(loss)/d(T) [H,W].

    ``absolutes`` [L,2] or [0,2]: filled unless it is empty.
    """
    H, W = T_out.shape
    tiles = offsets.shape[0] - 1
    for thread in prange(threads):
        T = np.empty((TILE, TILE), np.float32)
        rest = np.empty((TILE, TILE), np.float32)
        V = np.empty((image.shape[2], TILE, TILE), np.float32)
        sums = np.empty((3 + image.shape[2], TILE), np.float32)
        absolute_sums = np.empty((2, TILE), np.float32)
        row = np.empty((4, TILE), np.float32)
        for tile in range(thread, tiles, threads):
            Y0, X0 = (tile // columns) * TILE, (tile % columns) * TILE
            T[:] = -_ONE
            rest[:] = _ZERO
            V[:] = _ZERO
            for y in range(min(TILE, H - Y0)):
                for x in range(min(TILE, W - X0)):
                    T[y, x] = _ONE
                    total = d_T[Y0 + y, X0 + x] * T_out[Y0 + y, X0 + x]
                    for c in range(image.shape[2]):
                        v = d_image[Y0 + y, X0 + x, c]
                        V[c, y, x] = v
                        total += image[Y0 + y, X0 + x, c] * v
                    rest[y, x] = total
            _blend_tile_backward(
                offsets[tile], offsets[tile + 1], ids, slots, means2d, conics, alphas, radii, colors,
                X0, Y0, T, rest, V, sums, absolute_sums, row, gradients, absolutes, width,
            )  # fmt: skip


@njit(parallel=True, cache=True)
def sum_intersections(groups, gradients, absolutes, d_means2d, d_absolutes, d_conics, d_alphas, d_colors):
    """Sum the rows of each Gaussian, in a fixed order. ``d_absolutes`` [N,2] stays as it is without ``absolutes``."""
    D = d_colors.shape[1]
    with_absolutes = absolutes.shape[0] > 0
    for g in prange(d_means2d.shape[0]):
        d_means2d[g, 0] = _ZERO
        d_means2d[g, 1] = _ZERO
        d_conics[g, 0] = _ZERO
        d_conics[g, 1] = _ZERO
        d_conics[g, 2] = _ZERO
        d_alphas[g] = _ZERO
        for c in range(D):
            d_colors[g, c] = _ZERO
        if with_absolutes:
            d_absolutes[g] = _ZERO
        for slot in range(groups[g], groups[g + 1]):
            d_means2d[g, 0] += gradients[slot, 0]
            d_means2d[g, 1] += gradients[slot, 1]
            d_conics[g, 0] += gradients[slot, 2]
            d_conics[g, 1] += gradients[slot, 3]
            d_conics[g, 2] += gradients[slot, 4]
            d_alphas[g] += gradients[slot, 5]
            for c in range(D):
                d_colors[g, c] += gradients[slot, GEOMETRY_GRADIENTS + c]
            if with_absolutes:
                d_absolutes[g, 0] += absolutes[slot, 0]
                d_absolutes[g, 1] += absolutes[slot, 1]
