"""Steadies a tracked sequence without lag: what each picture says, weighed against sudden changes of motion.

Every picture's fit is a parabola round its best value (the second derivative of its energy). The sequence with the
least sum of parabolas and squared accelerations is the solution of one banded linear system: what landmarks see well
stays where it is, what they hardly see follows its neighbours, and since past and future count alike nothing is late.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation

from ..config import TrackingConfig
from .fit_state import ANGLES, RIGID, Moment
from .lbs import rotation_matrices
from .rotations import turn_per_axis_angle

RATE = 24.0
"""Pictures per second for which the configured costs hold."""


def steady(
    moments: Sequence[Moment], seconds: Sequence[np.ndarray], rate: float, config: TrackingConfig
) -> tuple[Moment, ...]:
    """The moments of consecutive pictures, steadied.

    Args:
        moments: T fits, each at its own best. rate: pictures per second.
        seconds: for each the half second derivative [6+F+7,6+F+7] of its energy (``FitProblem.normal``).
    """
    if len(moments) < 3:
        return tuple(moments)
    middle = Rotation.from_matrix(np.stack([m.rotation for m in moments])).mean().as_matrix()
    values = np.stack([_vector(moment, middle) for moment in moments])
    hessians = np.stack([_by_vector(H, value) for H, value in zip(seconds, values)])
    found = _least_acceleration(values, hessians, _acceleration_costs(values.shape[1], rate, config))
    return tuple(_moment(value, middle, len(moments[0].units)) for value in found)


def _least_acceleration(values: np.ndarray, hessians: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Minimise ``sum (x-v)' H (x-v) + sum costs * (x[t-1] - 2 x[t] + x[t+1])**2``; [T,D], [T,D,D], [D] to [T,D]."""
    count, width = values.shape
    bands = np.zeros((2 * width + 1, count * width))  # upper form: row 2D-k holds the k-th superdiagonal
    for above in range(width):
        diagonal = np.zeros((count, width))
        diagonal[:, above:] = np.diagonal(hessians, above, 1, 2)
        bands[2 * width - above] = diagonal.ravel()
    turn = np.zeros((3, count))  # of D'D with D the second difference: its diagonals
    for coefficients, first in ((np.array([1.0, -2.0, 1.0]), t) for t in range(count - 2)):
        for shift in range(3):
            turn[shift, first + shift : first + 3] += coefficients[shift:] * coefficients[: 3 - shift]
    for shift in range(3):
        bands[(2 - shift) * width] += np.outer(turn[shift], costs).ravel()
    right = np.einsum("tab,tb->ta", hessians, values).ravel()
    return solveh_banded(bands, right).reshape(count, width)


def _acceleration_costs(width: int, rate: float, config: TrackingConfig) -> np.ndarray:
    """[D] for differences from picture to picture: per second the cost is the same at every rate."""
    costs = np.full(width, config.unit_acceleration)
    costs[:3], costs[3:RIGID] = config.turn_acceleration, config.shift_acceleration
    costs[-len(ANGLES) :] = config.angle_acceleration
    return costs * (rate / RATE) ** 3


def _vector(moment: Moment, middle: np.ndarray) -> np.ndarray:
    turn = Rotation.from_matrix(moment.rotation @ middle.T).as_rotvec()
    return np.concatenate([turn, moment.translation, moment.units, moment.angles])


def _moment(value: np.ndarray, middle: np.ndarray, units: int) -> Moment:
    inner = value[RIGID:]
    rotation = rotation_matrices(value[:3]) @ middle
    return Moment(rotation, value[3:RIGID], inner[:units], inner[units:])


def _by_vector(second: np.ndarray, value: np.ndarray) -> np.ndarray:
    """From derivatives by a turn of the world's axes to derivatives by the axis-angle vector."""
    change = np.eye(len(value))
    change[:3, :3] = turn_per_axis_angle(value[:3])
    # unknowns that nothing sees (a jaw behind a hand) still need a value: a little inertia
    return change.T @ second @ change + 1e-6 * np.eye(len(value))
