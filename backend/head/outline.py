"""Ears and a bare skull follow the person's outline, where landmarks say nothing.

The landmarks end at the temples. Behind them the fitted head is an average one: its ears lie too close or too low, a
bald skull is too narrow. The outline of the picture knows better, wherever skin forms it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]

from ..config import OutlineConfig
from .fit_result import HeadFit
from .mesh_raster import project, rasterize_mesh
from .model import HeadModel
from .residual import uniform_laplacian
from .silhouette import distance_to_edge, outward_normals, rim

ROUND_THE_EAR = 0.02  # metres round an ear that go along with it
DOWNWARDS = 0.5  # normals pointing further down (sine) are not pulled: below a lobe hang hair, jewels and shadows


@dataclass(frozen=True)
class _Pull:
    """What the outline asks of points on the surface.

    Attributes:
        face: int [K]. bary: float [K,3].
        normal: float64 [K,2], outward normal of the head's outline, crop pixels.
        distance: float64 [K], how far the person's outline lies outside (+) or inside (-), pixels.
    """

    face: np.ndarray
    bary: np.ndarray
    normal: np.ndarray
    distance: np.ndarray


def follow_outline(
    fit: HeadFit, model: HeadModel, person: np.ndarray, skin: np.ndarray, config: OutlineConfig | None = None
) -> HeadFit:
    """Move ears and scalp of ``fit`` so that they reach the person's outline in the picture.

    The displacement is smooth, parallel to the picture and leaves the face alone.

    Args:
        person: bool [S,S], the matte of the crop.
        skin: bool [S,S], where the person shows skin: an outline of hair, jewels or clothes pulls nothing.
    """
    config = config or OutlineConfig()
    metres = 1 / _pixels_per_metre(fit)
    movable = _movable(model)
    solve = _Solver(model, movable, fit, config)
    moved = np.zeros_like(fit.posed_vertices)
    for _ in range(config.rounds):
        pull = _find_pulls(fit, model, moved, movable, person, skin, config.reach / metres, config.step / metres)
        if len(pull.face) < config.least_pixels:
            break
        moved += solve(pull, metres)
        moved = _copied_to_the_hidden_ear(model, moved, pull, config.least_pixels)
    return replace(fit, posed_vertices=fit.posed_vertices + moved, neutral_vertices=fit.neutral_vertices + moved)


def _pixels_per_metre(fit: HeadFit) -> float:
    """At the depth of the head's centre."""
    return float(fit.camera.K[0, 0] / project(fit.posed_vertices.mean(0)[None], fit.camera)[0, 2])


def _movable(model: HeadModel) -> np.ndarray:
    """float64 [V] 0..1: ears and scalp move, the face and the neck do not."""
    free = (model.masks["ears"] | model.masks["scalp"]).astype(np.float64)
    free[~model.masks["skin"]] = 0
    return free


def _find_pulls(
    fit: HeadFit,
    model: HeadModel,
    moved: np.ndarray,
    movable: np.ndarray,
    person: np.ndarray,
    skin: np.ndarray,
    reach: float,
    step: float,
) -> _Pull:
    """Compare the head's outline with the person's, along the outline's normals.

    Args:
        reach: how far the person's outline is looked for, pixels. step: how far one round may pull.
    """
    raster = rasterize_mesh(fit.posed_vertices + moved, model.faces, fit.camera)
    head = raster.face >= 0
    inner = rim(head)
    on_rim = np.argwhere(inner)
    face, bary = raster.face[inner], raster.bary[inner].astype(np.float64)
    free = np.einsum("kc,kc->k", bary, movable[model.faces[face]]) > 0.5
    on_rim, face, bary = on_rim[free], face[free], bary[free]
    normal = outward_normals(head, on_rim)
    distance, at_skin = distance_to_edge(person, skin, on_rim[:, ::-1] + 0.5, normal, reach)
    good = at_skin & np.isfinite(distance) & (normal[:, 1] < DOWNWARDS)
    return _Pull(face[good], bary[good], normal[good], np.clip(distance[good], -step, step))


def _copied_to_the_hidden_ear(model: HeadModel, moved: np.ndarray, pull: _Pull, least: int) -> np.ndarray:
    """A head turned away, or hair, hides one ear: it then moves as the other one does. ``moved`` [V,3]."""
    corners = model.faces[pull.face]
    on_ear = model.masks["ears"][corners].all(1)
    on_left = model.v_template[corners[:, 0], 0] > 0
    known = np.array([(on_ear & ~on_left).sum(), (on_ear & on_left).sum()]) >= least
    if known.all() or not known.any():
        return moved
    hidden = model.v_template[:, 0] * (1 if known[0] else -1) > 0
    ears = cKDTree(model.v_template[model.masks["ears"]])
    share = np.clip(1 - ears.query(model.v_template)[0] / ROUND_THE_EAR, 0, 1) * hidden
    return moved + share[:, None] * (moved[model.mirror] * [-1, 1, 1] - moved)


class _Solver:
    """Smoothest displacement in the picture's plane that does what the outline asks."""

    def __init__(self, model: HeadModel, movable: np.ndarray, fit: HeadFit, config: OutlineConfig) -> None:
        self.model, self.config = model, config
        self.plane = fit.camera.viewmat[:2, :3]
        bending = uniform_laplacian(model.faces, model.masks["skin"])
        stay = np.where(movable > 0, config.stay_weight, config.hold_weight)
        smooth = config.stiffness * (bending.T @ bending) + sp.diags(stay)
        self.system = sp.block_diag([smooth, smooth]).tocsr()

    def __call__(self, pull: _Pull, metres: float) -> np.ndarray:
        """Displacement float64 [V,3], head frame; ``metres`` a pixel is wide."""
        count, pulls = len(self.model.v_template), len(pull.face)
        corners = self.model.faces[pull.face]
        rows = np.repeat(np.arange(pulls), 3)
        sides: list[Any] = []
        for axis in (0, 1):
            values = (pull.bary * pull.normal[:, axis : axis + 1]).ravel()
            sides.append(sp.coo_matrix((values, (rows, corners.ravel())), (pulls, count)))
        ask = sp.hstack(sides).tocsr()
        weight = self.config.pull_weight / pulls * 1000
        system = self.system + weight * (ask.T @ ask)
        solution = sla.spsolve(system.tocsc(), weight * (ask.T @ (pull.distance * metres)))
        moved = solution.reshape(2, count).T @ self.plane
        moved[~self.model.masks["skin"]] = 0
        return moved
