"""3D Gaussians to 2D ones: what a splat looks like on the picture plane (EWA), in numpy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ALPHA_MIN = 1.0 / 255.0  # a fainter splat does not touch the pixel
EPS2D = 0.3  # px², added to the projected covariance's diagonal
NEAR, FAR = 0.01, 1e4  # metres
FRUSTUM_MARGIN = 0.15  # of the picture: beyond it the projection's Jacobian is held constant


class View(NamedTuple):
    """A pinhole camera (OpenCV): ``viewmat`` [4,4] world to camera, ``K`` [3,3] pixels, picture size in pixels.

    ``orthographic``: K's focal lengths are pixels a metre, and depth does not shrink things.
    ``near``, ``far``: distances along the axis, metres; splats whose centres lie nearer or farther are not seen.
    """

    viewmat: np.ndarray
    K: np.ndarray
    width: int
    height: int
    orthographic: bool = False
    near: float = NEAR
    far: float = FAR


class Splats2D(NamedTuple):
    """M visible splats, nearest first, float32.

    ``center`` [M,2] pixels; ``conic`` [M,3] = (xx, xy, yy) of the inverse covariance; ``radius`` [M,2] pixels, beyond
    which nothing is visible; ``opacity`` [M]; ``depth`` [M] metres; ``index`` int [M], row in the input.
    """

    center: np.ndarray
    conic: np.ndarray
    radius: np.ndarray
    opacity: np.ndarray
    depth: np.ndarray
    index: np.ndarray


def project(means: np.ndarray, quats: np.ndarray, scales: np.ndarray, opacities: np.ndarray, view: View) -> Splats2D:
    """Project N Gaussians and drop those the picture does not show.

    Args:
        means: [N,3] metres, world. quats: [N,4] wxyz, unit. scales: [N,3] metres. opacities: [N] 0..1.
    """
    viewmat = np.asarray(view.viewmat, np.float64)
    points = means.astype(np.float64) @ viewmat[:3, :3].T + viewmat[:3, 3]
    depth = points[:, 2]
    seen = np.flatnonzero((depth > max(view.near, NEAR)) & (depth < view.far) & (opacities >= ALPHA_MIN))
    points, opacity = points[seen], opacities[seen].astype(np.float64)
    xx, xy, yy = _covariance_2d(points, quats[seen], scales[seen], view)
    determinant = xx * yy - xy * xy
    reach = np.sqrt(2 * np.log(opacity / ALPHA_MIN))  # sigmas to where alpha falls below ALPHA_MIN
    radius = reach[:, None] * np.sqrt(np.stack([xx, yy], 1))
    center = _project_points(points, view)
    size = (view.width, view.height)
    inside = ((center + radius > 0) & (center - radius < size)).all(1) & (determinant > 0)
    order = np.flatnonzero(inside)
    order = order[np.argsort(points[order, 2], kind="stable")]
    conic = np.stack([yy, -xy, xx], 1)[order] / determinant[order, None]
    single = (center[order], conic, radius[order], opacity[order], points[order, 2])
    return Splats2D(*(values.astype(np.float32) for values in single), seen[order])


def _project_points(points: np.ndarray, view: View) -> np.ndarray:
    focal, principal = np.diag(view.K)[:2], np.asarray(view.K, np.float64)[:2, 2]
    divisor = 1.0 if view.orthographic else points[:, 2:]
    return focal * points[:, :2] / divisor + principal


def _covariance_2d(
    points: np.ndarray, quats: np.ndarray, scales: np.ndarray, view: View
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """xx, xy, yy [N] px² of the projected Gaussians, blurred by EPS2D."""
    axes = rotation_matrices(quats.astype(np.float64)) * scales[:, None, :].astype(np.float64)
    turned = np.asarray(view.viewmat, np.float64)[:3, :3] @ axes
    row_u, row_v = _jacobian_rows(points, view)
    u, v = np.einsum("na,nab->nb", row_u, turned), np.einsum("na,nab->nb", row_v, turned)
    return (u * u).sum(1) + EPS2D, (u * v).sum(1), (v * v).sum(1) + EPS2D


def _jacobian_rows(points: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray]:
    """d(u)/d(point) and d(v)/d(point), [N,3] each, held constant outside the widened frustum."""
    rows = []
    for axis, size in ((0, view.width), (1, view.height)):
        focal, principal = view.K[axis][axis], view.K[axis][2]
        row = np.zeros_like(points)
        if view.orthographic:
            row[:, axis] = focal
        else:
            z = points[:, 2]
            margin = FRUSTUM_MARGIN * size / focal
            slope = np.clip(points[:, axis] / z, -principal / focal - margin, (size - principal) / focal + margin)
            row[:, axis], row[:, 2] = focal / z, -focal * slope / z
        rows.append(row)
    return rows[0], rows[1]


def rotation_matrices(quats: np.ndarray) -> np.ndarray:
    """[N,3,3] of unit quaternions wxyz [N,4]."""
    w, x, y, z = quats.T
    entries = (
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack(entries, 1).reshape(-1, 3, 3)
