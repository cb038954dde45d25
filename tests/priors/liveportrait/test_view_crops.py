"""On the drawn head, whose landmarks are known from every side."""

from functools import lru_cache

import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.head.drawn_face import draw_face, face_colors
from cameo.backend.head.mesh_raster import project, rasterize_mesh
from cameo.backend.head.model import load_head_model
from cameo.backend.head.neutral import landmark_points
from cameo.backend.priors.liveportrait.crop import CUT_SIDE, face_crop
from cameo.backend.priors.liveportrait.view_crops import face_in_views

YAWS = (0.0, 30.0, -30.0, 90.0, 15.0)


@lru_cache(maxsize=1)
def scene():
    """Pictures [W,S,S,3], depth [W,S,S], cameras and the true squares; the world's unit is half a metre."""
    model = load_head_model()
    world = 2 * model.v_template.astype(float)
    cameras = [orbit_camera(yaw, distance=2.4, fov_deg=17.0, size=256) for yaw in YAWS]
    images = np.stack([draw_face(model, face_colors(model), world, camera, supersample=2) for camera in cameras])
    depth = np.stack([rasterize_mesh(world, model.faces, camera).depth for camera in cameras])
    points = landmark_points(world, model, range(478))
    return images, depth, cameras, [face_crop(project(points, camera)) for camera in cameras]


def far_apart(crop, true):
    """The largest distance between the squares' corners, in units of the side."""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * CUT_SIDE
    return np.linalg.norm(true.to_crop(crop.to_picture(corners)) - corners, axis=1).max() / CUT_SIDE


def test_a_profile_gets_the_square_that_the_other_views_know():
    images, depth, cameras, true = scene()
    found = face_in_views(images, depth, cameras)
    assert all(marks is not None for marks in found.landmarks[:3])
    assert max(far_apart(crop, right) for crop, right in zip(found.crops, true)) < 0.06


@pytest.mark.parametrize("with_depth", [True, False], ids=["with depth", "without depth"])
def test_one_view_alone_is_enough(with_depth):
    """The other pictures show nobody."""
    images, depth, cameras, true = scene()
    blank = np.full_like(images, 200)
    blank[0] = images[0]
    found = face_in_views(blank, depth if with_depth else np.full_like(depth, np.inf), cameras)
    assert [marks is not None for marks in found.landmarks] == [True, False, False, False, False]
    assert far_apart(found.crops[0], true[0]) < 0.04
    if with_depth:
        assert max(far_apart(crop, right) for crop, right in zip(found.crops, true)) < 0.1


def test_a_view_that_contradicts_is_left_out():
    images, depth, cameras, true = scene()
    wrong = images.copy()
    wrong[2] = np.roll(images[2], 60, axis=1)
    found = face_in_views(wrong, depth, cameras)
    assert max(far_apart(crop, right) for crop, right in zip(found.crops, true)) < 0.1


def test_without_any_face_the_squares_are_the_pictures():
    _, depth, cameras, _ = scene()
    found = face_in_views(np.full((5, 256, 256, 3), 127, np.uint8), depth, cameras)
    assert found.landmarks == (None,) * 5
    for crop in found.crops:
        np.testing.assert_allclose(crop.to_picture(np.array([[0, 0], [CUT_SIDE, CUT_SIDE]])), [[0, 0], [256, 256]])
