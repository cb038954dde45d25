"""Volume rendering in two passes: even samples first, then more of them where the first found something.

After EG3D section 4.1 and NeRF section 5.2, with Mip-NeRF's midpoints; the numerics are those of the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .config import RenderingConfig
from .rays import Rays

Field = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Points [N,P,3] to features [N,P,C] and density before its activation [N,P,1]."""
_EMPTY = -1e3  # a density whose softplus is 0
_LEAST_WEIGHT = 0.01  # every stretch of a ray keeps a chance of samples


class Rendered(NamedTuple):
    """What the rays see."""

    features: Tensor
    """[N,M,C], multiplied with the coverage."""
    depth: Tensor
    """[N,M,1], mean distance from the camera along the unit ray; meaningless where coverage is small."""
    coverage: Tensor
    """[N,M,1], sum of the weights, 0..1."""


class Samples(NamedTuple):
    """Points on rays, near to far."""

    depths: Tensor
    """[N,M,S,1]."""
    features: Tensor
    """[N,M,S,C]."""
    densities: Tensor
    """[N,M,S,1], before the activation."""


def render_rays(field: Field, rays: Rays, config: RenderingConfig, generator: torch.Generator | None) -> Rendered:
    """Shoot rays through ``field``.

    Args:
        field: what the box holds.
        rays: M per batch entry.
        config: distances and counts of samples.
        generator: jitters the samples; None: every sample in the middle of its place, the same picture each time.
    """
    coarse = _looked_up(field, rays, even_depths(rays, config, generator), config)
    if config.fine_samples == 0:
        return _marched(coarse, march_weights(coarse))
    with torch.no_grad():
        fine_depths = important_depths(coarse.depths, march_weights(coarse), config.fine_samples, generator)
    samples = _merged(coarse, _looked_up(field, rays, fine_depths, config))
    return _marched(samples, march_weights(samples))


def even_depths(rays: Rays, config: RenderingConfig, generator: torch.Generator | None) -> Tensor:
    """One depth in each of ``coarse_samples`` equal stretches, [N,M,S,1]."""
    count = config.coarse_samples
    like = rays.origins
    starts = torch.linspace(config.ray_start, config.ray_end, count, device=like.device, dtype=like.dtype)
    step = (config.ray_end - config.ray_start) / (count - 1)
    shape = (*like.shape[:2], count, 1)
    places = like.new_full(shape, 0.5) if generator is None else _draw(shape, generator, like)
    return starts[:, None] + step * places


def important_depths(depths: Tensor, weights: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Depths spread as the weights of the first pass are: the inverse of their cumulative sum.

    Args:
        depths: [N,M,S,1], ascending.
        weights: [N,M,S-1,1], between neighbouring depths.
        count: samples per ray.
        generator: None: evenly spaced quantiles, 0 and 1 included.

    Returns:
        [N,M,count,1]; not sorted when drawn at random.
    """
    batch, rays, stations = depths.shape[:3]
    flat = depths.reshape(batch * rays, stations)
    # Stretches 1 to S-3 of the weights, laid over the middles of 0 to S-3: half a stretch nearer, as it was trained.
    edges = (flat[:, 1:-1] + flat[:, :-2]) / 2
    # Widened to the neighbours and smoothed, so that a thin surface between two samples is not missed.
    wide = functional.max_pool1d(weights.reshape(batch * rays, 1, stations - 1), 2, 1, padding=1)
    mass = functional.avg_pool1d(wide, 2, 1)[:, 0, 1:-1] + (_LEAST_WEIGHT + 1e-5)
    cumulated = functional.pad((mass / mass.sum(1, keepdim=True)).cumsum(1), (1, 0))
    if generator is None:
        quantiles = (
            torch.linspace(0, 1, count, device=flat.device, dtype=flat.dtype).expand(len(flat), count).contiguous()
        )
    else:
        quantiles = _draw((len(flat), count), generator, flat)
    return _inverse(cumulated, edges, quantiles).reshape(batch, rays, count, 1)


def march_weights(samples: Samples) -> Tensor:
    """Share of each stretch between neighbouring samples in what the ray sees, [N,M,S-1,1].

    The density of a stretch is that of its middle; softplus(x - 1) begins almost transparent.
    """
    middle = (samples.densities[:, :, 1:] + samples.densities[:, :, :-1]) / 2
    lengths = samples.depths[:, :, 1:] - samples.depths[:, :, :-1]
    alpha = 1.0 - torch.exp(-functional.softplus(middle - 1.0) * lengths)
    passed = torch.cumprod(1.0 - alpha + 1e-10, 2)
    return alpha * torch.cat([torch.ones_like(passed[:, :, :1]), passed[:, :, :-1]], 2)


def _looked_up(field: Field, rays: Rays, depths: Tensor, config: RenderingConfig) -> Samples:
    points = rays.origins[:, :, None] + depths * rays.directions[:, :, None]
    features, densities = field(points.flatten(1, 2))
    shape = (*depths.shape[:3], -1)
    rim = points[..., [0, 2]].abs().amax(-1, keepdim=True) > config.box_warp / 2 - config.crop
    return Samples(depths, features.reshape(shape), densities.reshape(shape).masked_fill(rim, _EMPTY))


def _merged(first: Samples, second: Samples) -> Samples:
    joined = [torch.cat(pair, 2) for pair in zip(first, second, strict=True)]
    order = joined[0].argsort(2)
    return Samples(*(values.gather(2, order.expand(-1, -1, -1, values.shape[-1])) for values in joined))


def _marched(samples: Samples, weights: Tensor) -> Rendered:
    depths, features, _ = samples
    seen = (weights * (features[:, :, 1:] + features[:, :, :-1])).sum(2) / 2
    coverage = weights.sum(2)
    mean = (weights * (depths[:, :, 1:] + depths[:, :, :-1])).sum(2) / (2 * coverage)
    mean = mean.nan_to_num(float("inf")).clamp(depths.min(), depths.max())  # a ray through nothing ends far away
    return Rendered(seen, mean, coverage)


def _inverse(cumulated: Tensor, edges: Tensor, quantiles: Tensor) -> Tensor:
    """Where the piecewise linear ``cumulated`` [R,B] over ``edges`` [R,B] reaches ``quantiles`` [R,Q]."""
    above = torch.searchsorted(cumulated, quantiles, right=True)
    below = (above - 1).clamp(min=0)
    above = above.clamp(max=edges.shape[1] - 1)
    low, high = cumulated.gather(1, below), cumulated.gather(1, above)
    near, far = edges.gather(1, below), edges.gather(1, above)
    height = high - low
    height = torch.where(height < 1e-5, torch.ones_like(height), height)
    return near + (quantiles - low) / height * (far - near)


def _draw(shape: tuple[int, ...], generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device).to(like)
