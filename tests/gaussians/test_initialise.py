"""The first cloud: where it stands, how it rests, how it is shaped."""

import dataclasses

import numpy as np
import pytest
from cameo.backend.artifacts import Part
from cameo.backend.config import InitialCloudConfig
from cameo.backend.gaussians.binding import matrix_from_quaternion, place, triangle_frames
from cameo.backend.gaussians.initialise import initial_gaussians, rest_frames
from cameo.backend.head.lbs import pose_vertices
from scipy.spatial import cKDTree


@pytest.fixture(scope="module")
def posed(toy):
    return [pose_vertices(toy.mesh, pose) for pose in toy.poses]


@pytest.fixture(scope="module")
def bound(toy, posed):
    return initial_gaussians(toy.mesh, posed, toy.surface, InitialCloudConfig(gaussians=4000))


def test_count_is_about_what_was_asked(bound):
    assert 3600 <= len(bound.face) <= 4000


def test_neutral_gaussians_lie_on_the_surface(toy, posed, bound):
    means, _, _ = place(bound, posed[0], toy.mesh.faces)
    corners = posed[0][toy.mesh.faces[toy.surface.face]]
    weights = toy.surface.offset[:, :2] + 1 / 3
    surface = corners[:, 0] + weights[:, :1] * (corners[:, 1] - corners[:, 0])
    surface = surface + weights[:, 1:] * (corners[:, 2] - corners[:, 0])
    distance = cKDTree(surface).query(means)[0]
    assert np.quantile(distance, 0.98) < 0.004


def test_area_is_kept(toy, bound):
    sigma = InitialCloudConfig().sigma
    areas = bound.scale[:, 0] * bound.scale[:, 1] / sigma**2
    still = np.isin(toy.mesh.part[bound.face], [Part.HAIR])
    hair = toy.mesh.part[toy.surface.face] == Part.HAIR
    assert areas[still].sum() == pytest.approx(toy.surface.area[hair].sum(), rel=0.02)


def test_lids_rest_closed_and_hair_rests_neutral(toy, posed):
    rest = rest_frames(toy.mesh, posed, 1.3)
    assert (rest.pose[toy.mesh.part == Part.HAIR] == 0).all()
    moved = rest.pose > 0
    assert 50 < moved.sum() < len(moved) / 3
    assert (rest.growth[moved] > 1.3).all()
    blink = triangle_frames(posed[1], toy.mesh.faces).edges
    asleep = rest.pose == 1
    assert asleep.any()
    assert np.allclose(rest.frames.edges[asleep], blink[asleep], atol=1e-9)


def test_hair_is_long_along_the_strand(toy, posed, bound):
    hair = toy.mesh.part[bound.face] == Part.HAIR
    assert np.allclose(bound.scale[hair, 0] / bound.scale[hair, 1], 2, rtol=1e-4)
    frames = triangle_frames(posed[0], toy.mesh.faces[bound.face[hair]])
    long_axis = np.einsum("nij,nj->ni", frames.rotation, matrix_from_quaternion(bound.rotation[hair])[:, :, 0])
    assert np.median(long_axis[:, 1]) < -0.8  # the toy's strands run down


def test_importance_buys_gaussians(toy, posed, bound):
    def per_area(data):
        cloud = initial_gaussians(toy.mesh, posed, data, InitialCloudConfig(gaussians=4000))
        eye = np.isin(toy.mesh.part[cloud.face], [Part.LEFT_EYE, Part.RIGHT_EYE])
        return eye.sum()

    even = dataclasses.replace(toy.surface, importance=np.ones_like(toy.surface.importance))
    assert per_area(toy.surface) > 1.8 * per_area(even)


def test_without_a_surface_every_triangle_gets_one(toy, posed):
    cloud = initial_gaussians(toy.mesh, posed, None, InitialCloudConfig())
    assert np.array_equal(cloud.face, np.arange(len(toy.mesh.faces)))
    assert np.allclose(cloud.color, toy.mesh.colors[toy.mesh.faces].mean(1), atol=1e-6)
    for array in vars(cloud).values():
        assert np.isfinite(array).all()
