"""What all pictures of one moment say together.

Pictures that show the same landmarks share the costly part, how the landmarks move with the unknowns. What V pictures
say of a landmark is condensed to a 3x3 matrix and a pull on its place in the world, so twelve views cost little more
than one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .fit_sight import SightTerm, landmark_energy, landmark_trust
from .fit_state import ANGLES, RIGID, Moment, Person, pose_of
from .landmark_rig import LandmarkRig
from .rotations import cross_matrices


class MomentTerm:
    """The landmark energy of one moment, as a function of the person's S and the moment's D unknowns."""

    def __init__(self, terms: Sequence[SightTerm]) -> None:
        self.terms = tuple(terms)
        shared: dict[int, list[SightTerm]] = {}
        for term in self.terms:
            shared.setdefault(id(term.rig), []).append(term)
        self._groups = tuple(shared.values())

    def energy(self, person: Person, moment: Moment, doubt: float) -> float:
        """Robust landmark distances."""
        total = 0.0
        for group in self._groups:
            rig = group[0].rig
            points = rig.positions(person.betas[: rig.betas], moment.units, pose_of(moment.angles))
            total += sum(landmark_energy(t.error_of(points, person, moment), t.weights, doubt) for t in group)
        return total

    def normal(self, person: Person, moment: Moment, doubt: float) -> tuple[np.ndarray, np.ndarray]:
        """Half the gradient [S+D] and half the second derivative [S+D,S+D] of the reweighted squares."""
        parts = [_normal(group[0].rig, group, person, moment, doubt) for group in self._groups]
        return sum(g for g, _ in parts), sum(H for _, H in parts)  # pyright: ignore[reportReturnType]


def _normal(
    rig: LandmarkRig, terms: Sequence[SightTerm], person: Person, moment: Moment, doubt: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same of pictures that share a rig."""
    points, slope = rig.jacobian(person.betas[: rig.betas], moment.units, pose_of(moment.angles), ANGLES)
    stiff, pull, mixed = np.zeros((len(points), 3, 3)), np.zeros((len(points), 3)), np.zeros((len(points), 3))
    focal_gradient = focal_second = 0.0
    for term in terms:
        error, of_world, by_focal = term.slopes(points, person, moment)
        trust = (term.weights * landmark_trust(error, doubt))[:, None]
        weighted = np.swapaxes(trust[..., None] * of_world, 1, 2)
        stiff += weighted @ of_world
        pull += (weighted @ error[..., None])[..., 0]
        mixed += (weighted @ by_focal[..., None])[..., 0]
        focal_gradient += float((trust * by_focal * error).sum())
        focal_second += float((trust * by_focal**2).sum())
    in_world = _world_slopes(points, slope, rig.betas, person, moment)
    rows = in_world.reshape(3 * len(points), -1)
    gradient, second = rows.T @ pull.ravel(), rows.T @ (stiff @ in_world).reshape(rows.shape)
    focal, across = rig.betas + 1, rows.T @ mixed.ravel()
    gradient[focal] += focal_gradient
    second[focal] += across
    second[:, focal] += across
    second[focal, focal] += focal_second
    return gradient, second


def _world_slopes(points: np.ndarray, slope: np.ndarray, betas: int, person: Person, moment: Moment) -> np.ndarray:
    """Derivative [K,3,S+D] of places in the world; ``points`` [K,3] and ``slope`` [K,3,B+F+7] as the rig has them."""
    turned = np.exp(person.log_scale) * moment.rotation
    arm = points @ turned.T
    of_rig = turned @ slope
    found = np.zeros((len(points), 3, betas + 2 + RIGID + slope.shape[2] - betas))
    found[..., :betas] = of_rig[..., :betas]
    found[..., betas] = arm
    place = betas + 2
    found[..., place : place + 3] = -cross_matrices(arm)
    found[..., place + 3 : place + RIGID] = np.eye(3)
    found[..., place + RIGID :] = of_rig[..., betas:]
    return found
