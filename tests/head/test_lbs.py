"""Skinning against FLAME's formula written out vertex by vertex, and torch against numpy."""

import numpy as np
import pytest
import torch
from cameo.backend.artifacts import JOINT_PARENTS, AvatarMesh, HeadParameters
from cameo.backend.head import lbs_torch
from cameo.backend.head.landmark_rig import LandmarkRig
from cameo.backend.head.lbs import joint_transforms, lbs, pose_vertices, rotation_matrices
from cameo.backend.head.lbs_torch import TorchLandmarks, TorchRig
from cameo.backend.head.model import HairShell, LandmarkEmbedding, load_head_model, make_avatar_mesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

MODEL = load_head_model()
SOME = np.linspace(0, len(MODEL.v_template) - 1, 60).astype(int)


@pytest.fixture(scope="module")
def mesh() -> AvatarMesh:
    betas = np.random.default_rng(0).normal(size=40) * 0.6
    shell = HairShell(
        np.array([[0, 0.15, 0], [0.02, 0.15, 0], [0, 0.15, 0.02]]), np.array([[0, 1, 2]]), np.zeros((3, 3))
    )
    return make_avatar_mesh(MODEL, MODEL.neutral(betas), np.zeros_like(MODEL.v_template), hair_shell=shell)


def random_parameters(seed: int, mesh: AvatarMesh) -> HeadParameters:
    rng = np.random.default_rng(seed)
    units = rng.uniform(0, 1, len(mesh.unit_names)) * (rng.random(len(mesh.unit_names)) < 0.2)
    return HeadParameters(units, rng.normal(size=(5, 3)) * 0.4, rng.normal(size=3) * 0.1)


def posed_one_by_one(mesh: AvatarMesh, parameters: HeadParameters, vertex: int) -> np.ndarray:
    """One vertex by homogeneous 4x4 transforms, as FLAME's paper writes it."""
    local = Rotation.from_rotvec(parameters.pose).as_matrix()
    rest = mesh.vertices[vertex].astype(float)
    for unit, value in enumerate(parameters.units):
        rest = rest + value * mesh.unit_dirs[unit, vertex]
    for joint in range(1, 5):
        for row in range(3):
            for column in range(3):
                feature = local[joint][row, column] - (row == column)
                rest = rest + feature * mesh.posedirs[9 * (joint - 1) + 3 * row + column, vertex]
    chain: list[np.ndarray] = []
    for joint, parent in enumerate(JOINT_PARENTS):
        step = np.eye(4)
        step[:3, :3] = local[joint]
        step[:3, 3] = mesh.joints[joint] - (mesh.joints[parent] if parent >= 0 else 0)
        chain.append(step if parent < 0 else chain[parent] @ step)
    moved = np.zeros(3)
    for joint, placed in enumerate(chain):
        moved += mesh.weights[vertex, joint] * (placed @ np.append(rest - mesh.joints[joint], 1))[:3]
    return moved + parameters.translation


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_equals_the_formula(seed, mesh):
    parameters = random_parameters(seed, mesh)
    vertices = pose_vertices(mesh, parameters)
    for vertex in [*SOME, len(mesh.vertices) - 1]:
        np.testing.assert_allclose(vertices[vertex], posed_one_by_one(mesh, parameters, vertex), atol=1e-7)


def test_rest_is_the_neutral_mesh(mesh):
    assert np.abs(pose_vertices(mesh, MODEL.rest()) - mesh.vertices).max() < 1e-8


def test_a_turned_root_turns_everything(mesh):
    pose = np.zeros((5, 3))
    pose[0] = (0.3, -0.5, 0.2)
    turned = pose_vertices(mesh, HeadParameters(np.zeros(len(mesh.unit_names)), pose))
    rotation = Rotation.from_rotvec(pose[0]).as_matrix()
    wanted = (mesh.vertices - mesh.joints[0]) @ rotation.T + mesh.joints[0]
    np.testing.assert_allclose(turned, wanted, atol=1e-7)


def test_hair_rides_on_the_neck(mesh):
    parameters = random_parameters(5, mesh)
    world, shift, _ = joint_transforms(mesh.joints.astype(float), parameters.pose)
    hair = pose_vertices(mesh, parameters)[-3:]
    np.testing.assert_allclose(hair, mesh.vertices[-3:] @ world[1].T + shift[1] + parameters.translation, atol=1e-7)


@given(st.lists(st.floats(-7, 7), min_size=3, max_size=3))
def test_rotations_equal_scipy(vector):
    np.testing.assert_allclose(
        rotation_matrices(np.array(vector)), Rotation.from_rotvec(vector).as_matrix(), atol=1e-12
    )


def random_batch(seed: int, units: int) -> tuple[np.ndarray, ...]:
    """Three people in three poses: betas [3,40], units [3,U], pose [3,5,3], translation [3,3]."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(3, 40)) * 0.6,
        rng.uniform(0, 1, (3, units)),
        rng.normal(size=(3, 5, 3)) * 0.4,
        rng.normal(size=(3, 3)) * 0.1,
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 2e-6)])
def test_torch_equals_numpy(mesh, dtype, tolerance):
    """Metres; in float32 that is a few units in the last place of a head turned 0.3 m away."""
    _, units, pose, translation = random_batch(1, len(mesh.unit_names))
    batch = TorchRig.of_mesh(mesh, dtype=dtype).posed(
        *(torch.as_tensor(a, dtype=dtype) for a in (units, pose, translation))
    )
    for index in range(3):
        alone = pose_vertices(mesh, HeadParameters(units[index], pose[index], translation[index]))
        assert np.abs(batch[index].numpy() - alone).max() < tolerance


def test_identity_in_torch_equals_a_mesh_of_that_person():
    betas, units, pose, translation = random_batch(2, len(MODEL.unit_names))
    rig = TorchRig.of_model(MODEL, dtype=torch.float64)
    tensors = [torch.as_tensor(a) for a in (units, pose, translation, betas)]
    batch = rig.posed(*tensors).numpy()
    for index in range(3):
        person = MODEL.v_template + MODEL.shapedirs[:, :, :40].astype(float) @ betas[index]
        rest = person + np.tensordot(units[index], MODEL.unit_dirs, 1)
        local = rotation_matrices(pose[index])
        rest += np.tensordot((local[1:] - np.eye(3)).ravel(), MODEL.posedirs, 1)
        alone = lbs(rest, MODEL.J_regressor @ person, local, MODEL.weights, JOINT_PARENTS) + translation[index]
        np.testing.assert_allclose(batch[index], alone, atol=1e-6)


def test_numpy_lbs_takes_batches(mesh):
    rng = np.random.default_rng(4)
    rest = mesh.vertices + rng.normal(size=(2, 3, len(mesh.vertices), 3)) * 0.01
    joints = mesh.joints + rng.normal(size=(2, 3, 5, 3)) * 0.01
    local = rotation_matrices(rng.normal(size=(2, 3, 5, 3)))
    batch = lbs(rest, joints, local, mesh.weights, JOINT_PARENTS)
    for i, k in np.ndindex(2, 3):
        alone = lbs(rest[i, k], joints[i, k], local[i, k], mesh.weights, JOINT_PARENTS)
        np.testing.assert_allclose(batch[i, k], alone, atol=1e-12)


def test_landmarks_alone_equal_those_of_the_whole_head():
    betas, units, pose, translation = random_batch(3, len(MODEL.unit_names))
    tensors = [torch.as_tensor(a) for a in (units, pose, translation, betas)]
    whole = TorchRig.of_model(MODEL, dtype=torch.float64).posed(*tensors).numpy()
    embedding = MODEL.landmarks478
    wanted = np.einsum("kc,bkcx->bkx", embedding.bary, whole[:, MODEL.faces[embedding.face]])
    fast = TorchLandmarks(MODEL, dtype=torch.float64)
    found = fast.positions(tensors[3], *tensors[:3]).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert len(fast.rig.template) < 0.3 * len(MODEL.v_template)
    few = LandmarkEmbedding(embedding.face[::50], embedding.bary[::50], embedding.spread[::50])
    fewer = TorchLandmarks(MODEL, embedding=few, dtype=torch.float64)
    np.testing.assert_allclose(fewer.positions(tensors[3], *tensors[:3]).numpy(), found[:, ::50], atol=1e-12)
    assert len(fewer.rig.template) <= 3 * len(few.face)
    analytic = LandmarkRig(MODEL, 40).positions(betas[0], units[0], pose[0]) + translation[0]
    np.testing.assert_allclose(found[0], analytic, atol=1e-6)


def test_torch_gradients_are_those_of_the_landmark_rig_and_exist_at_rest():
    fast, rig = TorchLandmarks(MODEL, dtype=torch.float64), LandmarkRig(MODEL, 5)
    pose = np.random.default_rng(5).normal(size=(5, 3)) * 0.3
    zero = torch.zeros(3, dtype=torch.float64)
    units = torch.full((len(MODEL.unit_names),), 0.2, dtype=torch.float64)
    betas = torch.full((5,), 0.5, dtype=torch.float64)

    def place(betas: torch.Tensor, units: torch.Tensor, pose: torch.Tensor) -> torch.Tensor:
        return fast.positions(betas, units, pose, zero)[::30]

    by_betas, by_units, _ = torch.autograd.functional.jacobian(place, (betas, units, torch.as_tensor(pose)))
    wanted = rig.jacobian(betas.numpy(), units.numpy(), pose)[1][::30]
    np.testing.assert_allclose(torch.cat([by_betas, by_units], -1).numpy(), wanted, atol=1e-6)
    rest = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda pose: place(betas, units, pose)[:4], (rest,))


@given(st.lists(st.floats(-7, 7), min_size=3, max_size=3))
def test_torch_rotations_equal_numpys(vector):
    found = lbs_torch.rotation_matrices(torch.tensor(vector, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(found, rotation_matrices(np.array(vector)), atol=1e-12)
