"""The add-on's numpy rasterizer against a slow reference and against the one avatars are trained with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cameo.backend.artifacts import orbit_camera
from cameo.backend.gaussians.rasterizer.reference import rasterize_one
from cameo.blender_addon.render import cpu_raster
from cameo.blender_addon.render.projection import View, project


def random_splats(count, seed, size=0.02):
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(count, 4))
    return {
        "means": rng.normal(0, 0.06, (count, 3)).astype(np.float32),
        "quats": (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        "scales": (size * np.exp(rng.normal(0, 0.8, (count, 3)))).astype(np.float32),
        "opacities": rng.uniform(0, 1, count).astype(np.float32),
        "colors": rng.uniform(0, 1, (count, 3)).astype(np.float32),
    }


def view_of(width, height, yaw=20.0, distance=0.5):
    camera = orbit_camera(yaw, 10, distance=distance, fov_deg=35, size=width)
    K = camera.K.copy()
    K[1, 2] = height / 2
    return View(camera.viewmat, K, width, height)


def reference(splats, view):
    values = [torch.tensor(np.asarray(splats[name], np.float64)) for name in splats]
    image, alpha, *_ = rasterize_one(
        *values, torch.tensor(view.viewmat), torch.tensor(view.K), view.width, view.height, antialias=False, depth=True
    )
    return image[..., :3].numpy(), alpha.numpy().reshape(view.height, view.width), image[..., 3].numpy()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [(48, 48), (61, 37)])
def test_equals_the_dense_reference(seed, size):
    splats, view = random_splats(120, seed), view_of(*size)
    raster = cpu_raster.rasterize(*splats.values(), view)
    color, alpha, depth = reference(splats, view)
    # a pixel at one of the two thresholds may fall on either side in float32: then it differs by that threshold
    for found, wanted in ((raster.color, color), (raster.alpha, alpha), (raster.depth, depth)):
        difference = np.abs(found - wanted)
        assert difference.max() < 1.5 / 255
        assert difference.mean() < 2e-5
    assert alpha.max() > 0.9


def test_thin_splats_lose_nothing_to_the_tile_lists():
    splats = random_splats(200, 1)
    splats["scales"] = np.tile(np.float32([0.05, 0.0004, 0.0004]), (200, 1))
    view = view_of(64, 64)
    raster = cpu_raster.rasterize(*splats.values(), view)
    assert np.abs(raster.alpha - reference(splats, view)[1]).max() < 1.5 / 255


def test_bands_change_nothing(monkeypatch):
    splats, view = random_splats(400, 2), view_of(64, 48)
    whole = cpu_raster.rasterize(*splats.values(), view)
    monkeypatch.setattr(cpu_raster, "MAX_PAIRS", 500)
    assert all(np.array_equal(a, b) for a, b in zip(whole, cpu_raster.rasterize(*splats.values(), view)))
    monkeypatch.setattr(cpu_raster, "MAX_TILES", 16)
    assert all(np.array_equal(a, b) for a, b in zip(whole, cpu_raster.rasterize(*splats.values(), view)))


def test_a_window_is_a_part_of_the_picture():
    splats, view = random_splats(300, 3), view_of(64, 48)
    whole = cpu_raster.rasterize(*splats.values(), view)
    K = view.K.copy()
    K[0, 2] -= 17
    K[1, 2] -= 5
    part = cpu_raster.rasterize(*splats.values(), View(view.viewmat, K, 30, 22))
    # the Jacobian is held constant beyond the frustum of the picture that is drawn: only far outside splats differ
    assert np.abs(whole.alpha[5:27, 17:47] - part.alpha).mean() < 2e-3


def test_what_is_not_in_view_leaves_nothing():
    splats = random_splats(50, 4)
    splats["means"][:, 2] += 5.0  # behind the camera
    raster = cpu_raster.rasterize(*splats.values(), view_of(32, 32))
    assert not raster.alpha.any() and not raster.color.any() and not raster.depth.any()
    none = {name: values[:0] for name, values in splats.items()}
    assert not cpu_raster.rasterize(*none.values(), view_of(32, 32)).alpha.any()


def test_a_splat_across_the_camera_is_harmless():
    splats, view = random_splats(50, 5, size=0.5), view_of(32, 32, distance=0.06)
    raster = cpu_raster.rasterize(*splats.values(), view)
    assert np.isfinite(raster.color).all() and raster.alpha.max() <= 1


def test_orthographic_size_does_not_depend_on_depth():
    view = View(np.eye(4), np.array([[200.0, 0, 32], [0, 200, 32], [0, 0, 1]]), 64, 64, orthographic=True)
    ball = {"quats": np.float32([[1, 0, 0, 0]]), "scales": np.full((1, 3), 0.02, np.float32)}
    near, far = (
        project(np.float32([[0.05, 0, z]]), ball["quats"], ball["scales"], np.float32([0.9]), view) for z in (0.5, 3.0)
    )
    assert np.allclose(near.conic, far.conic) and np.allclose(near.center, far.center)
    assert np.allclose(near.center, [[42, 32]])
    assert 1 / near.conic[0, 0] == pytest.approx((0.02 * 200) ** 2 + 0.3, rel=1e-5)
