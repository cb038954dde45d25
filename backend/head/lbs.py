"""Linear blend skinning with pose correctives, FLAME's formula, in numpy alone: Blender runs it in the tests."""

from __future__ import annotations

import numpy as np

from ..artifacts import JOINT_PARENTS, AvatarMesh, HeadParameters


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """Rodrigues: axis-angle [...,3] to float64 [...,3,3]."""
    axis_angle = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(axis_angle, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(axis_angle, -1, 0)
    zero = np.zeros_like(x)
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*axis_angle.shape[:-1], 3, 3)
    # sin(a)/a and (1-cos(a))/a² by np.sinc stay exact at zero
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + first * skew + second * (skew @ skew)


def joint_transforms(joints: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Skinning transforms of the chain.

    Args:
        joints: [5,3] neutral positions. pose: [5,3] axis-angle.

    Returns:
        A [5,3,3] and T [5,3]: a vertex that follows joint j goes to ``A_j v + T_j``; and the local rotations [5,3,3].
    """
    local = rotation_matrices(pose)
    world = np.empty_like(local)
    placed = np.empty((len(joints), 3))
    for joint, parent in enumerate(JOINT_PARENTS):
        if parent < 0:
            world[joint], placed[joint] = local[joint], joints[joint]
        else:
            world[joint] = world[parent] @ local[joint]
            placed[joint] = placed[parent] + world[parent] @ (joints[joint] - joints[parent])
    return world, placed - np.einsum("jab,jb->ja", world, joints), local


def pose_vertices(mesh: AvatarMesh, params: HeadParameters) -> np.ndarray:
    """Vertices float64 [V,3] of ``mesh`` in a pose, head frame, metres."""
    world, shift, local = joint_transforms(mesh.joints.astype(np.float64), params.pose)
    correctives = (local[1:] - np.eye(3)).ravel()
    rest = mesh.vertices.astype(np.float64)
    used = np.flatnonzero(params.units)
    rest = rest + np.tensordot(params.units[used].astype(np.float64), mesh.unit_dirs[used], 1)
    rest = rest + np.tensordot(correctives, mesh.posedirs, 1)
    skinned = np.einsum("vj,jab,vb->va", mesh.weights, world, rest, optimize=True)
    return skinned + mesh.weights @ shift + params.translation
