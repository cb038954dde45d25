"""The person's edge as landmarks without a name: points of the head's rim, and where along their normals they belong.

Landmarks end at the temples and the chin. Skull, ears and neck are known by the outlines that calibrated views show:
a rim point of the head as it is fitted should lie on the person's edge, wherever along the edge that may be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..config import FitConfig
from .fit_priors import fitted_units, head_parameters
from .fit_sight import Outline, Sight, SightTerm, camera_from_head
from .fit_state import Moment, Person
from .landmark_rig import LandmarkRig
from .lbs import pose_vertices
from .mesh_raster import project, rasterize_mesh
from .model import HeadModel, LandmarkEmbedding, make_avatar_mesh
from .silhouette import distance_to_edge, outward_normals, rim

NO_RIM = ("bust", "boundary", "inner_mouth")
"""Where the model ends, not the person."""


class OutlineFinder:
    """Compares the outlines of one person, as fitted so far, with pictures."""

    def __init__(self, model: HeadModel, person: Person, config: FitConfig) -> None:
        neutral = model.neutral(person.betas)
        self._model, self._person, self._config = model, person, config
        self._mesh = make_avatar_mesh(model, neutral, np.zeros_like(neutral))
        usable = model.masks["skin"] & ~np.any([model.masks[name] for name in NO_RIM], axis=0)
        self._usable = usable[model.faces].all(1)

    def vertices(self, moment: Moment) -> np.ndarray:
        """Float64 [V,3] of a moment, head frame."""
        return pose_vertices(self._mesh, head_parameters(self._model, moment))

    def term(
        self, sight: Sight, vertices: np.ndarray, moment: Moment, landmarks: SightTerm, betas: int
    ) -> SightTerm | None:
        """What the edge in a picture asks of the head; None where nothing of it can be compared.

        Args:
            sight: with an outline. vertices: its moment's. landmarks: its own term. betas: how many are fitted.
        """
        if sight.outline is None:
            return None
        camera = camera_from_head(
            sight.camera, moment.rotation, moment.translation, float(np.exp(self._person.log_scale))
        )
        raster = rasterize_mesh(vertices, self._model.faces, camera)
        head = raster.face >= 0
        chosen = np.argwhere(rim(head))
        chosen = chosen[self._usable[raster.face[tuple(chosen.T)]]]
        if not len(chosen):
            return None
        chosen = chosen[np.unique(np.linspace(0, len(chosen) - 1, self._config.outline_points).astype(int))]
        normal = outward_normals(head, chosen)
        depth = raster.depth[tuple(chosen.T)].mean()
        away, counts = self._distance(sight.outline, head, chosen, normal, float(camera.K[0, 0] / depth))
        face, bary = raster.face[tuple(chosen.T)][counts], raster.bary[tuple(chosen.T)][counts]
        if not counts.any():
            return None
        embedding = LandmarkEmbedding(face, bary, np.zeros(len(face), np.float32))
        rig = LandmarkRig(self._model, betas, embedding=embedding, units=fitted_units(self._model))
        points = np.einsum("kc,kcx->kx", bary.astype(np.float64), vertices[self._model.faces[face]])
        return replace(
            landmarks,
            rig=rig,
            points=project(points, camera)[:, :2] + away[counts, None] * normal[counts],
            weights=np.full(len(face), self._config.outline_weight),
            measure=normal[counts, :, None] * normal[counts, None],
        )

    def _distance(
        self, outline: Outline, head: np.ndarray, rim_pixels: np.ndarray, normal: np.ndarray, per_metre: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far out [K] pixels the person's edge lies from the head's, and where that counts, bool [K].

        A head that stands out from the person is always wrong; a person stands out from the head with hair, too.
        """
        start, reach = rim_pixels[:, ::-1] + 0.5, self._config.outline_reach * per_metre
        edge, at_skin = distance_to_edge(outline.person, outline.skin, start, normal, reach)
        own, _ = distance_to_edge(head, head, start, normal, reach)
        away = edge - own
        return away, np.isfinite(away) & (at_skin | (away < 0))
