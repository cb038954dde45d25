"""Skinning against FLAME's formula written out vertex by vertex."""

import numpy as np
import pytest
from cameo.backend.artifacts import JOINT_PARENTS, AvatarMesh, HeadParameters
from cameo.backend.head.lbs import joint_transforms, pose_vertices, rotation_matrices
from cameo.backend.head.model import HairShell, load_head_model, make_avatar_mesh
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
