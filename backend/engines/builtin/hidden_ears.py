"""Ears that hair hides in the photo: laid flat, or their lobes would peep out below the hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse.linalg as sla

from ...head.fit_result import HeadFit
from ...head.mesh_raster import project
from ...head.model import HeadModel
from ...head.residual import uniform_laplacian
from .hair_alpha import sample_photo

COVERED = 0.3  # part of an ear's vertices that lies where the photo shows hair; half of them face the head
TURNED = 8.0  # degrees; the averted ear of a head turned further copies the other


def hidden_ears(fit: HeadFit, model: HeadModel, hair_mask: np.ndarray) -> tuple[bool, bool]:
    """Whether hair covers the (left, right) ear of the fitted head; ``hair_mask`` bool [S,S] of the crop."""
    share = []
    for ear in _ears(model):
        pixel = project(fit.posed_vertices[ear], fit.camera)[:, :2]
        share.append(float(sample_photo(hair_mask.astype(np.float32), pixel).mean()))
    eye = -fit.camera.viewmat[:3, :3].T @ fit.camera.viewmat[:3, 3]
    side = np.rad2deg(np.arctan2(eye[0], eye[2]))
    if abs(side) > TURNED:
        share[1 if side > 0 else 0] = share[0 if side > 0 else 1]
    return share[0] > COVERED, share[1] > COVERED


def laid_flat(fit: HeadFit, model: HeadModel, hidden: tuple[bool, bool]) -> HeadFit:
    """The same head with the smoothest surface in place of each hidden (left, right) ear."""
    moved = np.zeros_like(fit.neutral_vertices)
    for covered, ear in zip(hidden, _ears(model)):
        if covered:
            flat = _filled(fit.neutral_vertices, ear, model.faces, model.masks["skin"])
            moved[ear] = flat[ear] - fit.neutral_vertices[ear]
    return replace(fit, neutral_vertices=fit.neutral_vertices + moved, posed_vertices=fit.posed_vertices + moved)


def _ears(model: HeadModel) -> tuple[np.ndarray, np.ndarray]:
    """bool [V] of the left and the right ear."""
    ears, x = model.masks["ears"], model.v_template[:, 0]
    return ears & (x > 0), ears & (x < 0)


def _filled(vertices: np.ndarray, hole: np.ndarray, faces: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """``vertices`` [V,3] with those of ``hole`` spread like a membrane over its rim."""
    laplacian = uniform_laplacian(faces, skin)
    solve = sla.factorized(laplacian[hole][:, hole].tocsc())
    pull = -laplacian[hole][:, ~hole] @ vertices[~hole]
    filled = vertices.copy()
    filled[hole] = np.stack([solve(pull[:, axis]) for axis in range(3)], 1)
    return filled
