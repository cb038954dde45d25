"""FLAME's function with gradients, on any device. Equal to ``layer.py``, which says what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import pad

from ..lbs_torch import lbs, pose_features, skinning_transforms
from .files import FlameLandmarks, FlameModel


def rodrigues(axis_angle: torch.Tensor) -> torch.Tensor:
    """Axis-angle [...,3] to [...,3,3] with the angle taken as |r + 1e-8|, as FLAME's published layers do.

    With it, float32 results agree with theirs to the last bits, which GaussianAvatars' frames of triangles without area
    depend on (``gaussians/gaussian_avatars.py``).
    """
    angle = torch.linalg.vector_norm(axis_angle + 1e-8, dim=-1, keepdim=True)
    x, y, z = (axis_angle / angle).unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*axis_angle.shape[:-1], 3, 3)
    unit = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    return unit + torch.sin(angle)[..., None] * skew + (1 - torch.cos(angle))[..., None] * (skew @ skew)


class PosedTensors(NamedTuple):
    """As :class:`.layer.PosedFlame`."""

    vertices: torch.Tensor
    rest: torch.Tensor
    joints: torch.Tensor


@dataclass(frozen=True)
class FlameLayer:
    """A FLAME model as tensors of one dtype on one device; shapes as in :class:`.files.FlameModel`.

    ``directions`` [V,3,S+E] are ``shapedirs`` and ``exprdirs`` side by side, the first ``shapes`` of them identity.
    """

    v_template: torch.Tensor
    faces: torch.Tensor
    directions: torch.Tensor
    shapes: int
    posedirs: torch.Tensor
    J_regressor: torch.Tensor
    weights: torch.Tensor
    parents: tuple[int, ...]

    @classmethod
    def of_model(
        cls, model: FlameModel, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> FlameLayer:
        """Copy ``model``."""

        def tensor(array: np.ndarray) -> torch.Tensor:
            return torch.as_tensor(np.ascontiguousarray(array), dtype=dtype, device=device)

        return cls(
            tensor(model.v_template),
            torch.as_tensor(model.faces, device=device),
            tensor(np.concatenate([model.shapedirs, model.exprdirs], 2)),
            model.shapedirs.shape[2],
            tensor(model.posedirs),
            tensor(model.J_regressor),
            tensor(model.weights),
            model.parents,
        )

    def posed(
        self,
        shape: torch.Tensor,
        expression: torch.Tensor,
        pose: torch.Tensor,
        translation: torch.Tensor,
        offset: torch.Tensor | None = None,
    ) -> PosedTensors:
        """Arguments as in :class:`.layer.FlameParameters`."""
        coefficients = torch.cat([pad(shape, (0, self.shapes - shape.shape[1])), expression], 1)
        rest = self.v_template + torch.einsum(
            "vxd,bd->bvx", self.directions[:, :, : coefficients.shape[1]], coefficients
        )
        if offset is not None:
            rest = rest + offset
        joints = torch.einsum("bvx,jv->bjx", rest, self.J_regressor)
        turns = rodrigues(pose)
        corrected = rest + torch.tensordot(pose_features(turns), self.posedirs, 1)
        shift = translation[:, None]
        vertices = lbs(corrected, joints, turns, self.weights, self.parents) + shift
        world, moved = skinning_transforms(joints, turns, self.parents)
        return PosedTensors(vertices, rest, torch.einsum("bjxy,bjy->bjx", world, joints) + moved + shift)

    def landmarks(self, embedding: FlameLandmarks, vertices: torch.Tensor) -> torch.Tensor:
        """Landmarks [...,K,3] on posed ``vertices`` [...,V,3]."""
        corners = self.faces[torch.as_tensor(embedding.face, device=vertices.device)]
        bary = torch.as_tensor(embedding.bary, dtype=vertices.dtype, device=vertices.device)
        return torch.einsum("kc,...kcx->...kx", bary, vertices[..., corners, :])
