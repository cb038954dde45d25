"""FLAME's function in numpy: parameters to vertices, for any batch. ``layer_torch.py`` is the twin with gradients.

v = LBS(T + S beta + E psi + offset + P vec(R_1..4 - I)) + t, joints regressed from T + S beta + E psi + offset
(Li et al. 2017, equations 1 to 4; offsets as in VHAP).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..lbs import lbs, pose_features, rotation_matrices, skinning_transforms
from .files import FlameLandmarks, FlameModel


@dataclass(frozen=True)
class FlameParameters:
    """B poses. ``shape`` [B,s], ``expression`` [B,e] (s <= S, e <= E); ``pose`` [B,5,3] axis-angle, order as
    ``JOINT_NAMES``; ``translation`` [B,3] metres; ``offset`` [1 or B,V,3] metres, added to the rest, or None.
    """

    shape: np.ndarray
    expression: np.ndarray
    pose: np.ndarray
    translation: np.ndarray
    offset: np.ndarray | None = None


class PosedFlame(NamedTuple):
    """``vertices`` [B,V,3] posed; ``rest`` [B,V,3] before posing, correctives excluded; ``joints`` [B,5,3] posed."""

    vertices: np.ndarray
    rest: np.ndarray
    joints: np.ndarray


def pose_flame(model: FlameModel, parameters: FlameParameters) -> PosedFlame:
    """Evaluate FLAME, float64."""
    shape, expression = parameters.shape, parameters.expression
    rest = model.v_template + np.einsum("vxs,bs->bvx", model.shapedirs[:, :, : shape.shape[1]], shape, optimize=True)
    rest = rest + np.einsum("vxe,be->bvx", model.exprdirs[:, :, : expression.shape[1]], expression, optimize=True)
    if parameters.offset is not None:
        rest = rest + parameters.offset
    joints = model.J_regressor @ rest
    turns = rotation_matrices(parameters.pose)
    corrected = rest + np.tensordot(pose_features(turns), model.posedirs, 1)
    shift = parameters.translation[:, None]
    vertices = lbs(corrected, joints, turns, model.weights, model.parents) + shift
    world, moved = skinning_transforms(joints, turns, model.parents)
    return PosedFlame(vertices, rest, np.einsum("bjxy,bjy->bjx", world, joints) + moved + shift)


def landmark_positions(landmarks: FlameLandmarks, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Landmarks [...,K,3] on ``vertices`` [...,V,3]."""
    return np.einsum("kc,...kcx->...kx", landmarks.bary, vertices[..., faces[landmarks.face], :])
