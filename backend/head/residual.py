"""The last per cents of a fit: a smooth displacement of the skin that brings the landmarks where they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ..artifacts import Camera
from ..config import FitConfig
from . import face_regions as regions
from .mesh_raster import project
from .model import HeadModel


def smooth_residual(
    model: HeadModel,
    posed: np.ndarray,
    camera: Camera,
    landmarks: np.ndarray,
    weights: np.ndarray,
    config: FitConfig,
) -> np.ndarray:
    """Displacement float64 [V,3], head frame, parallel to the picture, of least bending energy.

    Only skin moves, the inside of the mouth reluctantly; the eyeballs go along with their lids as rigid bodies.

    Args:
        posed: [V,3] fitted vertices in the photo's expression.
        landmarks: [478,2] crop pixels. weights: [478].
    """
    skin, embedding = model.masks["skin"], model.landmarks478
    on_skin = np.flatnonzero(skin[model.faces[embedding.face[:468]]].all(1))
    corners = model.faces[embedding.face[on_skin]]
    points = np.einsum("kc,kcx->kx", embedding.bary[on_skin], posed[corners])
    seen = project(points, camera)
    wanted = (landmarks[on_skin] - seen[:, :2]) * (seen[:, 2] / camera.K[0, 0])[:, None]
    count = len(posed)
    rows = np.repeat(np.arange(len(on_skin)), 3)
    sample = sp.coo_matrix((embedding.bary[on_skin].ravel(), (rows, corners.ravel())), (len(on_skin), count)).tocsr()
    trust = sp.diags(weights[on_skin] ** 2)
    bending = uniform_laplacian(model.faces, skin)
    stay = config.residual_weight + 0.3 * model.masks["inner_mouth"]
    system = config.residual_stiffness * (bending.T @ bending) + sample.T @ trust @ sample + sp.diags(stay)
    solve = sla.factorized(system.tocsc())
    right, down = camera.viewmat[0, :3], camera.viewmat[1, :3]
    in_plane = [solve(sample.T @ (trust @ wanted[:, axis])) for axis in range(2)]
    moved = in_plane[0][:, None] * right + in_plane[1][:, None] * down
    moved[~skin] = 0
    _take_eyeballs_along(model, moved)
    return moved


def _take_eyeballs_along(model: HeadModel, moved: np.ndarray) -> None:
    """Give each eyeball, in place, the mean displacement of its lid margin."""
    embedding = model.landmarks478
    for name, polygon in (("left_eyeball", regions.LEFT_EYE), ("right_eyeball", regions.RIGHT_EYE)):
        corners = model.faces[embedding.face[list(polygon)]]
        lids = np.einsum("kc,kcx->kx", embedding.bary[list(polygon)], moved[corners])
        moved[model.masks[name]] = lids.mean(0)


def uniform_laplacian(faces: np.ndarray, keep: np.ndarray) -> Any:
    """Uniform vertex Laplacian [V,V] of the kept part."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = edges[keep[edges].all(1)]
    half = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (len(keep), len(keep))).tocsr()
    neighbours = ((half + half.T) > 0).astype(np.float64)
    degree = np.maximum(np.asarray(neighbours.sum(1)).ravel(), 1)
    return (sp.diags(1 / degree) @ neighbours - sp.eye(len(keep))).tocsr()
