"""Noisy depth of the head: what smoothing takes away, what it leaves, and what warping makes of it."""

import cv2
import numpy as np
import pytest
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.priors.warp.config import WarpConfig
from cameo.backend.priors.warp.reproject import View, detail, landing, sees, warp
from cameo.backend.priors.warp.steady import Planes, steady_depth

from .scenes import camera_at, head_mesh, iou, see_ellipsoid, see_head
from .test_reproject import facing

NOISY, EXACT = WarpConfig.for_noisy_depth(), WarpConfig()
SIZE, COARSE = 384, 96
NOISE = 0.001  # of the distance: 1.2 mm


def shivering(depth, seed, noise=NOISE):
    random = np.random.default_rng(seed).standard_normal(depth.shape)
    return np.where(np.isfinite(depth), depth * (1 + noise * random), np.inf)


def enlarged(depth, size=SIZE):
    """Depth of few pixels as a shape prior enlarges it; nothing stays nothing."""
    seen = np.isfinite(depth).astype(np.float32)
    share, total = (cv2.resize(x, (size, size)) for x in (seen, np.where(seen > 0, depth, 0).astype(np.float32)))
    return np.where(share > 0.5, total / np.maximum(share, 1e-6), np.inf)


def full(yaw, seed):
    return shivering(see_head(camera_at(yaw, SIZE)).view.depth, seed)


def few_pixels(yaw, seed):
    return enlarged(shivering(see_head(camera_at(yaw, COARSE)).view.depth, seed))


def truly_visible(yaw):
    """bool [H,W], what a view from the front really sees of the view from ``yaw``."""
    camera, target, fine = camera_at(0, SIZE), camera_at(yaw, SIZE), camera_at(0, 4 * SIZE)
    sight = see_head(target)
    same_side = facing(camera, target, sight.place) * facing(target, target, sight.place) > 0
    place = landing(sight.view.depth, target, fine)
    return sees(rasterize_mesh(*head_mesh(), fine).depth, place, 5e-4) & same_side


@pytest.mark.parametrize(
    ("yaw", "depth", "least", "most_off"),
    [(15, full, 0.98, 0.3), (40, full, 0.96, 0.6), (15, few_pixels, 0.97, 0.5), (40, few_pixels, 0.93, 1.2)],
)
def test_visibility_and_landing_survive_noise(yaw, depth, least, most_off):
    """``most_off``: pixels, median, between where a point lands and where it should."""
    source, target, truth = see_head(camera_at(0, SIZE)).view, camera_at(yaw, SIZE), truly_visible(yaw)
    raw = depth(0, 1), depth(yaw, 2)
    front, side = (steady_depth(each, NOISY) for each in raw)
    assert iou(warp(View(source.image, front, source.camera), side, target, NOISY).visible, truth) > least
    blind = warp(View(source.image, raw[0], source.camera), raw[1], target, EXACT)
    assert iou(blind.visible, truth) < least - 0.005
    exact = landing(see_head(target).view.depth, target, source.camera)
    off = np.linalg.norm((landing(side, target, source.camera) - exact)[..., :2], axis=-1)
    assert np.nanmedian(off[truth]) < most_off


def test_noise_goes_and_slopes_stay():
    depth = see_ellipsoid(camera_at(20)).view.depth
    seen = np.isfinite(depth)
    made = steady_depth(shivering(depth, 3), NOISY)
    assert made.dtype == np.float32
    assert np.array_equal(np.isfinite(made), seen)
    assert np.std(made[seen] / depth[seen]) < 0.4 * NOISE
    bent = steady_depth(depth, NOISY)[seen] / depth[seen] - 1  # by curvature, most at the outline
    assert np.quantile(np.abs(bent), 0.95) < 0.5 * NOISE


def test_edges_stay_where_they_are():
    depth = np.full((80, 80), 1.0)
    depth[:, 40:] = 1.1
    made = steady_depth(shivering(depth, 4), WarpConfig(smoothing=0.03))
    assert np.abs(made[:, 39] - 1.0).max() < 0.01
    assert np.abs(made[:, 40] - 1.1).max() < 0.01


def test_without_smoothing_depth_is_as_it_was():
    depth = shivering(see_head(camera_at(0, 64)).view.depth, 5)
    assert np.array_equal(steady_depth(depth, EXACT), depth.astype(np.float32))
    empty = np.full((8, 8), np.inf)
    assert np.array_equal(steady_depth(empty, NOISY), empty)


def test_planes_are_found_up_to_the_border_of_what_is_known():
    x, y = np.meshgrid(np.arange(40.0), np.arange(30.0))
    known = (x - 20) ** 2 + (y - 15) ** 2 < 100
    fit = Planes(known, 2.0).fit(np.where(known, 3 * x - 2 * y + 5, 1e6))
    assert np.abs(fit.height - (3 * x - 2 * y + 5))[known].max() < 0.5
    assert np.abs(fit.across - 3)[known].max() < 0.05
    assert np.abs(fit.down + 2)[known].max() < 0.05


def test_detail_of_a_smooth_map_is_the_same_with_planes():
    source, target = camera_at(0), camera_at(25)
    place = landing(see_ellipsoid(target).view.depth, target, source)
    inner = cv2.erode(np.isfinite(place[..., 2]).astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    assert np.abs(detail(place, 2.0) - detail(place))[inner].max() < 0.02
    assert (detail(place, 2.0)[~np.isfinite(place[..., 2])] == 0).all()
