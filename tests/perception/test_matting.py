"""The matte on real pictures, and the guided filter against its definition."""

import cv2
import numpy as np
import pytest
from cameo.backend.perception.matting import guided_filter, portrait_matte
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module")
def hopper():
    return prepare_portrait(asset_path("grace_hopper.jpg"))


def test_shape_type_range(hopper):
    matte = portrait_matte(hopper.image[:, :500])
    assert matte.shape == (768, 500)
    assert matte.dtype == np.float32
    assert matte.min() == 0
    assert matte.max() == 1


def test_edge_follows_the_picture_better_than_the_network_alone(hopper):
    """Against the blue wall (right half) the wall's own colour is the truth; the matte must agree with it."""
    area = (slice(60, 420), slice(400, 640))
    rgb = hopper.image[area].astype(int)
    wall = (rgb[..., 2] > rgb[..., 0] + 40) & (rgb[..., 2] > 90)
    matte = hopper.matte[area]
    assert matte[cv2.erode(wall.astype(np.uint8), np.ones((9, 9))) > 0].mean() < 0.02
    agreement = ((matte < 0.5) == wall).mean()
    assert agreement > 0.97


def test_plain_backdrop_is_cut_exactly():
    drawing = prepare_portrait(asset_path("drawn_portrait.png"))
    outside = drawing.matte < 0.05
    assert (drawing.image[outside] > 240).mean() > 0.99
    assert drawing.matte[480:520, 300:420].min() > 0.99  # white teeth and skin stay
    ink = drawing.image.max(axis=2) < 40
    assert drawing.matte[ink].mean() > 0.95


def test_guided_filter_matches_its_definition():
    """Equation 19 of the paper, window by window, on a small picture."""
    random = np.random.default_rng(1)
    guide, target = random.random((9, 9, 3)).astype(np.float32), random.random((9, 9)).astype(np.float32)
    radius, epsilon = 2, 0.01

    def window(values, y, x):
        padded = np.pad(values, [(radius, radius)] * 2 + [(0, 0)] * (values.ndim - 2), mode="symmetric")
        return padded[y : y + 2 * radius + 1, x : x + 2 * radius + 1].reshape(-1, *values.shape[2:])

    slope, offset = np.zeros((9, 9, 3)), np.zeros((9, 9))
    for y in range(9):
        for x in range(9):
            colors, goals = window(guide, y, x).astype(float), window(target, y, x).astype(float)
            centered = colors - colors.mean(axis=0)
            covariance = centered.T @ centered / len(colors)
            correlation = centered.T @ (goals - goals.mean()) / len(colors)
            slope[y, x] = np.linalg.solve(covariance + epsilon * np.eye(3), correlation)
            offset[y, x] = goals.mean() - slope[y, x] @ colors.mean(axis=0)
    expected = np.empty((9, 9))
    for y in range(9):
        for x in range(9):
            expected[y, x] = window(slope, y, x).mean(axis=0) @ guide[y, x] + window(offset, y, x).mean()
    assert guided_filter(guide, target, radius, epsilon) == pytest.approx(expected, abs=1e-5)
