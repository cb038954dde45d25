"""Damped Gauss-Newton over one person and many moments; the moments are eliminated one by one (Schur complement).

Everything but cameras and joint angles is linear, so some twenty steps with exact derivatives replace the usual
hundreds of gradient steps, and the result is the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..config import FitConfig
from .fit_priors import Expectation
from .fit_sight import SightTerm, landmark_energy, landmark_trust
from .fit_state import RIGID, Moment, Person


@dataclass(frozen=True)
class Solution:
    """A person and its moments, with what the fit thinks of them."""

    person: Person
    moments: tuple[Moment, ...]
    energy: float


@dataclass(frozen=True)
class _Normal:
    """Half gradient and half second derivative: of the person, of each moment, and across."""

    person: tuple[np.ndarray, np.ndarray]
    moments: list[tuple[np.ndarray, np.ndarray, np.ndarray]]  # gradient [D], second [D,D], across [D,S]


class FitProblem:
    """The energy of a person and moments, and its minimiser.

    Args:
        betas: number of identity coefficients to fit; 0 keeps the identity as it is.
        terms: for each moment, its sights.
        expectations: for each moment.
        scale_free, focal_free: whether the world's scale, and the focal length, are unknown.
    """

    def __init__(
        self,
        betas: int,
        terms: Sequence[Sequence[SightTerm]],
        expectations: Sequence[Expectation],
        config: FitConfig,
        *,
        scale_free: bool = False,
        focal_free: bool = False,
    ) -> None:
        self.betas, self.terms, self.expectations, self.config = betas, terms, expectations, config
        # pictures repeat the embedding's own errors, so evidence grows slower than their number
        sights = sum(len(of_moment) for of_moment in terms)
        identity = np.full(betas, config.identity_weight * np.sqrt(sights))
        self.person_weights = np.concatenate([identity, [0.0, config.focal_weight * np.sqrt(sights)]])
        self.free = np.concatenate([np.ones(betas, bool), [scale_free, focal_free]])

    def solve(self, start: Solution) -> Solution:
        """First the camera and the head's place, then everything, ever stricter with landmarks that stand apart."""
        config = self.config
        found = self._descend(start, config.pose_steps, config.first_doubt, rigid_only=True)
        for doubt in (config.first_doubt, config.last_doubt):
            found = self._descend(found, config.steps, doubt, rigid_only=False)
        return found

    def energy(self, person: Person, moments: Sequence[Moment], doubt: float) -> float:
        """What is minimised: robust landmark distances and the priors."""
        total = float(self.person_weights @ self._vector(person) ** 2)
        for moment, terms, prior in zip(moments, self.terms, self.expectations):
            total += prior.evaluate(moment)[0]
            total += sum(landmark_energy(t.error(person, moment), t.weights, doubt) for t in terms)
        return total

    def errors(self, found: Solution) -> list[list[np.ndarray]]:
        """For each moment and sight the landmark errors [K,2] in per cent."""
        return [
            [term.error(found.person, moment) for term in terms] for moment, terms in zip(found.moments, self.terms)
        ]

    def _vector(self, person: Person) -> np.ndarray:
        return np.concatenate([person.betas[: self.betas], [person.log_scale, person.log_focal]])

    def _descend(self, start: Solution, steps: int, doubt: float, *, rigid_only: bool) -> Solution:
        """Levenberg-Marquardt on the reweighted squares."""
        person, moments, damping = start.person, list(start.moments), 1e-3
        energy = self.energy(person, moments, doubt)
        normal = self.normal(person, moments, doubt)
        for _ in range(steps):
            step, own = self._step(normal, damping, rigid_only=rigid_only)
            trial_person = person.moved(step)
            trial = [moment.moved(d) for moment, d in zip(moments, own)]
            trial_energy = self.energy(trial_person, trial, doubt)
            if trial_energy >= energy:
                damping *= 10
                continue
            converged = energy - trial_energy < self.config.converged * energy
            person, moments, energy, damping = trial_person, trial, trial_energy, max(damping / 5, 1e-7)
            if converged:
                break
            normal = self.normal(person, moments, doubt)
        return Solution(person, tuple(moments), energy)

    def normal(self, person: Person, moments: Sequence[Moment], doubt: float) -> _Normal:
        """The normal equations at a place."""
        gradient = self.person_weights * self._vector(person)
        second = np.diag(self.person_weights)
        own = []
        for moment, terms, prior in zip(moments, self.terms, self.expectations):
            _, g, H = prior.evaluate(moment)
            across = np.zeros((len(g), len(gradient)))
            for term in terms:
                error, by_person, by_moment = term.linearise(person, moment)
                trust = np.repeat(term.weights * landmark_trust(error, doubt), 2)
                P, M = by_person.reshape(len(trust), -1), by_moment.reshape(len(trust), -1)
                weighted = M * trust[:, None]
                g, H = g + weighted.T @ error.ravel(), H + weighted.T @ M
                across = across + weighted.T @ P
                gradient = gradient + P.T @ (trust * error.ravel())
                second = second + P.T @ (P * trust[:, None])
            own.append((g, H, across))
        return _Normal((gradient, second), own)

    def _step(self, normal: _Normal, damping: float, *, rigid_only: bool) -> tuple[np.ndarray, list[np.ndarray]]:
        """The damped step of the person and of each moment."""
        gradient, second = normal.person
        free = self.free & (not rigid_only)
        used = slice(0, RIGID) if rigid_only else slice(None)
        reduced, right = _damped(second, damping)[np.ix_(free, free)], gradient[free]
        inner = []
        for g, H, across in normal.moments:
            solved = np.linalg.solve(_damped(H[used, used], damping), np.c_[g[used], across[used][:, free]])
            inner.append(solved)
            reduced = reduced - across[used][:, free].T @ solved[:, 1:]
            right = right - across[used][:, free].T @ solved[:, 0]
        step = np.zeros(len(gradient))
        step[free] = -np.linalg.solve(reduced, right)
        own = []
        for (g, _, _), solved in zip(normal.moments, inner):
            moved = np.zeros(len(g))
            moved[used] = -solved[:, 0] - solved[:, 1:] @ step[free]
            own.append(moved)
        return step, own


def _damped(second: np.ndarray, damping: float) -> np.ndarray:
    return second + damping * np.diag(np.diag(second) + 1e-6)
