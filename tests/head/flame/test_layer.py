"""FLAME's function: against a plain loop over vertices, and numpy against torch."""

import numpy as np
import pytest
import torch
from cameo.backend.head.flame.files import FlameLandmarks, read_model
from cameo.backend.head.flame.layer import FlameParameters, landmark_positions, pose_flame
from cameo.backend.head.flame.layer_torch import FlameLayer, rodrigues
from flame_files import pickled, random_model, write
from scipy.spatial.transform import Rotation


@pytest.fixture
def model(tmp_path):
    return read_model(write(tmp_path / "model.pkl", pickled(random_model())))


def random_parameters(model, batch=3, offset=True, seed=8):
    rng = np.random.default_rng(seed)
    return FlameParameters(
        shape=rng.normal(0, 1, (batch, 300)),
        expression=rng.normal(0, 1, (batch, model.exprdirs.shape[2])),
        pose=rng.normal(0, 0.4, (batch, 5, 3)),
        translation=rng.normal(0, 0.1, (batch, 3)),
        offset=rng.normal(0, 1e-3, (1, *model.v_template.shape)) if offset else None,
    )


def one_by_one(model, parameters, item):
    """The paper's equations, a vertex at a time, with 4x4 matrices."""
    rest = model.v_template.copy()
    for k, value in enumerate(parameters.shape[item]):
        rest += value * model.shapedirs[:, :, k]
    for k, value in enumerate(parameters.expression[item]):
        rest += value * model.exprdirs[:, :, k]
    rest += parameters.offset[0]
    joints = model.J_regressor @ rest
    turns = [Rotation.from_rotvec(turn).as_matrix() for turn in parameters.pose[item]]
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    world = []
    for joint, parent in enumerate(model.parents):
        local = np.eye(4)
        local[:3, :3] = turns[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        world.append(local if parent < 0 else world[parent] @ local)
    posed = np.empty_like(rest)
    for vertex, place in enumerate(rest):
        place = place + sum(value * model.posedirs[k, vertex] for k, value in enumerate(feature))
        moved = [
            weight * (matrix @ [*(place - joint), 1])[:3]
            for weight, matrix, joint in zip(model.weights[vertex], world, joints)
        ]
        posed[vertex] = sum(moved) + parameters.translation[item]
    return posed, rest, np.array([matrix[:3, 3] for matrix in world]) + parameters.translation[item]


def test_against_the_equations(model):
    parameters = random_parameters(model)
    found = pose_flame(model, parameters)
    for item in range(3):
        for ours, theirs in zip(found, one_by_one(model, parameters, item)):
            np.testing.assert_allclose(ours[item], theirs, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-7), (torch.float32, 1e-6)])
def test_torch_is_numpy(model, dtype, tolerance):
    parameters = random_parameters(model)
    tensors = (torch.as_tensor(value, dtype=dtype) for value in vars(parameters).values())
    for ours, twin in zip(pose_flame(model, parameters), FlameLayer.of_model(model, dtype=dtype).posed(*tensors)):
        np.testing.assert_allclose(twin.numpy(), ours, atol=tolerance)


def test_fewer_coefficients_are_the_first_ones(model):
    full = random_parameters(model, offset=False)
    full.shape[:, 10:], full.expression[:, 3:] = 0, 0
    few = FlameParameters(full.shape[:, :10], full.expression[:, :3], full.pose, full.translation)
    wanted = pose_flame(model, full).vertices
    np.testing.assert_allclose(pose_flame(model, few).vertices, wanted, atol=1e-12)
    layer = FlameLayer.of_model(model, dtype=torch.float64)
    arguments = (torch.from_numpy(v) for v in (few.shape, few.expression, few.pose, few.translation))
    np.testing.assert_allclose(layer.posed(*arguments).vertices.numpy(), wanted, atol=1e-7)


def test_rodrigues_has_a_gradient_at_rest():
    still = torch.zeros(2, 5, 3, dtype=torch.float64, requires_grad=True)
    turned = rodrigues(still)
    np.testing.assert_allclose(turned.detach().numpy(), np.tile(np.eye(3), (2, 5, 1, 1)), atol=1e-7)
    turned[..., 2, 1].sum().backward()
    np.testing.assert_allclose(still.grad.numpy(), np.tile([1.0, 0, 0], (2, 5, 1)), atol=1e-6)


def test_landmarks_lie_in_their_triangles(model):
    rng = np.random.default_rng(2)
    bary = rng.random((70, 3))
    landmarks = FlameLandmarks(rng.integers(0, len(model.faces), 70), bary / bary.sum(1, keepdims=True))
    vertices = rng.normal(size=(2, *model.v_template.shape))
    found = landmark_positions(landmarks, vertices, model.faces)
    wanted = [
        [
            sum(b * v[corner] for b, corner in zip(bary, model.faces[face]))
            for face, bary in zip(*vars(landmarks).values())
        ]
        for v in vertices
    ]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    layer = FlameLayer.of_model(model, dtype=torch.float64)
    np.testing.assert_allclose(layer.landmarks(landmarks, torch.from_numpy(vertices)).numpy(), found, atol=1e-12)
