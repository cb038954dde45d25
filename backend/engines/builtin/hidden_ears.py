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

LOBE = 35  # per cent of an ear's vertices, from below
HIDDEN = 0.75  # of the lobe's vertices that must lie where the photo shows hair


def lay_hidden_ears_flat(fit: HeadFit, model: HeadModel, hair_mask: np.ndarray) -> HeadFit:
    """The same head with the smoothest surface in place of each ear whose lobe is under hair.

    Args:
        hair_mask: bool [S,S] of the crop.
    """
    skin, ears = model.masks["skin"], model.masks["ears"]
    moved = np.zeros_like(fit.neutral_vertices)
    for side in (1, -1):
        ear = ears & (model.v_template[:, 0] * side > 0)
        if _lobe_is_hidden(fit, ear, hair_mask):
            moved[ear] = _filled(fit.neutral_vertices, ear, model.faces, skin)[ear] - fit.neutral_vertices[ear]
    return replace(fit, neutral_vertices=fit.neutral_vertices + moved, posed_vertices=fit.posed_vertices + moved)


def _lobe_is_hidden(fit: HeadFit, ear: np.ndarray, hair_mask: np.ndarray) -> bool:
    points = fit.posed_vertices[ear]
    lobe = points[points[:, 1] < np.percentile(points[:, 1], LOBE)]
    covered = sample_photo(hair_mask.astype(np.float32), project(lobe, fit.camera)[:, :2])
    return float(covered.mean()) > HIDDEN


def _filled(vertices: np.ndarray, hole: np.ndarray, faces: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """``vertices`` [V,3] with those of ``hole`` spread like a membrane over its rim."""
    laplacian = uniform_laplacian(faces, skin)
    solve = sla.factorized(laplacian[hole][:, hole].tocsc())
    pull = -laplacian[hole][:, ~hole] @ vertices[~hole]
    filled = vertices.copy()
    filled[hole] = np.stack([solve(pull[:, axis]) for axis in range(3)], 1)
    return filled
