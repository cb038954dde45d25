"""A part of the splats looks like all of them, in every pose, and costs little."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.gaussians.binding import place
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.blender_addon.render.cpu_raster import rasterize
from cameo.blender_addon.render.gather import SplatScene
from cameo.blender_addon.render.projection import View
from cameo.blender_addon.render.thinning import thinned
from toy_avatar import toy_gaussians, toy_mesh

COUNT, SIZE = 8000, 96


@cache
def toy():
    mesh = toy_mesh()
    return mesh, toy_gaussians(mesh, COUNT)


def head(values):
    mesh, gaussians = toy()
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, values))
    return SplatScene(*place(gaussians, vertices, mesh.faces), gaussians.opacity, gaussians.color)


def picture(splats):
    """On a background as unlike the skin as can be: holes show."""
    camera = orbit_camera(0, distance=1.3, fov_deg=14, size=SIZE)
    raster = rasterize(*splats, View(camera.viewmat, camera.K, SIZE, SIZE))
    return raster.color + (1 - raster.alpha[..., None]) * (0.0, 0.0, 1.0), raster.alpha


@pytest.mark.parametrize(("share", "error"), [(0.5, 0.0125), (0.25, 0.019), (0.1, 0.032)])
def test_the_picture_keeps_its_tone_and_has_no_holes(share, error):
    whole = head({"jawOpen": 0.5})
    part = thinned(whole, share * COUNT)
    assert len(part.means) == int(share * COUNT)
    (wanted, solid), (found, alpha) = picture(whole), picture(part)
    inside = solid > 0.98
    assert np.abs(found - wanted)[inside].mean() < error
    assert np.abs((found - wanted)[inside].mean(0)).max() < 0.02
    assert np.percentile(alpha[inside], 1) > 0.975


def test_the_same_splats_in_every_pose():
    closed, opened = thinned(head({}), COUNT / 4), thinned(head({"jawOpen": 1.0}), COUNT / 4)
    assert np.array_equal(closed.colors, opened.colors) and np.array_equal(closed.opacities, opened.opacities)
    assert np.abs(closed.means - opened.means).max() > 0.01


def test_all_of_them_is_all_of_them_and_few_is_enough():
    whole = head({})
    assert thinned(whole, COUNT) is whole
    assert len(thinned(whole, 0.2).means) == 1
    few = SplatScene(*(values[:3] for values in whole))
    assert len(thinned(few, 2).means) == 2
