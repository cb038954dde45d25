"""Views of a head whose shape is known: the toy checkpoint's ellipsoid."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cameo.backend.artifacts import over_white
from cameo.backend.head.mesh_raster import project
from cameo.backend.priors.panohead.camera import RADIUS, SIZE, label_of, round_the_head
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.generator import PanoHeadGenerator
from cameo.backend.priors.panohead.inversion import InvertedHead
from cameo.backend.priors.panohead.inversion_config import OrbitConfig
from cameo.backend.priors.panohead.orbit import enlarged_depth, head_view, orbit
from cameo.backend.progress import SilentReporter
from toy_panohead import HALF_AXES, arguments, state

CONFIG = OrbitConfig(views=4, depth_size=64)


@pytest.fixture(scope="module")
def head():
    config = replace(PanoHeadConfig.of_checkpoint(arguments()), superresolution_widths=(4, 4))
    rendering = replace(config.rendering, coarse_samples=40, fine_samples=16)
    network = PanoHeadGenerator.of_state(replace(config, rendering=rendering), state(config))
    styles = torch.zeros(1, network.backbone.synthesis.styles, 4)
    with torch.no_grad():
        return InvertedHead(network, styles, network.planes(styles), torch.zeros(1, 25), 32)


@pytest.fixture(scope="module")
def views(head):
    return {yaw: head_view(head, label_of(round_the_head(yaw)), CONFIG) for yaw in (0.0, 40.0, 90.0)}


def lifted(view):
    """World points [n,3] of the middle of the surface that a view shows."""
    camera = view.camera
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    inside = np.isfinite(view.depth) & (np.hypot(x - SIZE / 2, y - SIZE / 2) < 120)
    z = view.depth[inside].astype(float)
    seen = np.stack([x[inside], y[inside], np.ones(len(z))], -1) @ np.linalg.inv(camera.K).T * z[:, None]
    return (seen - camera.viewmat[:3, 3]) @ camera.viewmat[:3, :3]


def test_depth_lifts_to_the_surface(views):
    """From each side the same ellipsoid, one sample inside where density begins (level .75); z, not ray length."""
    for view in views.values():
        level = ((lifted(view) / HALF_AXES) ** 2).sum(-1)
        assert 0.5 < np.median(level) < 0.75 and np.ptp(np.quantile(level, [0.02, 0.98])) < 0.15


def test_two_views_lift_to_one_surface(views):
    points = lifted(views[0.0])
    place = project(points, views[40.0].camera)
    column, row = np.floor(place[:, :2]).astype(int).T
    depth = views[40.0].depth[row, column]
    nearer = np.isfinite(depth) & (place[:, 2] < depth + 0.05)  # the rest is hidden behind the side
    assert nearer.mean() > 0.8
    assert np.median(np.abs(place[nearer, 2] - depth[nearer])) < 0.01


def test_positive_yaw_looks_from_the_subjects_left(head):
    views, azimuths = orbit(head, CONFIG, SilentReporter())
    assert azimuths == (0.0, 90.0, 180.0, 270.0)
    place = np.linalg.inv(views[1].camera.viewmat)[:3, 3]
    np.testing.assert_allclose(place, [RADIUS, 0, 0], atol=1e-6)
    # The face's colours are in front: from the subject's left they lie on the left of the picture.
    hair, skin = over_white(views[2].image)[256, 256], over_white(views[0].image)[256, 256]
    left, right = (over_white(views[1].image)[256, column] for column in (140, 340))
    assert np.abs(left.astype(int) - skin).max() < 12 and np.abs(right.astype(int) - hair).max() < 12
    assert np.abs(hair.astype(int) - skin).max() > 60


def test_pictures_are_premultiplied_and_cut_out(views):
    for view in views.values():
        assert (view.image[..., :3] <= view.image[..., 3:]).all()
        assert not view.image[:40, :40].any() and (view.image[200:300, 240:270, 3] == 255).all()
        assert (np.isfinite(view.depth) == (view.image[..., 3] > 127)).mean() > 0.995


def test_enlarged_depth_mixes_no_surfaces():
    depth = np.full((8, 8), np.inf)
    depth[:, 2:5], depth[:, 5:7] = 2.0 + 0.01 * np.arange(8)[:, None], 2.6
    large = enlarged_depth(depth, 32, 0.02)
    assert large.dtype == np.float32
    solid = large[np.isfinite(large)]
    assert (((solid >= 2.0) & (solid < 2.08)) | (np.abs(solid - 2.6) < 1e-6)).all()
    ramp = large[2:-2, 14]
    np.testing.assert_allclose(np.diff(ramp), 0.0025, atol=1e-5)
    assert np.isinf(large[:, :6]).all() and np.isfinite(large[:, 8:28]).all()
