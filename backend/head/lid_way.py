"""Lids that stay off this person's ball on their way, too: half closed, under a raised gaze, several units at once.

Units add up along straight lines, and a ball lies between two points above it. Units that are each right on the mean
head, and right at 1 on this person, can meet the ball in between. So scenes of several units are tried on the person,
and each unit takes its share of what a scene lacks: Kaczmarz's method, which ends near the least change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..artifacts import Control
from .lbs import pose_features, rotation_matrices

CLEAR = np.array([0, 0, 0, 0, 0, 0.1, 0.2, 0.3, 0.5, 0.5, 0.5]) * 1e-3
"""Height over the ball that each scene must leave to each row of the lids, metres; outer rows have longer edges."""
PASSES = 3
CLOSERS = ("eyeBlink{}", "mh_eye-{}-closure")
SHARES = (0.35, 0.5, 0.7, 0.9)
GAZES = (0.0, 0.5, 1.0)
"""Of the way to the highest gaze: looking up opens the lids and turns the cornea under them."""
SQUEEZE = ("eyeSquint{}", "cheekSquint{}", "noseSneer{}")
"""Units that push lids at the ball together in a strong smile or in disgust."""


@dataclass(frozen=True)
class Scene:
    """Values of some units by index, and the eyes' rotation about x, radians."""

    units: dict[int, float]
    gaze: float


@dataclass(frozen=True)
class Ball:
    """An eyeball with its cornea.

    Attributes:
        center: [3]. axis: [3], from there to the top of the cornea, at rest.
        angle, radius: [n], radians from the axis in rising order and metres.
    """

    center: np.ndarray
    axis: np.ndarray
    angle: np.ndarray
    radius: np.ndarray

    def under(self, offset: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Radius [...] of the ball turned by ``turn`` [3,3] under points ``offset`` [...,3] from its centre."""
        cosine = offset @ (turn @ self.axis) / np.linalg.norm(offset, axis=-1)
        return np.interp(np.arccos(np.clip(cosine, -1, 1)), self.angle, self.radius)


def ball_of(vertices: np.ndarray, center: np.ndarray) -> Ball:
    """The ball of ``vertices`` [n,3]."""
    offset = np.asarray(vertices, np.float64) - center
    radius = np.linalg.norm(offset, axis=1)
    axis = offset[radius.argmax()] / radius.max()
    angle = np.arccos(np.clip(offset @ axis / radius, -1, 1))
    order = angle.argsort()
    return Ball(np.asarray(center, np.float64), axis, angle[order], radius[order])


def scenes_of(names: Sequence[str], controls: Sequence[Control], side: str) -> list[Scene]:
    """What is tried on the eye of ``side``, 'left' or 'right'; units that this head lacks are left out."""
    index = {name: place for place, name in enumerate(names)}
    highest = sum(c.joints[0][2] for c in controls if c.name == f"eyeLookUp{side.title()}" and c.joints)

    def at(name: str, value: float) -> dict[int, float]:
        found = (index.get(name.format(word)) for word in (side, side.title()))
        return {unit: value for unit in found if unit is not None}

    scenes = [Scene(at(closer, share), gaze * highest) for closer in CLOSERS for share in SHARES for gaze in GAZES]
    squeezes = [at(name, 1.0) for name in SQUEEZE]
    together = {unit: value for squeeze in squeezes for unit, value in squeeze.items()}
    for more in (*squeezes, together):
        scenes += [Scene(at(CLOSERS[0], share) | more, 0.0) for share in (0.0, *SHARES[:3])]
    return [scene for scene in scenes if scene.units]


def clear_the_way(
    points: np.ndarray, units: np.ndarray, posedirs: np.ndarray, scenes: Sequence[Scene], joint: int, ball: Ball
) -> np.ndarray:
    """Changed ``units`` [U,R,C,3] that leave the lids ``points`` [R,C,3] :data:`CLEAR` of the ball in every scene.

    Args:
        posedirs: [36,R,C,3] of the same vertices. joint: of the eye, 3 or 4.
    """
    changed = units.astype(np.float64)
    pose = np.zeros((len(scenes), 5, 3))
    pose[:, joint, 0] = [scene.gaze for scene in scenes]
    turns = rotation_matrices(pose)
    starts = points + np.tensordot(pose_features(turns), posedirs, 1)
    for _ in range(PASSES):
        for scene, start, turn in zip(scenes, starts, turns[:, joint]):
            used, values = list(scene.units), np.array(list(scene.units.values()))
            offset = start + np.tensordot(values, changed[used], 1) - ball.center
            height = np.linalg.norm(offset, axis=-1)
            lack = np.maximum(ball.under(offset, turn) + CLEAR[:, None] - height, 0)
            push = (lack / height)[..., None] * offset
            changed[used] += (values / (values @ values))[:, None, None, None] * push
    return changed
