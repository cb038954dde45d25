"""The unknowns of a fit: what belongs to the person, and what belongs to one moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .lbs import rotation_matrices

JAW, LEFT_EYE, RIGHT_EYE = 2, 3, 4
ANGLES = ((JAW, 0), (JAW, 1), (JAW, 2), (LEFT_EYE, 0), (LEFT_EYE, 1), (RIGHT_EYE, 0), (RIGHT_EYE, 1))
"""(joint, component) of the joint angles that are fitted; eyes do not roll."""
JAW_OPEN, JAW_SIDEWAYS, EYE_PITCHES, EYE_YAWS = 0, (1, 2), (3, 5), (4, 6)
"""Where they stand among the angles."""
RIGID = 6
"""Unknowns of the head's place in a moment: rotation, then translation."""


def pose_of(angles: np.ndarray) -> np.ndarray:
    """Joint pose float64 [5,3] of the fitted ``angles`` [7]; root and neck at rest."""
    pose = np.zeros((5, 3))
    for (joint, component), angle in zip(ANGLES, angles):
        pose[joint, component] = angle
    return pose


@dataclass(frozen=True)
class Person:
    """What all moments share; as a vector: betas, log_scale, log_focal.

    Attributes:
        betas: float64 [B].
        log_scale: of the world's unit against the head's metre.
        log_focal: of the focal length against the one the cameras say.
    """

    betas: np.ndarray
    log_scale: float = 0.0
    log_focal: float = 0.0

    def moved(self, step: np.ndarray) -> Person:
        """After ``step`` [B+2], or [2] where the identity is not fitted."""
        betas = self.betas + step[:-2] if len(step) > 2 else self.betas
        return Person(betas, self.log_scale + float(step[-2]), self.log_focal + float(step[-1]))


@dataclass(frozen=True)
class Moment:
    """What one moment has of its own; a head point x stands at ``scale * rotation x + translation`` in the world.

    Attributes:
        rotation: float64 [3,3]. translation: float64 [3], world units.
        units: float64 [F], the fitted ones. angles: float64 [7] radians, :data:`ANGLES`.
    """

    rotation: np.ndarray
    translation: np.ndarray
    units: np.ndarray
    angles: np.ndarray

    def moved(self, step: np.ndarray) -> Moment:
        """After ``step`` [6+F+7]: a turn of the world's axes, a shift, units, angles."""
        turn, shift, rest = step[:3], step[3:RIGID], step[RIGID:]
        units, angles = rest[: len(self.units)], rest[len(self.units) :]
        return Moment(
            rotation_matrices(turn) @ self.rotation, self.translation + shift, self.units + units, self.angles + angles
        )
