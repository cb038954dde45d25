"""Volume rendering against loops, histograms and bodies whose picture is known."""

import math

import numpy as np
import torch
from cameo.backend.priors.panohead.config import RenderingConfig
from cameo.backend.priors.panohead.rays import Rays, pixel_rays
from cameo.backend.priors.panohead.volume import Samples, even_depths, important_depths, march_weights, render_rays
from small_panohead import camera_label

CONFIG = RenderingConfig(ray_start=2.25, ray_end=3.3, coarse_samples=48, fine_samples=48, box_warp=1.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random_samples(rays=4, count=9):
    depths = torch.rand(1, rays, count, 1, generator=seeded(1)).sort(2).values + 2
    return Samples(depths, torch.randn(1, rays, count, 2, generator=seeded(2)), depths.sin() * 9)


def test_weights_against_a_loop():
    samples = random_samples()
    weights = march_weights(samples)
    for ray in range(4):
        passed = 1.0
        for place in range(8):
            near, far = (samples.depths[0, ray, place + k, 0].item() for k in (0, 1))
            density = sum(samples.densities[0, ray, place + k, 0].item() for k in (0, 1)) / 2
            alpha = 1 - math.exp(-math.log1p(math.exp(density - 1)) * (far - near))
            assert abs(weights[0, ray, place, 0].item() - passed * alpha) < 1e-6
            passed *= 1 - alpha
        assert abs(weights[0, ray].sum().item() + passed - 1) < 1e-6  # what is not seen passes


def test_even_depths_fill_their_stretches():
    rays = pixel_rays(camera_label(), 4)
    step = (CONFIG.ray_end - CONFIG.ray_start) / 47
    middles = even_depths(rays, CONFIG, None)
    jittered = even_depths(rays, CONFIG, seeded())
    assert middles.shape == jittered.shape == (1, 16, 48, 1)
    starts = CONFIG.ray_start + step * torch.arange(48.0)[:, None]
    torch.testing.assert_close(middles, (starts + step / 2).expand(1, 16, 48, 1))
    share = (jittered - starts) / step
    assert -1e-4 < share.min() < 0.02 and 0.98 < share.max() < 1.0001
    assert abs(float(share.mean()) - 0.5) < 0.03


def test_important_depths_follow_the_weights():
    """A histogram of many samples has the shape of the smoothed weights."""
    depths = torch.linspace(2, 3, 12)[None, None, :, None]
    weights = torch.zeros(1, 1, 11, 1)
    weights[0, 0, 3], weights[0, 0, 7] = 0.6, 0.2
    drawn = important_depths(depths, weights, 200_000, seeded()).flatten().numpy()
    flat = weights.flatten().numpy()
    wide = np.maximum(np.concatenate([[0], flat]), np.concatenate([flat, [0]]))
    mass = ((wide[1:] + wide[:-1]) / 2 + 0.01)[1:-1]
    edges = (depths.flatten().numpy()[1:] + depths.flatten().numpy()[:-1])[:-1] / 2
    counted, _ = np.histogram(drawn, edges)
    assert counted.sum() >= 199_990  # all lie between the first and the last edge, but for rounding
    np.testing.assert_allclose(counted / counted.sum(), mass / mass.sum(), atol=4e-3)


def test_important_depths_without_chance_are_quantiles():
    depths = torch.linspace(2, 3, 12)[None, None, :, None].expand(1, 2, 12, 1)
    weights = torch.rand(1, 2, 11, 1, generator=seeded())
    fixed = important_depths(depths, weights, 33, None)
    assert (fixed.diff(dim=2) >= 0).all()
    torch.testing.assert_close(fixed, important_depths(depths, weights, 33, None))
    torch.testing.assert_close(fixed[0, :, 0, 0], ((depths[0, :, 0] + depths[0, :, 1]) / 2)[:, 0])


def ball(radius):
    """A dense ball at the origin whose feature is the place."""

    def field(points):
        inside = points.norm(dim=-1, keepdim=True) < radius
        return points, torch.where(inside, 500.0, -500.0)

    return field


def test_a_ball_has_the_depth_and_the_mask_of_a_ball():
    radius = 0.25
    rays = pixel_rays(camera_label(0.6, 0.3), 24)
    seen = render_rays(ball(radius), rays, CONFIG, None)
    along = -(rays.origins * rays.directions).sum(-1)
    gap = (rays.origins + along[..., None] * rays.directions).norm(dim=-1)
    hit = gap < radius - 0.02
    first = along - (radius**2 - gap**2).clamp(min=0).sqrt()
    assert 50 < int(hit.sum()) < 500
    coverage = seen.coverage[..., 0]
    assert (coverage[hit] > 0.999).all() and (coverage[gap > radius + 0.02] < 1e-3).all()
    step = (CONFIG.ray_end - CONFIG.ray_start) / 47
    assert (seen.depth[..., 0] - first)[hit].abs().max() < step
    place = rays.origins + seen.depth * rays.directions
    assert (place - seen.features)[hit].abs().max() < 1e-3  # lift with origin + depth * direction


def test_the_second_pass_finds_the_surface_better():
    rays = pixel_rays(camera_label(), 16)
    truth = 2.7 - (0.25**2 - 0.0) ** 0.5
    one = RenderingConfig(ray_start=2.25, ray_end=3.3, coarse_samples=12, fine_samples=0, box_warp=1.0)
    two = RenderingConfig(ray_start=2.25, ray_end=3.3, coarse_samples=12, fine_samples=36, box_warp=1.0)
    middle = slice(7 * 16 + 7, 7 * 16 + 9)
    errors = [
        (render_rays(ball(0.25), rays, config, None).depth[0, middle, 0] - truth).abs().max() for config in (one, two)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_the_rim_is_empty():
    def everywhere(points):
        return torch.ones_like(points), torch.full_like(points[..., :1], 100.0)

    x = torch.linspace(-0.6, 0.6, 25)
    origins = torch.stack([x, torch.zeros(25), torch.full((25,), 2.7)], -1)[None]
    rays = Rays(origins, torch.tensor([0.0, 0.0, -1.0]).expand(1, 25, 3))
    seen = render_rays(everywhere, rays, CONFIG, None)
    inside = x.abs() < 0.395
    assert (seen.coverage[0, inside] > 0.999).all()
    assert (seen.coverage[0, x.abs() > 0.405] == 0).all()
    assert (seen.depth[0, inside] - 2.3).abs().max() < 0.03  # the front rim is at z = 0.4


def test_a_ray_through_nothing_has_a_number_for_a_depth():
    rays = pixel_rays(camera_label(), 3)
    seen = render_rays(lambda points: (points, torch.full_like(points[..., :1], -1e3)), rays, CONFIG, None)
    assert (seen.coverage == 0).all() and (seen.features == 0).all()
    assert (seen.depth >= CONFIG.ray_end).all() and torch.isfinite(seen.depth).all()


def test_the_same_seed_gives_the_same_picture():
    rays = pixel_rays(camera_label(), 6)
    first, again, other = (render_rays(ball(0.2), rays, CONFIG, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.depth, again.depth)
    assert not torch.equal(first.depth, other.depth)
