"""Skinning with gradients, batched, on any device. Equal to ``lbs.py``; the rest of the head needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..artifacts import JOINT_PARENTS, AvatarMesh
from .model import HeadModel, LandmarkEmbedding


def rotation_matrices(axis_angle: torch.Tensor) -> torch.Tensor:
    """Axis-angle [...,3] to [...,3,3]. As the matrix exponential: its gradient is right at zero, too."""
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1)
    return torch.linalg.matrix_exp(skew.reshape(*axis_angle.shape[:-1], 3, 3))


def lbs(
    vertices: torch.Tensor,
    joints: torch.Tensor,
    rotations: torch.Tensor,
    weights: torch.Tensor,
    parents: Sequence[int],
) -> torch.Tensor:
    """Skin vertices to a chain of joints; arguments and result as in :func:`.lbs.lbs`."""
    world, shift = skinning_transforms(joints, rotations, parents)
    blended = torch.einsum("vj,...jab->...vab", weights, torch.cat([world, shift[..., None]], -1))
    return torch.einsum("...vab,...vb->...va", blended[..., :3], vertices) + blended[..., 3]


def skinning_transforms(
    joints: torch.Tensor, rotations: torch.Tensor, parents: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """A [...,J,3,3] and T [...,J,3] as in :func:`.lbs.skinning_transforms`."""
    world: list[torch.Tensor] = []
    placed: list[torch.Tensor] = []
    for joint, parent in enumerate(parents):
        turn, place = rotations[..., joint, :, :], joints[..., joint, :]
        if parent < 0:
            world.append(turn)
            placed.append(place)
        else:
            step = torch.einsum("...ab,...b->...a", world[parent], place - joints[..., parent, :])
            world.append(world[parent] @ turn)
            placed.append(placed[parent] + step)
    turned = torch.stack(world, -3)
    return turned, torch.stack(placed, -2) - torch.einsum("...ab,...b->...a", turned, joints)


def pose_features(rotations: torch.Tensor) -> torch.Tensor:
    """vec(R_j - I) of all joints but the root, [...,9(J-1)] of ``rotations`` [...,J,3,3]."""
    unit = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    return (rotations[..., 1:, :, :] - unit).flatten(-3)


@dataclass(frozen=True)
class TorchRig:
    """A head or some of its vertices as tensors of one dtype on one device.

    Attributes:
        template: [V,3] metres. joints_template: [J,3] of the whole head.
        shapedirs: [B,V,3]; joints_basis: [B,J,3], what one identity coefficient adds. B = 0 for a person's mesh.
        unit_dirs: [U,V,3]. posedirs: [9(J-1),V,3]. weights: [V,J].
    """

    template: torch.Tensor
    joints_template: torch.Tensor
    shapedirs: torch.Tensor
    joints_basis: torch.Tensor
    unit_dirs: torch.Tensor
    posedirs: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def of_model(
        cls,
        model: HeadModel,
        *,
        vertices: np.ndarray | slice = slice(None),
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> TorchRig:
        """The model with its identity space; ``vertices`` are the indices to keep.

        Identity is the linear basis alone: lids made to fit one person's eyes (``make_avatar_mesh``) are not in it.
        """
        arrays = (
            model.v_template[vertices],
            model.J_regressor @ model.v_template,
            np.moveaxis(model.shapedirs[vertices], 2, 0),
            np.einsum("jv,vxb->bjx", model.J_regressor, model.shapedirs, optimize=True),
            model.unit_dirs[:, vertices],
            model.posedirs[:, vertices],
            model.weights[vertices],
        )
        return cls(*(torch.as_tensor(np.ascontiguousarray(a), dtype=dtype, device=device) for a in arrays))

    @classmethod
    def of_mesh(
        cls, mesh: AvatarMesh, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> TorchRig:
        """One person's rigged mesh."""
        nobody = np.zeros((0, len(mesh.vertices), 3)), np.zeros((0, len(mesh.joints), 3))
        arrays = (mesh.vertices, mesh.joints, *nobody, mesh.unit_dirs, mesh.posedirs, mesh.weights)
        return cls(*(torch.as_tensor(a, dtype=dtype, device=device) for a in arrays))

    def posed(
        self, units: torch.Tensor, pose: torch.Tensor, translation: torch.Tensor, betas: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Vertices [...,V,3], head frame, metres.

        Args:
            units: [...,U]. pose: [...,J,3] axis-angle. translation: [...,3] metres.
            betas: [...,b], b <= B; the template without.
        """
        rest, joints = self.template, self.joints_template
        if betas is not None:
            used = betas.shape[-1]
            rest = rest + torch.tensordot(betas, self.shapedirs[:used], 1)
            joints = joints + torch.tensordot(betas, self.joints_basis[:used], 1)
        local = rotation_matrices(pose)
        rest = rest + torch.tensordot(units, self.unit_dirs, 1)
        rest = rest + torch.tensordot(pose_features(local), self.posedirs, 1)
        return (
            lbs(rest, joints.expand(*local.shape[:-2], 3), local, self.weights, JOINT_PARENTS)
            + translation[..., None, :]
        )


class TorchLandmarks:
    """The landmarks of a head model: only the vertices under them are skinned."""

    def __init__(
        self,
        model: HeadModel,
        *,
        embedding: LandmarkEmbedding | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        """Landmarks of ``embedding``; the model's 478 when not given."""
        embedding = embedding or model.landmarks478
        needed, corners = np.unique(model.faces[embedding.face], return_inverse=True)
        self.rig = TorchRig.of_model(model, vertices=needed, dtype=dtype, device=device)
        self._corners = torch.as_tensor(corners.reshape(-1, 3), device=device)
        self._bary = torch.as_tensor(embedding.bary, dtype=dtype, device=device)

    def positions(
        self, betas: torch.Tensor, units: torch.Tensor, pose: torch.Tensor, translation: torch.Tensor
    ) -> torch.Tensor:
        """Landmarks [...,K,3], head frame, metres; arguments as in :meth:`TorchRig.posed`."""
        vertices = self.rig.posed(units, pose, translation, betas)
        return torch.einsum("kc,...kcx->...kx", self._bary, vertices[..., self._corners, :])
