"""The skin's place as calibrated views with depth tell it: points of the head that should lie on a measured surface.

Landmarks of turned faces are a millimetre or two beside the truth, all in the same way; depth knows better, also where
there are no landmarks. A point of the head may slide along the surface and should not leave it. So it is compared from
aside, by a far camera to which the surface is an edge, and counts like a point of an outline (``fit_outline.py``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import KDTree

from ..config import FitConfig
from .fit_priors import fitted_units
from .fit_sight import SightTerm, SkinSurface
from .fit_state import LEFT_EYE, RIGHT_EYE, Moment, Person
from .landmark_rig import LandmarkRig
from .model import HeadModel, LandmarkEmbedding

NOT_COMPARED = (
    *("inner_mouth", "lips", "ears", "boundary", "scalp"),
    *("left_eye_region", "right_eye_region", "left_eyelids", "right_eyelids"),
)
"""Where skin is hidden, or moves so much that the nearest point is another one."""
ALIKE = 0.7  # least cosine between the normals of a point and of its counterpart
FAR = 20.0  # metres from which points are looked at from aside


def surface_terms(
    surface: SkinSurface,
    vertices: np.ndarray,
    person: Person,
    moment: Moment,
    landmarks: SightTerm,
    model: HeadModel,
    config: FitConfig,
    betas: int,
) -> list[SightTerm]:
    """What a measured surface asks of the head, up to three terms.

    Args:
        surface: in the world. vertices: float64 [V,3] of the moment, head frame.
        landmarks: any term of the moment. betas: how many are fitted.
    """
    scale = float(np.exp(person.log_scale))
    points = (surface.points - moment.translation) @ moment.rotation / scale
    normals = surface.normals @ moment.rotation
    face = _compared_faces(model, config.surface_points)
    corners = vertices[model.faces[face]]
    middle = corners.mean(1)
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-12)
    away, nearest = KDTree(points).query(middle)
    found = (away < config.surface_reach) & ((outward * normals[nearest]).sum(1) > ALIKE)
    axis = np.abs(normals[nearest]).argmin(1)  # along it the surface is nearly an edge
    apart = np.linalg.norm(landmarks.rig.joints_base[LEFT_EYE] - landmarks.rig.joints_base[RIGHT_EYE]) * scale
    terms = []
    for which, aside in enumerate(_from_aside()):
        here = found & (axis == which)
        if not here.any():
            continue
        partner = np.asarray(nearest)[here]
        target, normal = points[partner] @ aside.T, (normals[partner] @ aside.T)[:, :2]
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        bary = np.full((int(here.sum()), 3), 1 / 3)
        embedding = LandmarkEmbedding(face[here], bary, np.zeros(len(bary), np.float32))
        terms.append(
            replace(
                landmarks,
                rig=LandmarkRig(model, betas, embedding=embedding, units=fitted_units(model)),
                points=FAR * scale * target[:, :2] / (target[:, 2:] + FAR),
                weights=np.full(len(bary), config.surface_weight),
                rotation=aside @ moment.rotation.T,
                translation=np.array([0, 0, FAR * scale]) - aside @ moment.rotation.T @ moment.translation,
                focal=np.full(2, FAR * scale),
                center=np.zeros(2),
                per_pixel=100 / float(apart),
                measure=normal[:, :, None] * normal[:, None],
            )
        )
    return terms


def _from_aside() -> np.ndarray:
    """Rotations [3,3,3] from the head to cameras that look along x, y and z."""
    return np.stack([np.roll(np.eye(3), -(axis + 1), axis=0) for axis in range(3)])


def _compared_faces(model: HeadModel, count: int) -> np.ndarray:
    """Indices int [n] of faces that are compared, spread evenly over their order."""
    usable = model.masks["skin"] & ~np.any([model.masks[name] for name in NOT_COMPARED], axis=0)
    faces = np.flatnonzero(usable[model.faces].all(1))
    return faces[np.unique(np.linspace(0, len(faces) - 1, count).astype(int))]
