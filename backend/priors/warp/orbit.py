"""All views of an orbit from a few anchors by warping alone: the image prior that needs no generative network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...artifacts import Camera
from .config import WarpConfig
from .reproject import View, Warped, warp

_KNOWN = 1e-3  # weight below which a pixel of the pyramid knows nothing


def warp_orbit(views: Sequence[View], anchors: Sequence[View], config: WarpConfig) -> list[np.ndarray]:
    """Give ``views`` the texture of ``anchors``; what no anchor sees keeps the view's own, in the anchors' tone.

    Args:
        views: coarse pictures with depth, such as a shape prior renders them.
        anchors: trusted pictures with depth of the same head: the reference, the back view.

    Returns:
        One float32 [H,W,4] premultiplied picture per view, with the view's own alpha.
    """
    return [warp_view(view, anchors, config) for view in views]


def warp_view(view: View, anchors: Sequence[View], config: WarpConfig) -> np.ndarray:
    """One view as in :func:`warp_orbit`; the nearest anchor's texture lies on top."""
    nearest_first = sorted(anchors, key=lambda one: _angle(one.camera, view.camera))
    return carry(view, nearest_first, config).image


@dataclass(frozen=True)
class Carried:
    """A view that carries others' texture.

    Attributes:
        image: float32 [H,W,4] premultiplied, with the view's own alpha.
        known: float32 [H,W] 0..1, how much of a pixel comes from other views.
    """

    image: np.ndarray
    known: np.ndarray


def carry(view: View, sources: Sequence[View], config: WarpConfig) -> Carried:
    """Lay the texture of ``sources`` over ``view``, the first on top; the rest of it goes over to their tone."""
    height, width = view.depth.shape
    color, open_share = np.zeros((height, width, 3), np.float32), np.ones((height, width, 1), np.float32)
    for source in sources:
        warped = warp(source, view.depth, view.camera, config)
        share = open_share * _trust(warped, view.depth, config)[..., None]
        color += share * warped.color
        open_share -= share
    alpha = view.image[..., 3:]
    own = view.image[..., :3] / np.maximum(alpha, 1e-3)
    known = 1 - open_share
    tone = spread(np.divide(color, known, out=np.zeros_like(color), where=known > 0) - own, known[..., 0])
    filled = color + open_share * (own + tone)
    image = np.concatenate([np.clip(filled, 0, 1) * alpha, alpha], -1).astype(np.float32)
    return Carried(image, known[..., 0])


def spread(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Carry ``values`` float [H,W,C] from where ``weight`` [H,W] is high smoothly to everywhere (push and pull)."""
    mass = np.concatenate([values * weight[..., None], weight[..., None]], -1).astype(np.float32)
    return _push_pull(mass)


def _push_pull(mass: np.ndarray) -> np.ndarray:
    """Means [H,W,C] of weighted sums [H,W,C+1]; where the weight is short of 1, the coarser level's."""
    height, width = mass.shape[:2]
    sums, weight = mass[..., :-1], mass[..., -1:]
    mean = sums / np.maximum(weight, _KNOWN)
    if min(height, width) <= 2:
        return mean
    coarse = _push_pull(cv2.pyrDown(mass))
    below = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(mean.shape)
    return below + np.minimum(weight, 1) * (mean - below)


def _trust(warped: Warped, depth: np.ndarray, config: WarpConfig) -> np.ndarray:
    """float32 [H,W] 0..1: little where texture is stretched, and beside a surface without any."""
    shown = warped.detail > 0
    ramp = np.clip((warped.detail - config.least_detail) / (config.full_detail - config.least_detail), 0, 1)
    bare = np.isfinite(depth) & ~shown
    if not bare.any():
        return ramp
    inward = cv2.distanceTransform((~bare).astype(np.uint8), cv2.DIST_L2, 5)
    return ramp * np.clip((inward - 1) / (config.feather * depth.shape[1]), 0, 1)


def _angle(first: Camera, second: Camera) -> float:
    """Radians between two cameras' directions of view."""
    return float(np.arccos(np.clip(first.viewmat[2, :3] @ second.viewmat[2, :3], -1, 1)))
