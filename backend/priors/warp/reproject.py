"""Where the surface that one view sees lies in another view, whether it is seen there, and its colour from there.

Views have depth, so the warp runs backwards: every pixel of the target is lifted and looked up in the source, which is
the paper's "lift and project" (section 3.2) without the holes that scattered points leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...artifacts import Camera
from .config import WarpConfig
from .steady import Planes

_SLOPE_RADIUS = 1.5  # times the smoothing of depth: a slope shivers more than a place
_NOTHING = 1e6  # depth of nothing, beyond every edge
_FAINT = 0.02  # alpha below which a premultiplied colour cannot be told


@dataclass(frozen=True)
class View:
    """A picture with depth from a known camera.

    Attributes:
        image: float32 [H,W,4] premultiplied RGBA 0..1.
        depth: float32 [H,W] camera z in the unit of the camera's translation; inf where there is nothing.
        camera: of the same size.
    """

    image: np.ndarray
    depth: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class Warped:
    """A source view's texture in a target view.

    Attributes:
        color: float32 [H,W,3] straight sRGB; meaningful where ``visible``.
        visible: bool [H,W], the source sees what the target sees at this pixel.
        detail: float32 [H,W], source pixels per target pixel; small where texture is stretched, 0 where it is not
            visible or mixed with another surface's on an edge.
    """

    color: np.ndarray
    visible: np.ndarray
    detail: np.ndarray


def z_from_distance(distance: np.ndarray, camera: Camera) -> np.ndarray:
    """Depth as camera z [H,W] from distances along each pixel's ray [H,W], which volume renderers give (PanoHead)."""
    return distance / _ray_lengths(camera)


def distance_from_z(depth: np.ndarray, camera: Camera) -> np.ndarray:
    """Distances along each pixel's ray [H,W] from camera z [H,W]."""
    return depth * _ray_lengths(camera)


def landing(depth: np.ndarray, camera: Camera, other: Camera) -> np.ndarray:
    """Where the surface seen by ``camera`` lands in ``other``: float64 [H,W,3], pixel x, pixel y, z. NaN on nothing."""
    motion = other.viewmat @ np.linalg.inv(camera.viewmat)
    onto = other.K @ motion[:3, :3] @ np.linalg.inv(camera.K)
    shift = other.K @ motion[:3, 3]
    x, y = np.arange(camera.width) + 0.5, np.arange(camera.height)[:, None] + 0.5
    z = np.where(np.isfinite(depth), depth, np.nan).astype(float)
    across, down, away = (
        z * (row[0] * x + row[1] * y + row[2]) + start for row, start in zip(onto, shift, strict=True)
    )
    return np.stack([across / away, down / away, away], -1)


def sees(depth: np.ndarray, place: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether a view with ``depth`` [h,w] (camera z) sees points that land at ``place`` [H,W,3] in it; bool [H,W].

    A point is hidden when it lies behind all of the surface round its pixel by more than ``tolerance``, a part of its
    distance. The farthest of the four pixels round it decides, nothing being infinitely far: towards the outline a
    surface falls away so steeply that any mean of them would hide what is plainly seen. That the surface faces the view
    is for :func:`detail` to say.
    """
    height, width = depth.shape
    x, y, z = np.moveaxis(place, -1, 0)
    inside = (x >= 0) & (x <= width) & (y >= 0) & (y <= height) & (z > 0)
    nearest, farthest = _depths_around(depth, place)
    return inside & np.isfinite(nearest) & (z <= farthest + tolerance * z)


def detail(place: np.ndarray, sigma: float = 0.0) -> np.ndarray:
    """Source pixels per target pixel [H,W] of a map ``place`` [H,W,3] from target to source; 0 where unknown.

    It is negative where the source would see the surface from behind. With ``sigma`` pixels it is that of the plane
    within this radius, for maps that shiver.
    """
    if sigma > 0:
        known = np.isfinite(place[..., 2])
        planes = Planes(known, sigma)
        x, y = (planes.fit(place[..., axis] - place.shape[1] / 2) for axis in (0, 1))
        return np.where(known, x.across * y.down - x.down * y.across, 0).astype(np.float32)
    across, down = _difference(place[..., :2], 1), _difference(place[..., :2], 0)
    area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    return np.nan_to_num(area, nan=0.0).astype(np.float32)


def warp(source: View, target_depth: np.ndarray, target: Camera, config: WarpConfig) -> Warped:
    """Show ``source``'s texture in the camera ``target``, whose depth (camera z) is ``target_depth`` [H,W].

    Noisy depth, of both views, comes from :func:`.steady.steady_depth`.
    """
    place = landing(target_depth, target, source.camera)
    density = detail(place, _SLOPE_RADIUS * config.smoothing * target.width)
    visible = sees(source.depth, place, config.depth_tolerance) & (density > 0)
    # OpenCV counts from the first pixel's centre.
    x, y = (np.nan_to_num(place[..., axis] - 0.5, nan=-9.0).astype(np.float32) for axis in (0, 1))
    rgba = cv2.remap(source.image.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    visible &= rgba[..., 3] > _FAINT
    color = np.clip(rgba[..., :3] / np.maximum(rgba[..., 3:], _FAINT), 0, 1)
    nearest, farthest = _depths_around(source.depth, place)
    on_edge = ~(farthest <= nearest * (1 + config.edge_depth))
    if config.smoothing > 0:
        near_edge = _beside_edges(source.depth, config)
        on_edge |= cv2.remap(near_edge, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) > 0
    return Warped(color, visible, np.where(visible & ~on_edge, density, 0))


def _depths_around(depth: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest and the farthest [H,W] of the four pixels of ``depth`` [h,w] round each ``place`` [H,W,3]."""
    height, width = depth.shape
    left, top = (np.floor(np.nan_to_num(place[..., axis]) - 0.5).astype(int) for axis in (0, 1))
    columns = [np.clip(left + step, 0, width - 1) for step in (0, 1)]
    rows = [np.clip(top + step, 0, height - 1) for step in (0, 1)]
    around = [depth[row, column] for row in rows for column in columns]
    return np.minimum.reduce(around), np.maximum.reduce(around)


def _beside_edges(depth: np.ndarray, config: WarpConfig) -> np.ndarray:
    """uint8 [H,W], 1 within the smoothing's radius of an edge of ``depth``, where noise leaves open what is before."""
    square = np.ones((3, 3), np.uint8)
    finite = np.where(np.isfinite(depth), depth, _NOTHING).astype(np.float32)
    jump = cv2.dilate(finite, square) > cv2.erode(finite, square) * (1 + config.edge_depth)
    side = 2 * round(config.smoothing * depth.shape[1]) + 1
    return cv2.dilate(jump.astype(np.uint8), np.ones((side, side), np.uint8))


def _rays(camera: Camera) -> np.ndarray:
    """Points [H,W,3] at z = 1 on the rays through the pixel centres, camera frame."""
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    pixels = np.stack([x, y, np.ones_like(x)], -1)
    return pixels @ np.linalg.inv(camera.K).T


def _ray_lengths(camera: Camera) -> np.ndarray:
    return np.linalg.norm(_rays(camera), axis=-1)


def _difference(values: np.ndarray, axis: int) -> np.ndarray:
    """Change per pixel of [H,W,C] along ``axis``: the shorter of the two steps, which crosses no edge."""
    step = np.diff(values, axis=axis)
    edge = np.full_like(np.take(step, [0], axis), np.nan)
    before, after = np.concatenate([edge, step], axis), np.concatenate([step, edge], axis)
    lengths = [np.nan_to_num(np.linalg.norm(way, axis=-1, keepdims=True), nan=np.inf) for way in (before, after)]
    return np.where(lengths[0] <= lengths[1], before, after)
