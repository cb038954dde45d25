"""Linear blend skinning with pose correctives, FLAME's formula, in numpy alone: Blender runs it in the tests.

Sizes come from the arguments: V vertices, J joints, any batch axes in front. ``lbs_torch.py`` is the twin with
gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def lbs(
    vertices: np.ndarray, joints: np.ndarray, rotations: np.ndarray, weights: np.ndarray, parents: Sequence[int]
) -> np.ndarray:
    """Skin vertices to a chain of joints.

    Args:
        vertices: [...,V,3] rest positions, shape and correctives applied. joints: [...,J,3] of the same rest.
        rotations: [...,J,3,3], each joint's own, in its parent's frame.
        weights: [V,J], rows sum to 1. parents: J indices, a parent before its children; -1 for the root.

    Returns:
        [...,V,3].
    """
    world, shift = skinning_transforms(joints, rotations, parents)
    blended = np.einsum("vj,...jab->...vab", weights, np.concatenate([world, shift[..., None]], -1), optimize=True)
    return np.einsum("...vab,...vb->...va", blended[..., :3], vertices) + blended[..., 3]


def skinning_transforms(
    joints: np.ndarray, rotations: np.ndarray, parents: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """A [...,J,3,3] and T [...,J,3] of a chain (as in :func:`lbs`): what follows joint j goes to ``A_j v + T_j``."""
    world: list[np.ndarray] = []
    placed: list[np.ndarray] = []
    for joint, parent in enumerate(parents):
        turn, place = rotations[..., joint, :, :], joints[..., joint, :]
        if parent < 0:
            world.append(turn)
            placed.append(place)
        else:
            step = np.einsum("...ab,...b->...a", world[parent], place - joints[..., parent, :])
            world.append(world[parent] @ turn)
            placed.append(placed[parent] + step)
    turned = np.stack(world, -3)
    return turned, np.stack(placed, -2) - np.einsum("...ab,...b->...a", turned, joints)


def joint_transforms(joints: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Skinning transforms of the head's five joints.

    Args:
        joints: [...,5,3] neutral positions. pose: [...,5,3] axis-angle.

    Returns:
        A and T as in :func:`skinning_transforms`, and the local rotations [...,5,3,3].
    """
    local = rotation_matrices(pose)
    return *skinning_transforms(joints, local, JOINT_PARENTS), local


def pose_features(rotations: np.ndarray) -> np.ndarray:
    """What drives the correctives: vec(R_j - I) of all joints but the root: [...,J,3,3] to [...,9(J-1)]."""
    return (rotations[..., 1:, :, :] - np.eye(3)).reshape(*rotations.shape[:-3], -1)


def pose_vertices(mesh: AvatarMesh, params: HeadParameters) -> np.ndarray:
    """Vertices float64 [V,3] of ``mesh`` in a pose, head frame, metres."""
    local = rotation_matrices(params.pose)
    rest = mesh.vertices.astype(np.float64)
    used = np.flatnonzero(params.units)
    rest = rest + np.tensordot(params.units[used].astype(np.float64), mesh.unit_dirs[used], 1)
    rest = rest + np.tensordot(pose_features(local), mesh.posedirs, 1)
    return lbs(rest, mesh.joints.astype(np.float64), local, mesh.weights, JOINT_PARENTS) + params.translation
