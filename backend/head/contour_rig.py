"""The landmarks of one picture as a rig, where the jaw line's are those that this picture shows."""

from __future__ import annotations

import numpy as np

from ..artifacts import Camera
from .contour import MovingContour
from .fit_sight import camera_from_head
from .fit_state import Moment, Person, pose_of
from .landmark_rig import LandmarkRig
from .model import HeadModel, LandmarkEmbedding


class ContourRig:
    """Landmarks whose first 17 lie on the jaw line, for any place of head and camera.

    A rig of the vertices that landmarks can need is made once. Each picture's landmarks are means of its rows.
    """

    def __init__(self, model: HeadModel, embedding: LandmarkEmbedding, betas: int, units: np.ndarray) -> None:
        """``betas`` and ``units`` as for :class:`LandmarkRig`; ``embedding.contour`` is 17."""
        self.moving, self._contour = embedding.contour, MovingContour(model)
        inner = slice(embedding.contour, None)
        self._faces, self._count = model.faces, len(model.v_template)
        self._inner_corners, self._inner_bary = model.faces[embedding.face[inner]], embedding.bary[inner]
        self._used = np.union1d(self._contour.vertices, self._inner_corners)
        self._row = np.zeros(self._count, np.int64)
        self._row[self._used] = np.arange(len(self._used))
        self._body = LandmarkRig(model, betas, embedding=_each_vertex(model.faces, self._used), units=units)

    def seen_by(self, camera: Camera, person: Person, moment: Moment) -> LandmarkRig:
        """The landmarks that ``camera`` shows of ``person`` at ``moment``."""
        vertices = np.zeros((self._count, 3))
        vertices[self._used] = self._body.positions(
            person.betas[: self._body.betas], moment.units, pose_of(moment.angles)
        )
        seen_from = camera_from_head(camera, moment.rotation, moment.translation, float(np.exp(person.log_scale)))
        face, bary = self._contour.embedding(vertices, seen_from)
        corners = np.concatenate([self._faces[face], self._inner_corners])
        return self._body.means(self._row[corners], np.concatenate([bary, self._inner_bary]))


def _each_vertex(faces: np.ndarray, vertices: np.ndarray) -> LandmarkEmbedding:
    """Every one of ``vertices`` [n] as a landmark."""
    flat = faces.ravel()
    first = np.full(faces.max() + 1, -1)
    first[flat[::-1]] = np.arange(len(flat))[::-1]
    face, corner = np.divmod(first[vertices], 3)
    return LandmarkEmbedding(face, np.eye(3)[corner], np.zeros(len(vertices)))
