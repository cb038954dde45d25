"""The head model reduced to its landmarks: positions and exact derivatives, in numpy, within milliseconds.

A landmark is a barycentric mean of three skinned vertices. Skinning is linear in the coefficients once the joint
rotations are fixed, so every landmark is ``sum_j A_j X_j(c) + w_j T_j`` with ``X_j`` linear in the coefficients
``c = (betas, units, pose features)``; the small matrices of ``X_j`` are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from ..artifacts import JOINT_PARENTS
from .lbs import pose_features, rotation_matrices
from .model import HeadModel, LandmarkEmbedding
from .rotations import rotation_slopes

JOINTS = len(JOINT_PARENTS)


class LandmarkRig:
    """Landmarks of a head model as a function of betas [B], units [U] and joint rotations [5,3].

    Attributes:
        base: float64 [5,3,K], what joint j carries of each landmark of the mean head.
        basis: float64 [15,K*C], the same of each coefficient (first axis: joint and coordinate).
        weight: float64 [K,5], sums of the skinning weights.
        joints_base: float64 [5,3]; joints_basis: float64 [5,3,B].
        betas, units: B and U.
    """

    def __init__(
        self,
        model: HeadModel,
        betas: int,
        *,
        embedding: LandmarkEmbedding | None = None,
        units: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        """The rig of ``model`` with its first ``betas`` identity coefficients.

        Args:
            embedding: which landmarks; the model's 478 when not given.
            units: indices of the units that move; all when not given.
        """
        embedding = embedding or model.landmarks478
        moving = model.unit_dirs if units is None else model.unit_dirs[np.asarray(units)]
        corners = model.faces[embedding.face]
        share = (embedding.bary[:, :, None] * model.weights[corners]).astype(np.float64)  # [K,3 corners,5]
        shapes = np.moveaxis(model.shapedirs[:, :, :betas], 2, 0)
        directions = np.concatenate([part[:, corners] for part in (shapes, moving, model.posedirs)])  # [C,K,3,3]
        self.base = np.einsum("kcj,kcx->jxk", share, model.v_template[corners])
        carried = np.einsum("kcj,dkcx->jxkd", share, directions.astype(np.float64), optimize=True)
        self.basis = np.ascontiguousarray(carried).reshape(3 * JOINTS, -1)
        self.weight = share.sum(1)
        self.joints_base = (model.J_regressor @ model.v_template).astype(np.float64)
        self.joints_basis = np.einsum("jv,vxb->jxb", model.J_regressor, shapes.transpose(1, 2, 0)).astype(np.float64)
        self.betas, self.units = betas, len(moving)

    def of_person(self, betas: np.ndarray) -> LandmarkRig:
        """The same with the identity fixed to ``betas`` [B]: none is left to fit, and everything is faster."""
        basis = self.basis.reshape(3 * JOINTS, len(self.weight), -1)
        person = copy(self)
        person.base = self.base + (basis[..., : self.betas] @ betas).reshape(self.base.shape)
        person.basis = np.ascontiguousarray(basis[..., self.betas :]).reshape(3 * JOINTS, -1)
        person.joints_base = self.joints_base + self.joints_basis @ betas
        person.joints_basis = self.joints_basis[..., :0]
        person.betas = 0
        return person

    def means(self, rows: np.ndarray, shares: np.ndarray) -> LandmarkRig:
        """The rig of landmarks that are means of this one's: of ``rows`` int [K,3] with ``shares`` [K,3]."""
        basis = self.basis.reshape(3 * JOINTS, len(self.weight), -1)
        mixed = copy(self)
        mixed.base = np.einsum("kc,jxkc->jxk", shares, self.base[..., rows])
        mixed.basis = np.einsum("kc,jkcd->jkd", shares, basis[:, rows], optimize=True).reshape(3 * JOINTS, -1)
        mixed.weight = np.einsum("kc,kcj->kj", shares, self.weight[rows])
        return mixed

    def positions(self, betas: np.ndarray, units: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Landmarks float64 [K,3], head frame, metres."""
        rotations, joints, carried = self._evaluate(betas, units, pose)
        offsets = self._translations(rotations, joints[..., None])[..., 0]
        return np.einsum("jab,jbk->ka", rotations, carried) + self.weight @ offsets

    def jacobian(
        self, betas: np.ndarray, units: np.ndarray, pose: np.ndarray, angles: Sequence[tuple[int, int]] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks [K,3] and their derivative [K,3,B+U+A] with respect to betas, units and joint ``angles``.

        Args:
            angles: A pairs (joint, component of its axis-angle vector); joints without children only.
        """
        rotations, joints, carried = self._evaluate(betas, units, pose)
        offsets = self._translations(rotations, joints[..., None])[..., 0]
        points = np.einsum("jab,jbk->ka", rotations, carried) + self.weight @ offsets
        across = np.concatenate(list(rotations), axis=1)  # [3,15]
        linear = np.moveaxis((across @ self.basis).reshape(3, len(points), -1), 0, 1)
        count = self.betas + self.units
        derivative = np.empty((len(points), 3, count + len(angles)))
        derivative[..., :count] = linear[..., :count]
        # a joint that moves with the identity takes its landmarks along: T_j = G_j - A_j J_j
        derivative[..., : self.betas] += np.einsum(
            "kj,jxb->kxb", self.weight, self._translations(rotations, self.joints_basis)
        )
        slopes = rotation_slopes(pose)
        for column, (joint, component) in enumerate(angles, start=count):
            slope = slopes[joint, component]
            start = count + 9 * (joint - 1)
            derivative[..., column] = linear[..., start : start + 9] @ slope.ravel()
            turned = rotations[JOINT_PARENTS[joint]] @ slope
            arm = carried[joint] - joints[joint][:, None] * self.weight[:, joint]
            derivative[..., column] += (turned @ arm).T
        return points, derivative

    def _evaluate(
        self, betas: np.ndarray, units: np.ndarray, pose: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """World rotations [5,3,3], joints [5,3], and X_j [5,3,K]."""
        local = rotation_matrices(pose)
        rotations = local.copy()
        for joint, parent in enumerate(JOINT_PARENTS):
            if parent >= 0:
                rotations[joint] = rotations[parent] @ local[joint]
        coefficients = np.concatenate([betas, units, pose_features(local)])
        moved = self.basis.reshape(-1, len(coefficients)) @ coefficients
        return rotations, self.joints_base + self.joints_basis @ betas, self.base + moved.reshape(self.base.shape)

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
