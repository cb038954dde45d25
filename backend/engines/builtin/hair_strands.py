"""Which way hair grows, and a pattern of strands along it.

Strands leave a whorl behind the crown and turn downwards; where the photo shows their direction, it bends the field.
The pattern is noise smeared along the field (line integral convolution), so it has no pole, no seam and no fur.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba
import numpy as np

from ...artifacts import Camera
from ...head.mesh_raster import project
from .hair_alpha import PhotoOnShell, sample_photo
from .hair_atlas import HairAtlas, blur_wrapped
from .hair_thickness import shell_normals

WHORL = np.array([0.0, np.cos(np.deg2rad(28)), -np.sin(np.deg2rad(28))])  # direction from the atlas centre
SPIRAL, SPIRAL_REACH = 1.2, 0.03  # how much hair turns round the whorl, and how far from it (metres)
WOBBLE = 0.16  # radians by which locks stray from the field
TILE = 64  # side of the repeating noise cube, cells


@dataclass(frozen=True)
class Strands:
    """Direction and pattern of hair on the shell.

    Attributes:
        tangent: float32 [R,C,3], unit, from root to tip, head frame.
        normal: float32 [R,C,3], unit, outwards.
        clumps: float32 [R,C], strands lying together, about 4 mm wide; mean 0, deviation 1.
        fine: float32 [R,C], single strands, about 1 mm wide; mean 0, deviation 1.
    """

    tangent: np.ndarray
    normal: np.ndarray
    clumps: np.ndarray
    fine: np.ndarray


def comb(
    atlas: HairAtlas,
    radius: np.ndarray,
    image: np.ndarray,
    hair_mask: np.ndarray,
    seen: PhotoOnShell,
    camera: Camera,
    seed: int,
) -> Strands:
    """Lay strands on the shell of radius [R,C]; ``image`` uint8 [S,S,3], ``hair_mask`` bool [S,S]."""
    normal = shell_normals(atlas, blur_wrapped(radius, 0.003 / atlas.cell))
    points = atlas.points(radius)
    rest = _resting_flow(atlas, points, normal)
    across = np.cross(normal, rest)
    doubled, weight = _photo_direction(atlas, points, rest, across, image, hair_mask, seen, camera)
    angle = _spread_direction(atlas, doubled, weight) + _wobble(atlas, points, seed)
    tangent = rest * np.cos(angle)[..., None] + across * np.sin(angle)[..., None]
    clumps, fine = (
        _streaks(atlas, points, tangent, scale, length, seed + k)
        for k, (scale, length) in enumerate(((0.0032, 0.05), (0.0009, 0.02)))
    )
    return Strands(tangent.astype(np.float32), normal.astype(np.float32), clumps, fine)


def _resting_flow(atlas: HairAtlas, points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Away from the whorl on top (spiralling out of it), downwards below; unit vectors in the surface, [R,C,3]."""
    away = points - (np.asarray(atlas.center) + 0.11 * WHORL)
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    away /= distance + 1e-9
    away = away + SPIRAL * np.exp(-distance / SPIRAL_REACH) * np.cross(normal, away)
    gravity = np.clip((np.rad2deg(atlas.polar) - 35) / 60, 0, 1)[:, None, None]
    flow = away * (1 - gravity) + gravity * np.array([0.0, -1.0, 0.0])
    flow -= normal * (flow * normal).sum(-1, keepdims=True)
    return flow / (np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-9)


def _photo_direction(
    atlas: HairAtlas,
    points: np.ndarray,
    rest: np.ndarray,
    across: np.ndarray,
    image: np.ndarray,
    hair_mask: np.ndarray,
    seen: PhotoOnShell,
    camera: Camera,
) -> tuple[np.ndarray, np.ndarray]:
    """Strand direction in the photo as exp(2i angle to the resting flow), complex [R,C], and its weight [R,C]."""
    direction, coherence = _image_strands(image, hair_mask)
    step = 1e-4
    base = project(points.reshape(-1, 3), camera)[:, :2]
    moved = [project((points + step * v).reshape(-1, 3), camera)[:, :2] - base for v in (rest, across)]
    jacobian = np.stack(moved, -1)
    determinant = np.linalg.det(jacobian)
    good = np.abs(determinant) > 0.05 * np.median(np.abs(determinant))
    wanted = sample_photo(direction, seen.pixel)  # doubled angle, interpolates without a jump
    half = 0.5 * np.arctan2(wanted[..., 1], wanted[..., 0]).ravel()
    target = np.stack([np.cos(half), np.sin(half)], -1)
    inverse = np.linalg.pinv(jacobian)
    a, b = np.einsum("nij,nj->in", inverse, target)
    doubled = np.exp(2j * np.arctan2(b, a)).reshape(atlas.shape)
    weight = sample_photo(coherence, seen.pixel) * seen.trust * (seen.hair > 0.8) * good.reshape(atlas.shape)
    return doubled, weight


def _image_strands(image: np.ndarray, hair_mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Structure tensor of the hair: (cos, sin) of the doubled strand angle float32 [S,S,2], coherence [S,S]."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inside = cv2.erode(hair_mask.astype(np.uint8), np.ones((7, 7))).astype(np.float32)
    gx, gy = (cv2.Sobel(grey, cv2.CV_32F, *d) * inside for d in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(g, (0, 0), 5.0) for g in (gx * gx, gy * gy, gx * gy))
    strength = np.hypot(xx - yy, 2 * xy) + 1e-6
    coherence = strength / (xx + yy + 20.0)
    # The strand runs across the gradient: half a turn of the doubled angle.
    return -np.stack([xx - yy, 2 * xy], -1) / strength[..., None], coherence * inside


def _spread_direction(atlas: HairAtlas, doubled: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Smooth the seen angles and let them fade into the resting flow; radians [R,C], within +-80 degrees."""
    total = np.zeros((*atlas.shape, 2), np.float32)
    parts = np.stack([np.real(doubled) * weight, np.imag(doubled) * weight], -1)
    for sigma, gain in ((0.004, 1.0), (0.012, 0.3), (0.03, 0.1)):
        total += gain * blur_wrapped(parts, sigma / atlas.cell)
    total[..., 0] += 0.02
    angle = 0.5 * np.arctan2(total[..., 1], total[..., 0])
    return np.clip(angle, -1.4, 1.4)


def _wobble(atlas: HairAtlas, points: np.ndarray, seed: int) -> np.ndarray:
    """Smooth random turns of a few centimetres, radians [R,C]."""
    still = np.zeros((*atlas.shape, 3))
    return WOBBLE * _streaks(atlas, points, still, 0.018, 0.002, seed + 7)


def _streaks(
    atlas: HairAtlas, points: np.ndarray, tangent: np.ndarray, scale: float, length: float, seed: int
) -> np.ndarray:
    """Noise of cell size ``scale`` smeared over ``length`` (metres) along the field; normalised, float32 [R,C]."""
    cube = np.random.default_rng(seed).normal(size=(TILE, TILE, TILE)).astype(np.float32)
    # Half a cell per step, but never more than 2 mm, so the line follows the bent surface.
    step = min(scale / 2, 0.002)
    out = np.empty(atlas.shape, np.float32)
    _smear(
        points.astype(np.float32),
        tangent.astype(np.float32),
        cube,
        1 / scale,
        step,
        max(1, int(length / step / 2)),
        np.asarray(atlas.center, np.float32),
        atlas.dome_rows,
        atlas.cell,
        out,
    )
    out -= out.mean()
    return out / (out.std() + 1e-9)


@numba.njit(cache=True, parallel=True, fastmath=True)
def _smear(
    points: np.ndarray,
    tangent: np.ndarray,
    cube: np.ndarray,
    frequency: float,
    step: float,
    steps: int,
    center: np.ndarray,
    dome_rows: int,
    cell: float,
    out: np.ndarray,
) -> None:
    """Average ``cube`` along streamlines through every grid point."""
    rows, columns = out.shape
    for r in numba.prange(rows):
        for c in range(columns):
            total = np.float32(0)
            for sign in (-1.0, 1.0):
                x, y, z = points[r, c, 0], points[r, c, 1], points[r, c, 2]
                i, j = np.int64(r), np.int64(c)  # prange counts in unsigned numbers
                for k in range(steps):
                    weight = 1 - k / steps
                    total += weight * _noise(cube, x * frequency, y * frequency, z * frequency)
                    x += sign * step * tangent[i, j, 0]
                    y += sign * step * tangent[i, j, 1]
                    z += sign * step * tangent[i, j, 2]
                    qx, qy, qz = x - center[0], y - center[1], z - center[2]
                    horizontal = np.sqrt(qx * qx + qz * qz)
                    if qy >= 0:
                        row = np.arctan2(horizontal, qy) / (np.pi / 2) * dome_rows
                    else:
                        row = dome_rows - qy / cell
                    i = min(rows - 1, max(0, int(row)))
                    j = int((np.arctan2(qx, qz) / np.pi + 1) / 2 * columns) % columns
            out[r, c] = total


@numba.njit(cache=True, fastmath=True)
def _noise(cube: np.ndarray, x: float, y: float, z: float) -> float:
    """Trilinear look-up in the repeating cube."""
    n = cube.shape[0]
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    x0, y0, z0 = int(fx) % n, int(fy) % n, int(fz) % n
    x1, y1, z1 = (x0 + 1) % n, (y0 + 1) % n, (z0 + 1) % n
    a = cube[x0, y0, z0] * (1 - u) + cube[x1, y0, z0] * u
    b = cube[x0, y1, z0] * (1 - u) + cube[x1, y1, z0] * u
    c = cube[x0, y0, z1] * (1 - u) + cube[x1, y0, z1] * u
    d = cube[x0, y1, z1] * (1 - u) + cube[x1, y1, z1] * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w
