"""The head model reduced to its 478 landmarks: positions and exact derivatives, in numpy, within a millisecond.

A landmark is a barycentric mean of three skinned vertices. Skinning is linear in the coefficients once the joint
rotations are fixed, so every landmark is ``sum_j A_j X_j(c) + w_j T_j`` with ``X_j`` linear in the coefficients
``c = (betas, units, pose features)``; the small matrices of ``X_j`` are made once.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ..artifacts import JOINT_PARENTS
from .model import HeadModel

JOINTS = len(JOINT_PARENTS)


class LandmarkRig:
    """Landmarks of a head model as a function of betas [B], units [U] and joint rotations [5,3]."""

    def __init__(self, model: HeadModel, betas: int) -> None:
        embedding = model.landmarks478
        corners = model.faces[embedding.face]
        share = embedding.bary[:, :, None] * model.weights[corners]  # [K,3,5] what joint j carries of each corner
        directions = np.concatenate(
            [
                np.moveaxis(model.shapedirs[:, :, :betas], 2, 0),
                model.unit_dirs,
                model.posedirs,
            ]
        )  # [C,V,3]
        self.base = np.einsum("kcj,kcx->jkx", share, model.v_template[corners])
        self.basis = np.einsum("kcj,dkcx->jkxd", share, directions[:, corners])
        self.weight = share.sum(1)  # [K,5]
        self.joints_base = model.J_regressor @ model.v_template
        self.joints_basis = np.einsum("jv,vxb->jxb", model.J_regressor, model.shapedirs[:, :, :betas])
        self.betas, self.units = betas, len(model.unit_names)

    def positions(self, betas: np.ndarray, units: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Landmarks [478,3], head frame, metres."""
        return self._evaluate(betas, units, pose)[0]

    def jacobian(self, betas: np.ndarray, units: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks [478,3] and their derivative with respect to (betas, units) [478,3,B+U]; the pose stays."""
        points, rotations = self._evaluate(betas, units, pose)
        linear = self.betas + self.units
        derivative = np.einsum("jab,jkbd->kad", rotations, self.basis[..., :linear])
        # a joint that moves with the identity takes its landmarks along: T_j = G_j - A_j J_j
        moved = self._translations(rotations, self.joints_basis)
        derivative[..., : self.betas] += np.einsum("kj,jxb->kxb", self.weight, moved)
        return points, derivative

    def _evaluate(self, betas: np.ndarray, units: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        local = Rotation.from_rotvec(pose).as_matrix()
        rotations = local.copy()
        for joint, parent in enumerate(JOINT_PARENTS):
            if parent >= 0:
                rotations[joint] = rotations[parent] @ local[joint]
        coefficients = np.concatenate([betas, units, (local[1:] - np.eye(3)).ravel()])
        rest = self.base + self.basis @ coefficients
        joints = self.joints_base + self.joints_basis @ betas
        offsets = self._translations(rotations, joints[..., None])[..., 0]
        return np.einsum("jab,jkb->ka", rotations, rest) + self.weight @ offsets, rotations

    @staticmethod
    def _translations(rotations: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """T_j [5,3,D] of skinning for joint positions (or their derivatives) [5,3,D]; linear in the joints."""
        placed = np.empty_like(joints)
        for joint, parent in enumerate(JOINT_PARENTS):
            if parent < 0:
                placed[joint] = joints[joint]
            else:
                placed[joint] = placed[parent] + rotations[parent] @ (joints[joint] - joints[parent])
        return placed - rotations @ joints
