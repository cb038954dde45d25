"""Pictures of an inverted head from any side, with the depth of its surface."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ...artifacts import Camera, over_white
from ...progress import Reporter
from .camera import SIZE, camera_of_label, label_of, round_the_head
from .chunks import render_in_chunks
from .inversion import InvertedHead
from .inversion_config import OrbitConfig
from .rays import camera_of, pixel_rays


@dataclass(frozen=True)
class HeadView:
    """One view.

    Attributes:
        image: uint8 [512,512,4] premultiplied RGBA; the white background is taken out.
        depth: float32 [512,512] camera z, PanoHead's unit; inf where there is nothing.
        camera: PanoHead's unit, pixels.
    """

    image: np.ndarray
    depth: np.ndarray
    camera: Camera


def orbit(head: InvertedHead, config: OrbitConfig, reporter: Reporter) -> tuple[list[HeadView], tuple[float, ...]]:
    """Views all around on the horizon, and their azimuths in degrees from the front towards the subject's left."""
    azimuths = tuple(index * 360 / config.views for index in range(config.views))
    views = []
    for index, azimuth in enumerate(azimuths):
        reporter.progress(index / config.views, "looking at the head from all around")
        views.append(head_view(head, label_of(round_the_head(azimuth)), config))
        reporter.preview(over_white(views[-1].image))
    return views, azimuths


def head_view(head: InvertedHead, label: np.ndarray, config: OrbitConfig) -> HeadView:
    """What the camera ``label`` float32 [25] sees; colours, mask and depth are rendered without jitter."""
    seen_by = torch.from_numpy(label)[None].to(head.label)
    with torch.no_grad():
        rays = pixel_rays(seen_by, head.raw_size)
        coarse = render_in_chunks(head.network, head.planes, rays, config.rays_per_chunk)
        image = head.network.pictured(head.styles, coarse, head.raw_size).image
        distance, coverage = _finer(head, seen_by, config)
    color = ((image[0].permute(1, 2, 0) + 1) / 2).float().cpu().numpy()
    alpha = cv2.resize(coverage, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR).clip(0, 1)
    depth = enlarged_depth(np.where(coverage >= config.surface, distance, np.inf), SIZE, config.edge)
    depth[alpha < config.surface] = np.inf
    return HeadView(_without_white(color, alpha), depth, camera_of_label(label))


def enlarged_depth(depth: np.ndarray, size: int, edge: float) -> np.ndarray:
    """Depth float [d,d] (inf: nothing) for a square picture of ``size`` pixels, float32; surfaces are never mixed.

    Where the four depths round a pixel lie within ``edge`` of each other they are interpolated; on an edge the nearest
    pixel's depth is taken, or the nearest surface of the four where that pixel has none.
    """
    place = ((np.arange(size) + 0.5) * len(depth) / size - 0.5).clip(0, len(depth) - 1)
    low = np.minimum(place.astype(int), len(depth) - 2)
    share = place - low
    rows, columns = low[:, None], low[None, :]
    down, right = share[:, None], share[None, :]
    corners = np.stack([depth[rows + i, columns + j] for i in (0, 1) for j in (0, 1)])
    weights = np.stack([abs(1 - i - down) * abs(1 - j - right) for i in (0, 1) for j in (0, 1)])
    solid = np.isfinite(corners)
    known = np.where(solid, corners, 0)
    flat = solid.all(0) & (known.max(0) - known.min(0) <= edge)
    chosen = np.where(solid, weights, -1).argmax(0)
    nearest = np.take_along_axis(corners, chosen[None], 0)[0]
    return np.where(flat, (weights * known).sum(0), nearest).astype(np.float32)


def _finer(head: InvertedHead, label: Tensor, config: OrbitConfig) -> tuple[np.ndarray, np.ndarray]:
    """Camera z and coverage, float32 [d,d], by rays of their own."""
    rays = pixel_rays(label, config.depth_size)
    seen = render_in_chunks(head.network, head.planes, rays, config.rays_per_chunk)
    forward = camera_of(label)[0][:, :3, 2]
    along = (rays.directions * forward[:, None]).sum(-1)
    square = (config.depth_size, config.depth_size)
    z, coverage = seen.depth[..., 0] * along, seen.coverage[..., 0]
    return z.reshape(square).cpu().numpy(), coverage.reshape(square).cpu().numpy()


def _without_white(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [H,W,4] of a head painted over white: ``color`` float [H,W,3] 0..1, ``alpha`` [H,W]."""
    cover = alpha[..., None]
    head = np.clip(color - (1 - cover), 0, cover)
    return np.round(255 * np.concatenate([head, cover], -1)).astype(np.uint8)
