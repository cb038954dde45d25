"""The image prior's stage on our head with a pattern on its skin: coarse views are the truth blurred and tinted."""

import itertools
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from cameo.backend.artifacts import ViewSet, orbit_camera
from cameo.backend.engines.facecraft4d.consistent_views import coarse_views, consistent_views
from cameo.backend.engines.facecraft4d.consistent_views_config import ConsistentViewsConfig
from cameo.backend.errors import JobCancelled
from cameo.backend.priors.diffusion.config import DiffusionConfig
from cameo.backend.priors.diffusion.sdxl import load_models
from cameo.backend.priors.warp.config import WarpConfig
from cameo.backend.priors.warp.orbit import warp_view
from cameo.backend.priors.warp.reproject import View
from cameo.backend.progress import SilentReporter

from ...priors.warp.scenes import see_head

pytest.importorskip("diffusers", reason="diffusers is not installed (extra `diffusion`)")
pytest.importorskip("transformers", reason="transformers is not installed (extra `diffusion`)")

from cameo.backend.engines.facecraft4d.enhancement import Enhancement

from .toy_sdxl import write_sdxl

SIZE, REFERENCE_AZIMUTH = 128, 4.0
AZIMUTHS = (*range(0, 360, 45), REFERENCE_AZIMUTH)
REFERENCE, BACK, FRONT, SIDE = len(AZIMUTHS) - 1, 4, 0, 1
TINT = np.array([0.12, -0.1, 0.08])  # part of the colour
CONFIG = replace(ConsistentViewsConfig.toy(), size=64)
LOOSE = replace(CONFIG, tone_radius=0.0)


def premultiplied(color, alpha):
    return np.round(np.concatenate([np.clip(color, 0, 1) * alpha, alpha], -1) * 255).astype(np.uint8)


def views_of_the_head(change, azimuths=AZIMUTHS):
    """``change(color, index)`` makes a view's colours from the true ones; the last view is the reference."""
    cameras = [orbit_camera(yaw, 3.0, distance=1.2, fov_deg=14, size=SIZE) for yaw in azimuths]
    images, depth = [], []
    for index, camera in enumerate(cameras):
        sight = see_head(camera)
        wave = 0.5 + 0.25 * np.sin(sight.place * 2 * np.pi / np.array([0.05, 0.06, 0.055]) + np.array([0, 1, 2]))
        color = wave * np.array([0.95, 0.75, 0.6])
        images.append(premultiplied(change(color, index), sight.view.image[..., 3:]))
        depth.append(sight.view.depth)
    return ViewSet(np.stack(images), np.stack(depth), tuple(cameras), azimuths, len(azimuths) - 1)


def blurred_and_tinted(color, index):
    return color if index == REFERENCE else cv2.GaussianBlur(color, (0, 0), 3) * (1 + TINT)


@pytest.fixture(scope="module")
def truth():
    return views_of_the_head(lambda color, index: color)


@pytest.fixture(scope="module")
def coarse():
    return views_of_the_head(blurred_and_tinted)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sdxl(tmp_path_factory.mktemp("sdxl"))


def models_for(folder, config):
    return load_models(folder, config.diffusion)


@pytest.fixture(scope="module")
def models(folder):
    return models_for(folder, CONFIG)


class Watch(SilentReporter):
    def __init__(self, stop_at=2.0):
        self.stop_at, self.fractions, self.pictures = stop_at, [], []

    def progress(self, fraction, message=""):
        self.fractions.append(fraction)
        if fraction >= self.stop_at:
            raise JobCancelled

    def preview(self, image):
        self.pictures.append(image)


@pytest.fixture(scope="module")
def enhanced(coarse, models):
    watch = Watch()
    return consistent_views(coarse, models, CONFIG, watch), watch


def inside(views, index):
    return views.images[index, ..., 3] > 250


def error(made, truth, index):
    difference = np.abs(made.images[index, ..., :3].astype(float) - truth.images[index, ..., :3])
    return float(difference[inside(truth, index)].mean())


def mean_of(image):
    """Colour [3] of a premultiplied picture float [H,W,4]."""
    return image[..., :3].sum((0, 1)) / image[..., 3].sum()


def mean_color(views, index):
    return mean_of(views.images[index] / 255)


def test_defaults():
    config = ConsistentViewsConfig()
    assert (config.kind, config.warp.border, config.diffusion) == ("diffusion", 0.1, DiffusionConfig())
    assert config.warp == WarpConfig.for_noisy_depth()


def test_the_config_needs_no_heavy_library():
    heavy = "{'torch', 'cv2', 'scipy', 'numba', 'diffusers'} & set(sys.modules)"
    module = "cameo.backend.engines.facecraft4d.consistent_views_config"
    subprocess.run([sys.executable, "-c", f"import sys, {module}; sys.exit(bool({heavy}))"], check=True)


def test_texture_comes_nearer_to_the_truth_and_nothing_else_changes(coarse, truth, enhanced):
    made, _ = enhanced
    assert np.array_equal(made.images[REFERENCE], coarse.images[REFERENCE])
    assert np.array_equal(made.images[..., 3], coarse.images[..., 3])
    assert (made.images[..., :3] <= made.images[..., 3:]).all()
    assert (made.cameras, made.azimuths_deg, made.reference) == (coarse.cameras, coarse.azimuths_deg, REFERENCE)
    assert made.depth is coarse.depth
    assert error(made, truth, FRONT) < 0.5 * error(coarse, truth, FRONT)
    assert error(made, truth, SIDE) < 0.8 * error(coarse, truth, SIDE)


def test_the_artist_sees_every_view_beside_what_it_was_and_how_far_it_is(enhanced):
    _, watch = enhanced
    assert len(watch.pictures) == len(AZIMUTHS) - 1
    assert {picture.shape for picture in watch.pictures} == {(SIZE, 3 * SIZE, 3)}
    assert {picture.dtype for picture in watch.pictures} == {np.dtype(np.uint8)}
    assert all(earlier < later for earlier, later in itertools.pairwise(watch.fractions))
    assert watch.fractions[0] == 0
    assert 0.9 < watch.fractions[-1] < 1


def test_the_back_comes_first_then_outward(coarse, enhanced):
    """The first preview shows the back's coarse view on its left; the last ones show the sides."""
    _, watch = enhanced
    white = coarse.images[..., :3] + (255 - coarse.images[..., 3:])
    order = [
        int(np.abs(white.astype(int) - picture[:, :SIZE].astype(int)).mean((1, 2, 3)).argmin())
        for picture in watch.pictures
    ]
    assert order[0] == BACK
    assert order[1] == FRONT
    assert set(order[-2:]) == {2, 6}
    assert sorted(order) == list(range(REFERENCE))


def test_one_view_at_a_time_gives_what_one_batch_gives(coarse, models):
    assert models.views_at_once(CONFIG.size, CONFIG.memory_gb) > len(AZIMUTHS)
    assert models.views_at_once(CONFIG.size, 0.0) == 1
    views = coarse_views(coarse, CONFIG)
    together, apart = (
        Enhancement(views, AZIMUTHS, REFERENCE, models, replace(CONFIG, memory_gb=memory), SilentReporter()).run()
        for memory in (CONFIG.memory_gb, 0.0)
    )
    assert max(np.abs(one - other).max() for one, other in zip(together, apart, strict=True)) < 1e-5


def test_with_constant_noise_nothing_but_what_is_carried_changes(truth, coarse, folder):
    models = models_for(folder, CONFIG)
    torch.nn.init.zeros_(models.unet.conv_out.weight)
    torch.nn.init.constant_(models.unet.conv_out.bias, 0.3)
    made = consistent_views(coarse, models, LOOSE, SilentReporter())
    views = coarse_views(coarse, CONFIG)
    assert np.abs(made.images[BACK] / 255.0 - views[BACK].image).max() < 0.003
    carried = warp_view(views[FRONT], [views[REFERENCE], views[BACK]], CONFIG.warp)
    assert np.abs(made.images[FRONT] / 255.0 - carried).max() < 0.003
    # views that already agree stay, but for the resampling of what is carried
    same = consistent_views(truth, models, LOOSE, SilentReporter())
    assert max(error(same, truth, index) for index in range(REFERENCE)) < 5


def test_mutual_attention_pulls_the_back_towards_the_reference(coarse, folder):
    """Its colour comes from attention alone; the reference is made blue, which no one tells the back otherwise."""
    views = coarse_views(coarse, CONFIG)
    image = views[REFERENCE].image * np.array([0.4, 0.6, 1.0, 1.0], np.float32)
    views[REFERENCE] = View(image, views[REFERENCE].depth, views[REFERENCE].camera)
    before, aim = (mean_of(views[index].image) for index in (BACK, REFERENCE))

    def moved(start_layer, config):
        config = replace(config, diffusion=replace(config.diffusion, start_layer=start_layer))
        models = models_for(folder, config)
        made = Enhancement(views, AZIMUTHS, REFERENCE, models, config, SilentReporter()).run()
        return float((mean_of(made[BACK]) - before) @ (aim - before) / ((aim - before) @ (aim - before)))

    assert abs(moved(99, LOOSE)) < 0.005
    assert moved(4, LOOSE) > 0.02
    # broad colour is held, so that no view drifts
    assert abs(moved(4, CONFIG)) < 0.005


def test_views_do_not_drift_in_colour_from_the_reference(truth, coarse, enhanced):
    """Coarse views are tinted; all views, seen by the reference or not, come out in its tone."""
    made, _ = enhanced
    drift = [np.abs(mean_color(made, index) - mean_color(truth, index)).max() for index in range(REFERENCE)]
    tinted = [np.abs(mean_color(coarse, index) - mean_color(truth, index)).max() for index in range(REFERENCE)]
    assert min(tinted) > 0.03
    assert drift[FRONT] < 0.3 * tinted[FRONT]
    assert max(drift) < 0.45 * max(tinted), np.round([drift, tinted], 4)


def test_an_orbit_view_may_stand_where_the_reference_stands(models):
    made = consistent_views(
        views_of_the_head(lambda color, index: color * (1 + TINT * (index < 3)), (0.0, 90.0, 200.0, 0.0)),
        models,
        CONFIG,
        SilentReporter(),
    )
    off = np.abs(made.images[0].astype(int) - made.images[3])[inside(made, 3)]
    assert off.mean() < 1


def test_warping_alone_and_nothing_at_all(coarse, truth):
    watch = Watch()
    made = consistent_views(coarse, None, replace(CONFIG, kind="warp"), watch)
    views = coarse_views(coarse, CONFIG)
    expected = warp_view(views[SIDE], [views[REFERENCE], views[BACK]], CONFIG.warp)
    assert np.abs(made.images[SIDE] / 255.0 - expected).max() < 0.003
    assert error(made, truth, SIDE) < 0.7 * error(coarse, truth, SIDE)
    assert np.array_equal(made.images[REFERENCE], coarse.images[REFERENCE])
    assert np.abs(made.images[BACK] / 255.0 - views[BACK].image).max() < 0.003
    assert len(watch.pictures) == len(AZIMUTHS) - 2
    assert consistent_views(coarse, None, replace(CONFIG, kind="none"), SilentReporter()) is coarse


def test_what_cannot_be_asked(coarse, models):
    with pytest.raises(ValueError, match="needs models"):
        consistent_views(coarse, None, CONFIG, SilentReporter())
    with pytest.raises(ValueError, match="cells of 2"):
        consistent_views(coarse, models, replace(CONFIG, size=63), SilentReporter())


def test_the_artist_can_cancel_and_the_network_is_as_before(coarse, models):
    processors = dict(models.unet.attn_processors)
    with pytest.raises(JobCancelled):
        consistent_views(coarse, models, CONFIG, Watch(stop_at=0.3))
    assert models.unet.attn_processors == processors
