"""Stage 2 of the engine, the image prior: the coarse views with the reference's texture (FaceCraft4D section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...artifacts import ViewSet, over_white
from ...priors.diffusion.sdxl import DiffusionModels
from ...priors.warp.orbit import carry, warp_view
from ...priors.warp.order import apart, order_of_views
from ...priors.warp.reproject import View
from ...priors.warp.steady import steady_depth
from ...progress import Reporter
from .consistent_views_config import ConsistentViewsConfig
from .enhancement import Enhancement

_COMPARABLE = 0.02  # share of the picture in which two views must show the same for their tones to be compared
_MOST_GAIN = 1.5  # a shape prior that misses the reference's tone by more has seen another picture


def consistent_views(
    views: ViewSet, models: DiffusionModels | None, config: ConsistentViewsConfig, reporter: Reporter
) -> ViewSet:
    """Give coarse views the texture of the reference.

    Args:
        views: coarse, with depth; ``views.reference`` is the artist's picture.
        models: needed for the kind "diffusion" alone.

    Returns:
        ``views`` with other colours. Outlines (alpha), depth and cameras are the coarse views' own, since depth and
        outline must fit each other in what follows, and the reference is untouched.

    Raises:
        ValueError: no ``models`` for the kind "diffusion"; ``config.size`` not divisible by their latent cell.
        JobCancelled: the artist cancelled.
    """
    if config.kind == "none" or len(views.images) == 1:
        return views
    coarse = coarse_views(views, config)
    if config.kind == "warp":
        made = _by_warping(coarse, views, config, reporter)
    elif models is None:
        raise ValueError("the kind 'diffusion' needs models")
    else:
        made = Enhancement(coarse, views.azimuths_deg, views.reference, models, config, reporter).run()
    images = np.stack([as_bytes(picture) for picture in made])
    images[views.reference] = views.images[views.reference]
    return replace(views, images=images)


def coarse_views(views: ViewSet, config: ConsistentViewsConfig) -> list[View]:
    """The views as warping wants them: the noise of their depth taken out, their tone as a whole the reference's.

    The tone is that of the reference's texture over the coarse texture where the view nearest to the reference shows
    both: one gain per channel for all views, so that the back, which shows nothing to compare, does not stay behind.
    """
    coarse = [
        View(image.astype(np.float32) / 255, steady_depth(depth, config.warp), camera)
        for image, depth, camera in zip(views.images, views.depth, views.cameras, strict=True)
    ]
    reference, front = views.reference, views.azimuths_deg[views.reference]
    others = [index for index in range(len(coarse)) if index != reference]
    nearest = coarse[min(others, key=lambda index: apart(views.azimuths_deg[index], front))]
    carried = carry(nearest, [coarse[reference]], config.warp)
    weight = carried.known * nearest.image[..., 3]
    if weight.mean() < _COMPARABLE:
        return coarse
    mean_wanted, mean_own = ((each.image[..., :3] * weight[..., None]).sum((0, 1)) for each in (carried, nearest))
    gain = np.clip(mean_wanted / np.maximum(mean_own, 1e-6), 1 / _MOST_GAIN, _MOST_GAIN)
    return [view if index == reference else _brightened(view, gain) for index, view in enumerate(coarse)]


def _brightened(view: View, gain: np.ndarray) -> View:
    """The view with its colours times ``gain`` [3]."""
    alpha = view.image[..., 3:]
    color = np.minimum(view.image[..., :3] * gain.astype(np.float32), alpha)
    return View(np.concatenate([color, alpha], -1), view.depth, view.camera)


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """uint8 of a picture float 0..1."""
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _by_warping(
    coarse: Sequence[View], views: ViewSet, config: ConsistentViewsConfig, reporter: Reporter
) -> list[np.ndarray]:
    """Every view from the reference and the coarse view of the back, [H,W,4] each."""
    turns = order_of_views(views.azimuths_deg, views.reference)
    anchors = [coarse[views.reference], coarse[turns[0].view]]
    made = [view.image for view in coarse]
    for count, turn in enumerate(turns[1:]):
        reporter.progress(count / len(turns), f"view {count + 1} of {len(turns)}")
        made[turn.view] = warp_view(coarse[turn.view], anchors, config.warp)
        reporter.preview(over_white(as_bytes(made[turn.view])))
    return made
