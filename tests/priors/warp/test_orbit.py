"""Views of the orbit by warping alone."""

import cv2
import numpy as np
import pytest
from cameo.backend.priors.warp.config import WarpConfig
from cameo.backend.priors.warp.orbit import spread, warp_orbit
from cameo.backend.priors.warp.reproject import View

from .scenes import camera_at, see_head

CONFIG = WarpConfig()
YAWS = (0, 30, 75, 180, -60)
TINT = np.array([0.06, -0.05, 0.04], np.float32)


def painted(yaw):
    """The head with a fine pattern on its skin."""
    sight = see_head(camera_at(yaw))
    pattern = 0.5 + 0.2 * np.sin(sight.place * 2 * np.pi / np.array([0.02, 0.025, 0.022]) + np.array([0, 1, 2]))
    image = sight.view.image.copy()
    image[..., :3] = pattern * image[..., 3:]
    return View(image, sight.view.depth, sight.view.camera)


def changed(view, how):
    image = view.image.copy()
    image[..., :3] = how(image[..., :3]) * image[..., 3:]
    return View(image, view.depth, view.camera)


def error(picture, truth):
    inside = truth.image[..., 3] > 0
    return float(np.abs(picture - truth.image)[inside].mean())


@pytest.fixture(scope="module")
def truth():
    return [painted(yaw) for yaw in YAWS]


def test_texture_replaces_blur_where_an_anchor_sees(truth):
    coarse = [changed(view, lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 5)) for view in truth]
    made = warp_orbit(coarse, [truth[0], truth[3]], CONFIG)
    for picture, view, true in zip(made, coarse, truth, strict=True):
        assert np.array_equal(picture[..., 3], true.image[..., 3])
        assert error(picture, true) < 0.5 * error(view.image, true)
    assert error(made[1], truth[1]) < 0.3 * error(coarse[1].image, truth[1])


def test_what_no_anchor_sees_keeps_its_detail_in_the_anchors_tone(truth):
    """Coarse views that differ from the truth by a tint alone come out as the truth, seen or not."""
    coarse = [changed(view, lambda rgb: rgb + TINT) for view in truth]
    for picture, true in zip(warp_orbit(coarse, [truth[0]], CONFIG)[:3], truth, strict=False):
        assert error(picture, true) < 0.2 * TINT.max()


def test_without_an_anchor_in_sight_a_view_stays_as_it_is(truth):
    made = warp_orbit([truth[3]], [], CONFIG)[0]
    assert np.allclose(made, truth[3].image, atol=1e-5)


def test_the_nearest_anchor_lies_on_top(truth):
    """Two anchors with flat colours: each owns the views on its side."""
    red, blue = (changed(truth[k], lambda rgb, c=c: rgb * 0 + c) for k, c in ((1, [1, 0, 0]), (4, [0, 0, 1])))
    near_red, near_blue = (warp_orbit([view], [blue, red], CONFIG)[0] for view in (truth[1], truth[4]))
    middle = (slice(100, 140), slice(115, 141))
    assert near_red[(*middle, 0)].mean() > 0.95
    assert near_blue[(*middle, 2)].mean() > 0.95


def test_spread_keeps_what_is_known_and_is_smooth_elsewhere():
    values = np.zeros((40, 50, 1), np.float32)
    weight = np.zeros((40, 50), np.float32)
    values[:, :10], weight[:, :10], weight[:, 40:] = 1.0, 1.0, 1.0
    field = spread(values, weight)[..., 0]
    assert np.allclose(field[:, :10], 1, atol=1e-3)
    assert np.allclose(field[:, 40:], 0, atol=1e-3)
    assert np.abs(np.diff(field, axis=1)).max() < 0.35
    assert field.min() > -1e-3
    assert field.max() < 1 + 1e-3
