"""GaussianAvatars' binding: its frame, that it rides along, and triangles without area."""

import numpy as np
import pytest
import torch
from cameo.backend.gaussians.binding import matrix_from_quaternion, triangle_frames
from cameo.backend.gaussians.gaussian_avatars import gaussian_avatar_frames, to_global
from scipy.spatial.transform import Rotation


@pytest.fixture
def mesh():
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.1, (50, 3)), np.stack([rng.permutation(50)[:3] for _ in range(80)])


def frames_of(vertices, faces):
    return gaussian_avatar_frames(torch.from_numpy(vertices), torch.from_numpy(faces))


def test_frame_is_ours_with_other_axes(mesh):
    vertices, faces = mesh
    ours, theirs = triangle_frames(vertices, faces), frames_of(vertices, faces)
    t, b, n = np.moveaxis(ours.rotation, -1, 0)
    np.testing.assert_allclose(theirs.rotation, np.stack([t, n, -b], -1), atol=1e-12)
    np.testing.assert_allclose(matrix_from_quaternion(theirs.quats), theirs.rotation, atol=1e-12)
    np.testing.assert_allclose(theirs.center, vertices[faces].mean(1))


def test_scale_is_the_mean_of_base_and_height():
    vertices = np.array([[0, 0, 0], [3.0, 0, 0], [1, 0, 4]])
    frames = frames_of(vertices, np.array([[0, 1, 2]]))
    assert frames.scale.tolist() == [[3.5]]


def test_gaussians_ride_along(mesh):
    """A similarity of the mesh is the same similarity of its Gaussians."""
    vertices, faces = mesh
    rng = np.random.default_rng(2)
    binding = torch.from_numpy(rng.integers(0, len(faces), 200))
    bound = [torch.from_numpy(rng.normal(size=(200, k))) for k in (3, 3, 4)]
    turn, shift = Rotation.from_rotvec([0.3, -1.2, 0.5]).as_matrix(), np.array([1.0, 2, 3])
    before = [value.numpy() for value in to_global(binding, *bound, frames_of(vertices, faces))]
    after = [value.numpy() for value in to_global(binding, *bound, frames_of(2 * vertices @ turn.T + shift, faces))]
    np.testing.assert_allclose(after[0], 2 * before[0] @ turn.T + shift, atol=1e-12)
    np.testing.assert_allclose(after[1], 2 * before[1])
    np.testing.assert_allclose(matrix_from_quaternion(after[2]), turn @ matrix_from_quaternion(before[2]), atol=1e-12)


def test_triangles_without_area_stay_finite():
    vertices = np.array([[0.1, 0.2, 0.3], [0.4, -0.2, 0.3], [-0.4, 0.2, 0.1]], np.float32)
    faces = np.array([[0, 1, 0], [0, 2, 0], [0, 0, 1]])
    frames = frames_of(vertices, faces)
    edge = vertices[1] - vertices[0]
    np.testing.assert_allclose(frames.rotation[0, :, 0], edge / np.linalg.norm(edge), rtol=1e-6)
    assert not (frames.rotation[:, :, 1:] != 0).any() and not (frames.rotation[2] != 0).any()
    np.testing.assert_allclose(np.linalg.norm(frames.quats, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(frames.scale[0], np.linalg.norm(edge) / 2, rtol=1e-6)
    assert frames.scale[2] < 1e-9
