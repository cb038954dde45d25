# Numba kernels: types are inferred, casts choose the machine type.
# ruff: noqa: ANN001, ANN201
"""Gaussians into the image plane and their gradients back (EWA splatting, as gsplat does it), Numba.

Only ``arcp``/``contract``/``reassoc``-style fast maths here: NaN and infinity must stay visible to the validity tests.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from .quaternions import rotation_entries, rotation_gradient, through_unit, unit_quaternion
from .types import ALPHA_MIN, EPS2D, FRUSTUM_MARGIN, MAX_SIGMAS, NEAR

_f = np.float32
_ZERO, _HALF, _ONE, _TWO = _f(0), _f(0.5), _f(1), _f(2)
_ALPHA_MIN, _EPS2D, _NEAR, _SIGMAS, _MARGIN = (
    _f(ALPHA_MIN),
    _f(EPS2D),
    _f(NEAR),
    _f(MAX_SIGMAS),
    _f(FRUSTUM_MARGIN),
)
_RADIUS_CAP = _f(16384)  # pixels: keeps a splat touching the near plane inside int32
_FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _limits(K, width, height):
    """x/z and y/z (lowest, highest) inside which the Jacobian follows the point."""
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    x_margin, y_margin = _MARGIN * width / fx, _MARGIN * height / fy
    return -(cx / fx + x_margin), (width - cx) / fx + x_margin, -(cy / fy + y_margin), (height - cy) / fy + y_margin


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _to_camera(means, i, V):
    x, y, z = means[i, 0], means[i, 1], means[i, 2]
    return (
        V[0, 0] * x + V[0, 1] * y + V[0, 2] * z + V[0, 3],
        V[1, 0] * x + V[1, 1] * y + V[1, 2] * z + V[1, 3],
        V[2, 0] * x + V[2, 1] * y + V[2, 2] * z + V[2, 3],
    )


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _image_axes(x, y, z, fx, fy, limits, V):
    """J W [2,3]: how a small world displacement moves the image point; and the clamped (tx, ty)."""
    lx0, lx1, ly0, ly1 = limits
    rz = _ONE / z
    tx, ty = z * min(lx1, max(lx0, x * rz)), z * min(ly1, max(ly0, y * rz))
    j00, j02, j11, j12 = fx * rz, -fx * tx * rz * rz, fy * rz, -fy * ty * rz * rz
    axes = (
        j00 * V[0, 0] + j02 * V[2, 0],
        j00 * V[0, 1] + j02 * V[2, 1],
        j00 * V[0, 2] + j02 * V[2, 2],
        j11 * V[1, 0] + j12 * V[2, 0],
        j11 * V[1, 1] + j12 * V[2, 1],
        j11 * V[1, 2] + j12 * V[2, 2],
    )
    return axes, tx, ty


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _times(t, r):
    """[2,3] @ [3,3], flat tuples."""
    return (
        t[0] * r[0] + t[1] * r[3] + t[2] * r[6],
        t[0] * r[1] + t[1] * r[4] + t[2] * r[7],
        t[0] * r[2] + t[1] * r[5] + t[2] * r[8],
        t[3] * r[0] + t[4] * r[3] + t[5] * r[6],
        t[3] * r[1] + t[4] * r[4] + t[5] * r[7],
        t[3] * r[2] + t[4] * r[5] + t[5] * r[8],
    )


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def project(means, quats, scales, opacities, V, K, width, height, antialias, means2d, conics, depths, alphas, radii):
    """Fill means2d [N,2], conics [N,3] (inverse covariance xx, xy, yy), depths [N], alphas [N] and radii int32 [N,2].

    ``alphas`` is the opacity at the centre (compensated when ``antialias``). ``radii`` 0 marks an invisible Gaussian;
    its other rows are left unset.
    """
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    limits = _limits(K, width, height)
    for i in prange(means.shape[0]):
        radii[i, 0] = 0
        radii[i, 1] = 0
        x, y, z = _to_camera(means, i, V)
        if not (z >= _NEAR and z < _f(1e10)):
            continue
        axes, _, _ = _image_axes(x, y, z, fx, fy, limits, V)
        w, qx, qy, qz, _ = unit_quaternion(quats, i)
        b = _times(axes, rotation_entries(w, qx, qy, qz))
        s0, s1, s2 = scales[i, 0], scales[i, 1], scales[i, 2]
        a00, a01, a02, a10, a11, a12 = b[0] * s0, b[1] * s1, b[2] * s2, b[3] * s0, b[4] * s1, b[5] * s2
        xx, xy, yy = (
            a00 * a00 + a01 * a01 + a02 * a02,
            a00 * a10 + a01 * a11 + a02 * a12,
            a10 * a10 + a11 * a11 + a12 * a12,
        )
        bare = xx * yy - xy * xy
        xx += _EPS2D
        yy += _EPS2D
        det = xx * yy - xy * xy
        alpha = opacities[i]
        if antialias:
            alpha *= _f(math.sqrt(max(_ZERO, bare / det)))
        if not (det > _ZERO and det < _f(1e30) and alpha >= _ALPHA_MIN):
            continue
        extent = min(_SIGMAS, _f(math.sqrt(_TWO * _f(math.log(alpha / _ALPHA_MIN)))))
        rx = min(_RADIUS_CAP, _f(math.ceil(extent * _f(math.sqrt(xx)))))
        ry = min(_RADIUS_CAP, _f(math.ceil(extent * _f(math.sqrt(yy)))))
        u, v = fx * x / z + cx, fy * y / z + cy
        if not (u + rx > _ZERO and u - rx < width and v + ry > _ZERO and v - ry < height):
            continue
        means2d[i, 0] = u
        means2d[i, 1] = v
        inverse = _ONE / det
        conics[i, 0] = yy * inverse
        conics[i, 1] = -xy * inverse
        conics[i, 2] = xx * inverse
        depths[i] = z
        alphas[i] = alpha
        radii[i, 0] = max(np.int32(1), np.int32(rx))
        radii[i, 1] = max(np.int32(1), np.int32(ry))


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _covariance_gradient(conics, d_conics, i):
    """d/d(covariance) (xx, xy, yy; xy counted once per entry) from d/d(conic): -C G C."""
    A, B, C = conics[i, 0], conics[i, 1], conics[i, 2]
    ga, gb, gc = d_conics[i, 0], d_conics[i, 1] * _HALF, d_conics[i, 2]
    p00, p01, p10, p11 = A * ga + B * gb, A * gb + B * gc, B * ga + C * gb, B * gb + C * gc
    return -(p00 * A + p01 * B), -(p00 * B + p01 * C), -(p10 * B + p11 * C)


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def _antialias_gradient(a, opacity, d_alpha):
    """Gradients of alpha = opacity * sqrt(det(S) / det(S + eps)) on the covariance, and on the opacity."""
    a00, a01, a02, a10, a11, a12 = a
    xx, xy, yy = (
        a00 * a00 + a01 * a01 + a02 * a02,
        a00 * a10 + a01 * a11 + a02 * a12,
        a10 * a10 + a11 * a11 + a12 * a12,
    )
    det = (xx + _EPS2D) * (yy + _EPS2D) - xy * xy
    factor = _f(math.sqrt(max(_ZERO, (xx * yy - xy * xy) / det)))
    d_factor = d_alpha * opacity
    up, down = d_factor * _HALF / (max(factor, _f(1e-6)) * det), -d_factor * _HALF * factor / det
    d_xx = up * yy + down * (yy + _EPS2D)
    d_yy = up * xx + down * (xx + _EPS2D)
    return d_xx, -(up + down) * xy, d_yy, d_alpha * factor


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def project_backward(
    means, quats, scales, opacities, V, K, width, height, antialias, conics, radii,
    d_means2d, d_conics, d_alphas, d_depths, d_means, d_quats, d_scales, d_opacities,
):  # fmt: skip
    """Gradients of :func:`project`'s outputs back to its inputs; zero rows where ``radii`` is 0."""
    fx, fy = K[0, 0], K[1, 1]
    limits = _limits(K, width, height)
    lx0, lx1, ly0, ly1 = limits
    for i in prange(means.shape[0]):
        for k in range(3):
            d_means[i, k] = _ZERO
            d_scales[i, k] = _ZERO
        for k in range(4):
            d_quats[i, k] = _ZERO
        d_opacities[i] = _ZERO
        if radii[i, 0] <= 0:
            continue
        x, y, z = _to_camera(means, i, V)
        t, tx, ty = _image_axes(x, y, z, fx, fy, limits, V)
        w, qx, qy, qz, inverse = unit_quaternion(quats, i)
        r = rotation_entries(w, qx, qy, qz)
        b = _times(t, r)
        s0, s1, s2 = scales[i, 0], scales[i, 1], scales[i, 2]
        a00, a01, a02, a10, a11, a12 = b[0] * s0, b[1] * s1, b[2] * s2, b[3] * s0, b[4] * s1, b[5] * s2

        g_xx, g_xy, g_yy = _covariance_gradient(conics, d_conics, i)
        if antialias:
            h_xx, h_xy, h_yy, d_opacity = _antialias_gradient((a00, a01, a02, a10, a11, a12), opacities[i], d_alphas[i])
            g_xx, g_xy, g_yy = g_xx + h_xx, g_xy + h_xy, g_yy + h_yy
            d_opacities[i] = d_opacity
        else:
            d_opacities[i] = d_alphas[i]

        # covariance = A A^T with A = T R S: dA = 2 G A
        d00, d01, d02 = (
            _TWO * (g_xx * a00 + g_xy * a10),
            _TWO * (g_xx * a01 + g_xy * a11),
            _TWO * (g_xx * a02 + g_xy * a12),
        )
        d10, d11, d12 = (
            _TWO * (g_xy * a00 + g_yy * a10),
            _TWO * (g_xy * a01 + g_yy * a11),
            _TWO * (g_xy * a02 + g_yy * a12),
        )
        d_scales[i, 0] = d00 * b[0] + d10 * b[3]
        d_scales[i, 1] = d01 * b[1] + d11 * b[4]
        d_scales[i, 2] = d02 * b[2] + d12 * b[5]
        d00, d10, d01, d11, d02, d12 = d00 * s0, d10 * s0, d01 * s1, d11 * s1, d02 * s2, d12 * s2
        m = (
            t[0] * d00 + t[3] * d10,
            t[0] * d01 + t[3] * d11,
            t[0] * d02 + t[3] * d12,
            t[1] * d00 + t[4] * d10,
            t[1] * d01 + t[4] * d11,
            t[1] * d02 + t[4] * d12,
            t[2] * d00 + t[5] * d10,
            t[2] * d01 + t[5] * d11,
            t[2] * d02 + t[5] * d12,
        )
        d_quats[i, 0], d_quats[i, 1], d_quats[i, 2], d_quats[i, 3] = through_unit(
            w, qx, qy, qz, inverse, rotation_gradient(w, qx, qy, qz, m)
        )

        # T = J W: gradients on J's four entries
        e = (
            d00 * r[0] + d01 * r[1] + d02 * r[2],
            d00 * r[3] + d01 * r[4] + d02 * r[5],
            d00 * r[6] + d01 * r[7] + d02 * r[8],
            d10 * r[0] + d11 * r[1] + d12 * r[2],
            d10 * r[3] + d11 * r[4] + d12 * r[5],
            d10 * r[6] + d11 * r[7] + d12 * r[8],
        )
        dj00 = e[0] * V[0, 0] + e[1] * V[0, 1] + e[2] * V[0, 2]
        dj02 = e[0] * V[2, 0] + e[1] * V[2, 1] + e[2] * V[2, 2]
        dj11 = e[3] * V[1, 0] + e[4] * V[1, 1] + e[5] * V[1, 2]
        dj12 = e[3] * V[2, 0] + e[4] * V[2, 1] + e[5] * V[2, 2]

        rz = _ONE / z
        rz2 = rz * rz
        du, dv = d_means2d[i, 0], d_means2d[i, 1]
        gx, gy = du * fx * rz, dv * fy * rz
        gz = d_depths[i] - (du * fx * x + dv * fy * y) * rz2 - fx * rz2 * dj00 - fy * rz2 * dj11
        if lx0 <= x * rz <= lx1:
            gx -= fx * rz2 * dj02
            gz += _TWO * fx * tx * rz2 * rz * dj02
        else:
            gz += fx * rz2 * tx * rz * dj02
        if ly0 <= y * rz <= ly1:
            gy -= fy * rz2 * dj12
            gz += _TWO * fy * ty * rz2 * rz * dj12
        else:
            gz += fy * rz2 * ty * rz * dj12
        d_means[i, 0] = V[0, 0] * gx + V[1, 0] * gy + V[2, 0] * gz
        d_means[i, 1] = V[0, 1] * gx + V[1, 1] * gy + V[2, 1] * gz
        d_means[i, 2] = V[0, 2] * gx + V[1, 2] * gy + V[2, 2] * gz
