"""The jaw line as pictures show it: 17 points that move over the skin with the view, as the 68-landmark scheme wants.

A point on the outline of a turned face is another point of the skin than on the outline of the face seen from the
front. Along 17 lines that run from the jaw line inward, like spokes towards the bridge of the nose, the point is where
the skin turns away from the camera. It is found on the posed mesh with the real camera, so root, neck, view, jaw and
the person's shape all count; FLAME's own table knows only the yaw of the root.

On the side that is turned to the camera nothing hides the jaw line, and the point stays on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage as ndi

from ..artifacts import Camera, orbit_camera
from .face_regions import IBUG_CONTOUR, IBUG_INNER
from .model import HeadModel, LandmarkEmbedding
from .normals import vertex_normals

POINTS = len(IBUG_CONTOUR)
SPACING = 0.001  # metres between the places that a point can take on its line
_BESIDE_EYE, _BELOW_LIPS = 0.8, 1.3  # inner ends of the lines from the bridge of the nose, in distances of the eyes
_SIDE_TILT, _CHIN_TILT = np.deg2rad(2.0), np.deg2rad(20.0)
"""Angle between skin and line of sight where the face seen from the front ends. Under the chin the skin never quite
turns away: there the edge of the jaw is meant."""
_PAST = 0.0015  # metres behind the farthest place at which a walk outwards ends
_BUMP = 5  # places, an odd number: a crease as narrow as this is not the rim
_SPREAD = 0.003  # metres: how far points of a line without marks wander
_NOT_FACE = ("ears", "neck", "scalp", "bust", "inner_mouth")


@dataclass(frozen=True)
class ContourLines:
    """Places on the 17 lines, from the jaw line inward; the last place of a shorter line is repeated.

    ``face`` int32 [17,S]; ``bary`` float64 [17,S,3]. Order: from the subject's right ear over the chin to the left ear.
    """

    face: np.ndarray
    bary: np.ndarray


class MovingContour:
    """Chooses the jaw-line points of a head model for a pose and a camera."""

    def __init__(self, model: HeadModel) -> None:
        self.lines = contour_lines(model)
        self._corners = model.faces[self.lines.face]
        touching = np.isin(model.faces, self._corners).any(1) & model.masks["skin"][model.faces].all(1)
        self._around = model.faces[touching]
        self.vertices = np.unique(self._around)  # int [n]; no others are looked at

    def embedding(self, vertices: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """Faces int32 [17] and barycentric coordinates float64 [17,3] of the points that ``camera`` sees as jaw line.

        Args:
            vertices: [V,3] posed, in the camera's world. Only those of :attr:`vertices` must be right.
        """
        places = np.einsum("lsc,lscx->lsx", self.lines.bary, vertices[self._corners])
        normals = np.einsum("lsc,lscx->lsx", self.lines.bary, vertex_normals(vertices, self._around)[self._corners])
        eye = -camera.viewmat[:3, :3].T @ camera.viewmat[:3, 3]
        facing = ((eye - places) * normals).sum(-1) > 0
        facing[:, -1] = True  # a line that is hidden altogether ends where it is nearest to being seen
        bumps = np.ones((1, _BUMP))
        seen = ndi.binary_erosion(ndi.binary_dilation(facing, bumps), bumps, border_value=1)
        still_seen = np.logical_and.accumulate(seen[:, ::-1], axis=1)[:, ::-1]  # from here to the inner end
        chosen = (still_seen & facing).argmax(1)
        row = np.arange(POINTS)
        return self.lines.face[row, chosen], self.lines.bary[row, chosen]


def landmarks68(model: HeadModel) -> LandmarkEmbedding:
    """iBUG's 68 landmarks on any head: the jaw line as seen from the front, then points among the 478 by meaning."""
    front = orbit_camera(0, 0, distance=1.2, fov_deg=17, size=512, center=(0, 0, 0.05))
    face, bary = MovingContour(model).embedding(model.v_template.astype(np.float64), front)
    inner, marks = list(IBUG_INNER), model.landmarks478
    return LandmarkEmbedding(
        np.concatenate([face, marks.face[inner]]).astype(np.int32),
        np.concatenate([bary, marks.bary[inner]]).astype(np.float32),
        np.concatenate([np.full(POINTS, _SPREAD), marks.spread[inner]]).astype(np.float32),
        contour=POINTS,
    )


def contour_lines(model: HeadModel) -> ContourLines:
    """Cut the template by 17 half-planes round the axis that looks forward from the bridge of the nose.

    A line begins where the face seen from the front ends.
    """
    eyes = model.joints(model.v_template)[3:].astype(np.float64)
    other = np.any([model.masks[name] for name in _NOT_FACE], axis=0)
    patch = model.faces[(model.masks["skin"] & ~other)[model.faces].all(1)]
    index_of = np.flatnonzero((model.masks["skin"] & ~other)[model.faces].all(1))
    distance = float(np.linalg.norm(eyes[0] - eyes[1]))
    cuts: list[tuple[np.ndarray, np.ndarray]] = []
    for angle in np.linspace(0, np.pi, POINTS):
        walk = _walk(model.v_template - eyes.mean(0), patch, angle, distance)
        face, bary = _sampled(walk)
        cuts.append((index_of[face], bary))
    longest = max(len(face) for face, _ in cuts)
    rows = [np.minimum(np.arange(longest), len(face) - 1) for face, _ in cuts]
    face = np.stack([face[row] for (face, _), row in zip(cuts, rows)])
    return ContourLines(face.astype(np.int32), np.stack([bary[row] for (_, bary), row in zip(cuts, rows)]))


@dataclass(frozen=True)
class _Walk:
    """Triangles that a half-plane crosses one after the other, from inside out.

    ``face`` int [T]; ``bary`` [T,2,3] where it enters and leaves; ``place`` [T,2,3] the same in metres.
    """

    face: np.ndarray
    bary: np.ndarray
    place: np.ndarray


def _walk(vertices: np.ndarray, faces: np.ndarray, angle: float, eye_distance: float) -> _Walk:
    """Cross ``faces`` from beside eye and lips outwards until the skin turns away from the front.

    Args:
        vertices: [V,3] round the bridge of the nose. angle: of the half-plane, from the subject's right downwards.
    """
    spoke, across = np.array([-np.cos(angle), -np.sin(angle)]), np.array([np.sin(angle), -np.cos(angle)])
    behind = vertices[:, :2] @ across > 0
    crossed = np.flatnonzero(np.ptp(behind[faces].astype(int), axis=1))
    bary, edges = _crossings((vertices[:, :2] @ across)[faces[crossed]], faces[crossed])
    place = np.einsum("tec,tcx->tex", bary, vertices[faces[crossed]])
    radius = place[..., :2] @ spoke
    start_radius = (_BESIDE_EYE + (_BELOW_LIPS - _BESIDE_EYE) * np.sin(angle) ** 2) * eye_distance
    reached = (radius.min(1) <= start_radius) & (radius.max(1) > start_radius)
    current = int(np.flatnonzero(reached)[place[reached][:, 0, 2].argmax()])
    leave = int(radius[current].argmax())
    tilt = np.tan(_SIDE_TILT + (_CHIN_TILT - _SIDE_TILT) * np.sin(angle) ** 4)
    steps: list[tuple[int, int]] = []
    height = [-np.inf]
    while True:
        steps.append((current, leave))
        height.append(float(radius[current, leave] + tilt * place[current, leave, 2]))
        following = np.flatnonzero((edges == edges[current, leave]).any(1) & (np.arange(len(crossed)) != current))
        if height[-1] < max(height) - _PAST or not len(following):
            break
        current, came = int(following[0]), edges[current, leave]
        leave = int(edges[current, 0] == came)
    kept = np.array(steps[: int(np.argmax(height))])
    order = np.stack([1 - kept[:, 1], kept[:, 1]], 1)  # enter, leave
    rows = kept[:, 0]
    return _Walk(crossed[rows], bary[rows[:, None], order], place[rows[:, None], order])


def _crossings(side: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a plane crosses triangles: barycentric [T,2,3] and the two edges' numbers int [T,2].

    Args:
        side: [T,3] signed distances of the corners; one corner lies on the other side than the rest.
    """
    above = side > 0
    lone = np.where(above.sum(1) == 1, above.argmax(1), (~above).argmax(1))
    row = np.arange(len(side))
    bary, edges = np.zeros((len(side), 2, 3)), np.zeros((len(side), 2), np.int64)
    for end in (0, 1):
        other = (lone + 1 + end) % 3
        share = side[row, lone] / (side[row, lone] - side[row, other])
        bary[row, end, lone], bary[row, end, other] = 1 - share, share
        pair = np.sort(np.stack([faces[row, lone], faces[row, other]], 1), axis=1)
        edges[:, end] = pair[:, 0] * (faces.max() + 1) + pair[:, 1]
    return bary, edges


def _sampled(walk: _Walk) -> tuple[np.ndarray, np.ndarray]:
    """Places every :data:`SPACING` along the walk, from its outer end inwards: faces [S], barycentric [S,3]."""
    length = np.linalg.norm(walk.place[:, 1] - walk.place[:, 0], axis=1)[::-1]
    passed = np.concatenate([[0.0], np.cumsum(length)])
    at = np.arange(0.0, passed[-1], SPACING)
    step = np.clip(np.searchsorted(passed, at, side="right") - 1, 0, len(length) - 1)
    share = ((at - passed[step]) / np.maximum(length[step], 1e-12))[:, None]
    outer, inner = walk.bary[::-1][step, 1], walk.bary[::-1][step, 0]
    return walk.face[::-1][step], (1 - share) * outer + share * inner
