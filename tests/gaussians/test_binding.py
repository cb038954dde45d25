"""The binding: rest pose, rigid motion, stretch, degenerate triangles, and the torch version."""

import subprocess
import sys

import numpy as np
import torch
from cameo.backend.artifacts import BoundGaussians
from cameo.backend.gaussians import binding, binding_fused, binding_torch
from hypothesis import given, settings
from hypothesis import strategies as st

FACES = np.array([[0, 1, 2], [1, 3, 2], [3, 0, 2]], np.int32)


def mesh(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(4, 3)) * 0.01


def random_bound(seed: int, vertices: np.ndarray, count: int = 40) -> BoundGaussians:
    r = np.random.default_rng(seed)
    face = r.integers(len(FACES), size=count).astype(np.int32)
    rotation = r.normal(size=(count, 4))
    return BoundGaussians(
        face=face,
        offset=np.column_stack([r.normal(size=(count, 2)) * 0.3, r.normal(size=count) * 0.002]).astype(np.float32),
        rest_edges=binding.triangle_frames(vertices, FACES).edges[face].astype(np.float32),
        rotation=(rotation / np.linalg.norm(rotation, axis=1, keepdims=True)).astype(np.float32),
        scale=np.exp(r.normal(size=(count, 3)) - 7).astype(np.float32),
        opacity=r.random(count).astype(np.float32),
        color=r.random((count, 3)).astype(np.float32),
    )


def random_rotation(seed: int) -> np.ndarray:
    q = np.random.default_rng(seed).normal(size=(1, 4))
    return binding.matrix_from_quaternion(q / np.linalg.norm(q))[0]


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_frames_are_rotations_and_reproduce_the_triangle(seed):
    vertices = mesh(seed)
    frames = binding.triangle_frames(vertices, FACES)
    identity = frames.rotation.transpose(0, 2, 1) @ frames.rotation
    assert np.allclose(identity, np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(frames.rotation), 1)
    l, along, across = frames.edges.T  # noqa: E741
    zero = np.zeros_like(l)
    in_plane = np.stack([np.stack([l, along], 1), np.stack([zero, across], 1)], 1)
    edges = frames.rotation[:, :, :2] @ in_plane
    assert np.allclose(edges[:, :, 0], frames.e1)
    assert np.allclose(edges[:, :, 1], frames.e2)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_quaternion_round_trip(seed):
    R = np.stack([random_rotation(seed + k) for k in range(8)] + [np.diag([1.0, -1, -1]), np.diag([-1.0, -1, 1])])
    assert np.allclose(binding.matrix_from_quaternion(binding.quaternion_from_matrix(R)), R, atol=1e-12)


def test_rest_pose_keeps_scales():
    vertices = mesh(3)
    bound = random_bound(0, vertices)
    _, _, scales = binding.place(bound, vertices, FACES)
    assert np.allclose(scales, bound.scale, rtol=1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_rigid_motion_moves_gaussians_rigidly(seed):
    vertices = mesh(seed)
    bound = random_bound(seed, vertices)
    R, t = random_rotation(seed + 1), np.array([0.3, -0.2, 0.1])
    means, quats, scales = binding.place(bound, vertices, FACES)
    means2, quats2, scales2 = binding.place(bound, vertices @ R.T + t, FACES)
    assert np.allclose(means2, means @ R.T + t, atol=1e-6)
    turned = R @ binding.matrix_from_quaternion(quats.astype(np.float64))
    assert np.allclose(binding.matrix_from_quaternion(quats2.astype(np.float64)), turned, atol=1e-5)
    assert np.allclose(scales2, scales, rtol=1e-4)


@given(st.integers(0, 10_000), st.floats(0.3, 3.0))
@settings(max_examples=30, deadline=None)
def test_uniform_growth_stretches_in_plane_axes_and_not_the_normal(seed, factor):
    vertices = mesh(seed)
    bound = random_bound(seed, vertices)
    upright = BoundGaussians(**{**vars(bound), "rotation": np.tile(np.float32([1, 0, 0, 0]), (len(bound.face), 1))})
    _, _, scales = binding.place(upright, vertices * factor, FACES)
    assert np.allclose(scales, upright.scale * [factor, factor, 1], rtol=1e-4)


def test_stretch_follows_one_edge_and_is_clipped():
    vertices = np.array([[0, 0, 0], [0.01, 0, 0], [0, 0.01, 0]])
    face = np.array([[0, 1, 2]])
    bound = BoundGaussians(
        face=np.zeros(1, np.int32),
        offset=np.zeros((1, 3), np.float32),
        rest_edges=np.float32([[0.01, 0, 0.01]]),
        rotation=np.float32([[1, 0, 0, 0]]),
        scale=np.float32([[0.001, 0.002, 0.003]]),
        opacity=np.ones(1, np.float32),
        color=np.ones((1, 3), np.float32),
    )
    doubled = vertices * [1, 2, 1]
    assert np.allclose(binding.place(bound, doubled, face)[2], [[0.001, 0.004, 0.003]])
    assert np.allclose(binding.place(bound, vertices * [9, 0.01, 1], face)[2], [[0.004, 0.0003, 0.003]])


def test_degenerate_triangles_take_identity():
    vertices = np.array([[0, 0, 0], [0.01, 0, 0], [0.02, 0, 0]])
    bound = random_bound(1, mesh(0))
    bound = BoundGaussians(**{**vars(bound), "face": np.zeros_like(bound.face)})
    means, quats, scales = binding.place(bound, vertices, np.array([[0, 1, 2]]))
    assert np.isfinite(means).all()
    assert np.allclose(scales, bound.scale)
    assert np.allclose(np.abs((quats * bound.rotation).sum(1)), 1, atol=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_torch_equals_numpy(seed):
    rest, posed = mesh(seed), mesh(seed + 1)
    bound = random_bound(seed, rest)
    means, quats, scales = binding.place(bound, posed, FACES)
    triangles = binding_torch.posed_triangles(posed, FACES[bound.face], bound.rest_edges)
    local = torch.tensor(bound.offset), torch.tensor(bound.rotation) * 3, torch.tensor(bound.scale)
    got = binding_torch.place(triangles, *local)
    assert np.allclose(got[0], means, atol=1e-6)
    assert np.allclose(got[1], quats, atol=1e-6)
    assert np.allclose(got[2], scales, rtol=1e-4, atol=1e-6)


def test_torch_gradients_agree_with_finite_differences():
    rest, posed = mesh(5), mesh(6)
    bound = random_bound(5, rest, 6)
    triangles = binding_torch.posed_triangles(posed, FACES[bound.face], bound.rest_edges)
    triangles = binding_torch.PosedTriangles(*(t.double() for t in triangles))
    inputs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (bound.offset, bound.rotation)]
    scale = torch.full((6, 3), 1.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda o, q, s: binding_torch.place(triangles, o, q, s), (*inputs, scale))


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_fused_equals_torch_with_gradients(seed):
    rest, posed = mesh(seed), mesh(seed + 1)
    bound = random_bound(seed, rest)
    triangles = binding_torch.posed_triangles(posed, FACES[bound.face], bound.rest_edges)
    arrays = bound.offset, 2 * bound.rotation, np.log(bound.scale)
    results, gradients = [], []
    for fused in (False, True):
        offset, rotation, log_scale = (torch.tensor(a, requires_grad=True) for a in arrays)
        if fused:
            out = binding_fused.place(triangles, offset, rotation, log_scale)
        else:
            out = binding_torch.place(triangles, offset, rotation, log_scale.exp())
        generator = torch.Generator().manual_seed(seed)
        weights = [torch.randn(t.shape, generator=generator) * s for t, s in zip(out, (1, 1, 100), strict=True)]
        sum((t * w).sum() for t, w in zip(out, weights, strict=True)).backward()
        results.append([t.detach() for t in out])
        gradients.append([offset.grad, rotation.grad, log_scale.grad])
    for a, b in zip(*results, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)
    for a, b in zip(*gradients, strict=True):
        assert torch.linalg.norm(a - b) <= 2e-4 * torch.linalg.norm(a) + 1e-9


def test_binding_imports_without_torch():
    code = "import sys; sys.modules['torch'] = None; import cameo.backend.gaussians.binding"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
