"""Lays the built-in head over another one, so that every point of either has its like on the other.

Non-rigid closest points (Amberg, Romdhani and Vetter 2007, with a Laplacian instead of affine frames): place, normal
and the rig's weights decide what is close, so lips find their own side; landmarks guide where there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ...errors import AssetError
from ..face_regions import IBUG_INNER
from ..model import HeadModel
from ..normals import vertex_normals
from ..residual import uniform_laplacian
from .closest import OnSurface, closest_points
from .files import FlameLandmarks, FlameModel

_FIRST_INNER = 17
_EYES = (3, 4)
_STIFFNESS = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
_ROUNDS = 3  # at each stiffness
_RIGID_ROUNDS = 10
_LEAST_SHARE = 0.2  # of our skin that must find its like when the eyes are aligned
_REACH = 0.02  # metres; beyond, the closest point is not the like
_LANDMARK_WEIGHT = 5.0
_STAY = 1e-3  # what has no like keeps still
_NORMAL_FEATURE = 0.004  # metres that a full turn of the normal counts half of
_WEIGHT_FEATURE = np.array([0.0, 0.004, 0.012, 0.05, 0.05])  # metres a joint's full weight counts


@dataclass(frozen=True)
class Registration:
    """The built-in head in the shape of another.

    Attributes:
        vertices: float64 [V,3], the built-in head's, on the other's surface.
        scale: the other's size over the built-in head's.
        on_ours: for each vertex of the other, the like point of the built-in head.
        error: median distance of the built-in head's skin from the other's surface, metres.
    """

    vertices: np.ndarray
    scale: float
    on_ours: OnSurface
    error: float


def register(ours: HeadModel, theirs: FlameModel, landmarks: FlameLandmarks | None) -> Registration:
    """Lay ``ours`` over ``theirs`` (without teeth).

    Raises:
        AssetError: ``flame.not_a_head``.
    """
    outside = ours.masks["skin"] & ~ours.masks["inner_mouth"]
    target = _Surface.of(theirs.v_template, theirs.faces, theirs.weights)
    guide = _Guide(ours, theirs, landmarks)
    placed, scale = _rigid(ours, target, theirs, outside, guide)
    moved = _bend(ours, placed, target, outside, guide)
    _place_eyeballs(ours, theirs, moved)
    source = _Surface.of(moved, ours.faces, ours.weights)
    likes = closest_points(target.features, source.features, ours.faces)
    skin = moved[outside]
    found = closest_points(skin, theirs.v_template, theirs.faces)
    error = np.linalg.norm(found.carry(theirs.v_template, theirs.faces) - skin, axis=1)
    return Registration(moved, scale, likes, float(np.median(error)))


@dataclass(frozen=True)
class _Surface:
    """A mesh whose vertices have ``features`` [V,11]: place, normal, weights, in metres."""

    vertices: np.ndarray
    normals: np.ndarray
    features: np.ndarray
    faces: np.ndarray
    border: np.ndarray

    @staticmethod
    def of(vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray) -> _Surface:
        normals = vertex_normals(vertices, faces)
        features = np.concatenate([vertices, _NORMAL_FEATURE * normals, _WEIGHT_FEATURE * weights], 1)
        return _Surface(vertices, normals, features, faces, _border(faces, len(vertices)))


def _border(faces: np.ndarray, count: int) -> np.ndarray:
    """Vertices on edges with one triangle, bool [V]."""
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    found, times = np.unique(edges, axis=0, return_counts=True)
    border = np.zeros(count, bool)
    border[found[times == 1]] = True
    return border


class _Guide:
    """Pairs of points that belong together: rows of ``sample`` [K,V] on our vertices, ``wanted`` [K,3] on theirs."""

    def __init__(self, ours: HeadModel, theirs: FlameModel, landmarks: FlameLandmarks | None) -> None:
        count = (
            len(IBUG_INNER) if landmarks is not None and len(landmarks.face) >= _FIRST_INNER + len(IBUG_INNER) else 0
        )
        self.wanted = np.zeros((count, 3))
        rows, corners = np.repeat(np.arange(count), 3), np.zeros((count, 3), np.int64)
        bary = np.zeros((count, 3))
        if count and landmarks is not None:
            chosen = np.array(IBUG_INNER)
            corners, bary = ours.faces[ours.landmarks478.face[chosen]], ours.landmarks478.bary[chosen]
            place = OnSurface(landmarks.face, landmarks.bary).carry(theirs.v_template, theirs.faces)
            self.wanted = place[_FIRST_INNER : _FIRST_INNER + count]
        shape = (count, len(ours.v_template))
        self.sample = sp.csr_matrix((bary.ravel().astype(np.float64), (rows, corners.ravel())), shape)


def _rigid(
    ours: HeadModel, target: _Surface, theirs: FlameModel, outside: np.ndarray, guide: _Guide
) -> tuple[np.ndarray, float]:
    """Our vertices turned, shifted and scaled onto theirs; begins with the eyes, which both rigs know."""
    placed = ours.v_template.astype(np.float64)
    eyes, wanted = ours.joints(ours.v_template)[list(_EYES)], (theirs.J_regressor @ theirs.v_template)[list(_EYES)]
    scale = float(np.linalg.norm(wanted[0] - wanted[1]) / np.linalg.norm(eyes[0] - eyes[1]))
    placed = scale * (placed - eyes.mean(0)) + wanted.mean(0)
    joints = ours.J_regressor.astype(np.float64)[list(_EYES)]
    for _ in range(_RIGID_ROUNDS):
        like, weight = _likes(placed, ours, target, outside)
        used = np.flatnonzero(weight > 0)
        if len(used) < _LEAST_SHARE * outside.sum():
            raise _no_head()
        source = np.concatenate([placed[used], guide.sample @ placed, joints @ placed])
        aim = np.concatenate([like[used], guide.wanted, wanted])
        guided = len(guide.wanted) + len(_EYES)
        trust = np.concatenate([weight[used], np.full(guided, 0.3 * len(used) / guided)])
        turn, shift, factor = _similarity(source, aim, trust)
        placed, scale = factor * placed @ turn.T + shift, scale * factor
    return placed, scale


def _no_head() -> AssetError:
    return AssetError(
        "flame.not_a_head",
        "The model file holds FLAME's arrays, but no head that could be recognised.",
        cause="With the eyes aligned, its surface lies nowhere near a head's.",
        fix="Choose one of FLAME's own files: generic_model.pkl, flame2023.pkl or flame2023_Open.pkl.",
    )


def _similarity(source: np.ndarray, aim: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Rotation, shift and scale of least squares from ``source`` to ``aim`` [N,3] (Umeyama 1991)."""
    share = weight / weight.sum()
    centers = share @ source, share @ aim
    left, right = source - centers[0], aim - centers[1]
    U, S, Vt = np.linalg.svd((share[:, None] * right).T @ left)
    sign = np.array([1, 1, np.sign(np.linalg.det(U @ Vt))])
    turn = (U * sign) @ Vt
    factor = float((S * sign).sum() / (share @ (left**2).sum(1)))
    return turn, centers[1] - factor * turn @ centers[0], factor


def _likes(placed: np.ndarray, ours: HeadModel, target: _Surface, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of our vertices the like point of theirs [V,3] and how far it is to be trusted [V]."""
    source = _Surface.of(placed, ours.faces, ours.weights)
    found = closest_points(source.features[outside], target.features, target.faces)
    like, normal = (found.carry(values, target.faces) for values in (target.vertices, target.normals))
    distance = np.linalg.norm(like - placed[outside], axis=1)
    agreement = (normal * source.normals[outside]).sum(1)
    at_border = target.border[target.faces[found.face]].any(1)
    trust = np.clip(agreement, 0, 1) * np.clip(1 - distance / _REACH, 0, 1) * ~at_border
    points, weight = placed.copy(), np.zeros(len(placed))
    points[outside], weight[outside] = like, trust
    return points, weight


def _bend(ours: HeadModel, placed: np.ndarray, target: _Surface, outside: np.ndarray, guide: _Guide) -> np.ndarray:
    """Our vertices on their surface, bent as little as that needs; stiff at first."""
    bending = uniform_laplacian(ours.faces, np.ones(len(placed), bool))
    bending = bending.T @ bending
    fixed = _LANDMARK_WEIGHT * (guide.sample.T @ guide.sample) + _STAY * sp.eye(len(placed))
    moved = placed.copy()
    for stiffness in _STIFFNESS:
        for _ in range(_ROUNDS):
            like, weight = _likes(moved, ours, target, outside)
            solve = sla.factorized((stiffness * bending + fixed + sp.diags(weight)).tocsc())
            pull = weight[:, None] * (like - placed)
            pull = pull + _LANDMARK_WEIGHT * (guide.sample.T @ (guide.wanted - guide.sample @ placed))
            moved = placed + np.stack([solve(pull[:, axis]) for axis in range(3)], 1)
    return moved


def _place_eyeballs(ours: HeadModel, theirs: FlameModel, moved: np.ndarray) -> None:
    """Put our eyeballs, in place, where theirs are, as large as theirs."""
    centers = theirs.J_regressor @ theirs.v_template
    template = ours.v_template.astype(np.float64)
    for joint, name in zip(_EYES, ("left_eyeball", "right_eyeball")):
        ball, their_ball = ours.masks[name], theirs.weights[:, joint] > 0.5
        center = ours.joints(ours.v_template)[joint]
        radius = np.median(np.linalg.norm(template[ball] - center, axis=1))
        size = 1.0
        if their_ball.any():
            size = np.median(np.linalg.norm(theirs.v_template[their_ball] - centers[joint], axis=1)) / radius
        moved[ball] = centers[joint] + size * (template[ball] - center)
