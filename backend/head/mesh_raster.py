"""A z-buffer for triangle meshes: exact, deterministic, one thread, compiled by Numba.

Used to see the head mesh (textures, training views, tests). Camera and pixel conventions: ``backend/conventions.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..artifacts import Camera

NEAR = 0.01  # metres; triangles reaching nearer than this are dropped whole


@dataclass(frozen=True)
class MeshRaster:
    """What each pixel of a ``supersample``-times enlarged image sees.

    Attributes:
        face: int32 [H,W] index of the visible face, -1 where there is none.
        bary: float32 [H,W,3] perspective-correct barycentric coordinates.
        depth: float32 [H,W] z in the camera frame, metres; inf where nothing.
        supersample: how many raster pixels make one image pixel along a side.
    """

    face: np.ndarray
    bary: np.ndarray
    depth: np.ndarray
    supersample: int


@njit(cache=True, nogil=True)
def _fill(points: np.ndarray, faces: np.ndarray, alpha: np.ndarray, face_out, bary_out, inverse_depth) -> None:  # noqa: ANN001 (numba)
    height, width = face_out.shape
    for f in range(faces.shape[0]):
        i0, i1, i2 = faces[f, 0], faces[f, 1], faces[f, 2]
        if alpha[i0] < 0.5 and alpha[i1] < 0.5 and alpha[i2] < 0.5:
            continue
        x0, y0, z0 = points[i0]
        x1, y1, z1 = points[i1]
        x2, y2, z2 = points[i2]
        if min(z0, z1, z2) < NEAR:
            continue
        area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
        if abs(area) < 1e-9:
            continue
        left = max(0, int(np.floor(min(x0, x1, x2) - 0.5)))
        right = min(width - 1, int(np.ceil(max(x0, x1, x2))))
        top = max(0, int(np.floor(min(y0, y1, y2) - 0.5)))
        bottom = min(height - 1, int(np.ceil(max(y0, y1, y2))))
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5
                w1 = ((px - x0) * (y2 - y0) - (py - y0) * (x2 - x0)) / area
                w2 = ((x1 - x0) * (py - y0) - (y1 - y0) * (px - x0)) / area
                w0 = 1.0 - w1 - w2
                if w0 < -1e-6 or w1 < -1e-6 or w2 < -1e-6:
                    continue
                inverse = w0 / z0 + w1 / z1 + w2 / z2
                if inverse <= inverse_depth[y, x]:
                    continue
                b0, b1, b2 = w0 / z0 / inverse, w1 / z1 / inverse, w2 / z2 / inverse
                if b0 * alpha[i0] + b1 * alpha[i1] + b2 * alpha[i2] < 0.5:
                    continue
                inverse_depth[y, x] = inverse
                face_out[y, x] = f
                bary_out[y, x, 0], bary_out[y, x, 1], bary_out[y, x, 2] = b0, b1, b2


def project(vertices: np.ndarray, camera: Camera) -> np.ndarray:
    """World points [N,3] to float64 [N,3]: pixel x, pixel y, depth z in metres."""
    local = vertices @ camera.viewmat[:3, :3].T + camera.viewmat[:3, 3]
    z = local[:, 2]
    safe = np.where(np.abs(z) < 1e-9, 1e-9, z)
    x = camera.K[0, 0] * local[:, 0] / safe + camera.K[0, 2]
    y = camera.K[1, 1] * local[:, 1] / safe + camera.K[1, 2]
    return np.stack([x, y, z], axis=1)


def rasterize_mesh(
    vertices: np.ndarray,
    faces: np.ndarray,
    camera: Camera,
    *,
    vertex_alpha: np.ndarray | None = None,
    supersample: int = 1,
) -> MeshRaster:
    """Find the nearest face at every pixel centre.

    Args:
        vertices: float [V,3] metres. faces: int [F,3].
        vertex_alpha: float [V]; where the interpolated value is below 0.5 the surface is a hole.
        supersample: raster pixels per image pixel along a side.
    """
    width, height = camera.width * supersample, camera.height * supersample
    points = project(np.asarray(vertices, np.float64), camera)
    points[:, :2] *= supersample
    alpha = np.ones(len(points)) if vertex_alpha is None else np.asarray(vertex_alpha, np.float64)
    face = np.full((height, width), -1, np.int32)
    bary = np.zeros((height, width, 3), np.float32)
    inverse_depth = np.zeros((height, width))
    _fill(points, np.ascontiguousarray(faces, np.int64), alpha, face, bary, inverse_depth)
    depth = np.full((height, width), np.inf, np.float32)
    seen = face >= 0
    depth[seen] = 1.0 / inverse_depth[seen]
    return MeshRaster(face, bary, depth, supersample)


def back_facing(vertices: np.ndarray, faces: np.ndarray, camera: Camera) -> np.ndarray:
    """bool [F]: faces seen from behind by ``camera``: their corners run clockwise on the screen."""
    points = project(np.asarray(vertices, np.float64), camera)[:, :2][faces]
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] > 0


def shade(
    raster: MeshRaster, faces: np.ndarray, vertex_colors: np.ndarray, *, face_gain: np.ndarray | None = None
) -> np.ndarray:
    """Interpolated vertex colours as premultiplied float32 RGBA [h,w,4] at image size (box filter over supersamples).

    Args:
        vertex_colors: float [V,3] sRGB 0..1.
        face_gain: float [F], multiplies a face's colour (e.g. 0.55 on the inside of a shell).
    """
    height, width = raster.face.shape
    rgba = np.zeros((height, width, 4), np.float32)
    seen = raster.face >= 0
    hit = raster.face[seen]
    color = np.einsum("nkc,nk->nc", vertex_colors[faces[hit]], raster.bary[seen])
    if face_gain is not None:
        color *= face_gain[hit, None]
    rgba[seen, :3] = np.clip(color, 0.0, 1.0)
    rgba[seen, 3] = 1.0
    s = raster.supersample
    return rgba.reshape(height // s, s, width // s, s, 4).mean(axis=(1, 3), dtype=np.float32)
