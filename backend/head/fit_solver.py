"""Damped Gauss-Newton over one person and many moments; the moments are eliminated one by one (Schur complement).

Everything but cameras and joint angles is linear, so some twenty steps with exact derivatives replace the usual
hundreds of gradient steps, and the result is the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..config import FitConfig
from .fit_moment import MomentTerm
from .fit_priors import Expectation
from .fit_sight import SightTerm
from .fit_state import RIGID, Moment, Person

Place = Literal["own", "shared", "known"]


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
        place: of the head in the world: each moment's "own", "shared" by all (they start with the same), or "known".
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
        place: Place = "own",
    ) -> None:
        self.betas, self.expectations, self.config, self.place = betas, expectations, config, place
        self.terms = [MomentTerm(of_moment) for of_moment in terms]
        # pictures repeat the embedding's own errors, so evidence grows slower than their number
        sights = sum(len(of_moment) for of_moment in terms)
        identity = np.full(betas, config.identity_weight * np.sqrt(sights))
        self.person_weights = np.concatenate([identity, [0.0, config.focal_weight * np.sqrt(sights)]])
        self.free = np.concatenate([np.ones(betas, bool), [scale_free, focal_free]])

    def solve(self, start: Solution, *, settled: bool = False) -> Solution:
        """First the camera and the head's place, then everything, ever stricter with landmarks that stand apart.

        A ``settled`` start is only refined.
        """
        config = self.config
        found = start
        if settled:
            return self._descend(found, config.steps, config.last_doubt, rigid_only=False)
        if self.place != "known":
            found = self._descend(found, config.pose_steps, config.first_doubt, rigid_only=True)
        for doubt in (config.first_doubt, config.last_doubt):
            found = self._descend(found, config.steps, doubt, rigid_only=False)
        return found

    def energy(self, person: Person, moments: Sequence[Moment], doubt: float) -> float:
        """What is minimised: robust landmark distances and the priors."""
        total = float(self.person_weights @ self._vector(person) ** 2)
        for moment, terms, prior in zip(moments, self.terms, self.expectations):
            total += prior.evaluate(moment)[0]
            total += terms.energy(person, moment, doubt)
        return total

    def errors(self, found: Solution) -> list[list[np.ndarray]]:
        """For each moment and sight the landmark errors [K,2] in per cent."""
        return [
            [term.error(found.person, moment) for term in terms.terms]
            for moment, terms in zip(found.moments, self.terms)
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
            by_all, second_of_all = terms.normal(person, moment, doubt)
            shared, of_moment = slice(0, len(gradient)), slice(len(gradient), None)
            gradient, second = gradient + by_all[shared], second + second_of_all[shared, shared]
            own.append(
                (g + by_all[of_moment], H + second_of_all[of_moment, of_moment], second_of_all[of_moment, shared])
            )
        return _Normal((gradient, second), own)

    def _step(self, normal: _Normal, damping: float, *, rigid_only: bool) -> tuple[np.ndarray, list[np.ndarray]]:
        """The damped step of the person and of each moment."""
        free = self.free & (not rigid_only)
        if self.place == "shared":
            normal, free = _with_shared_place(normal), np.concatenate([free, np.ones(RIGID, bool)])
        elif self.place == "known":
            normal = _without_place(normal)
        gradient, second = normal.person
        used = slice(None)
        if rigid_only:
            used = slice(0, RIGID if self.place == "own" else 0)
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
        of_person, of_place = step[: len(self.free)], step[len(self.free) :]
        if self.place != "own":
            of_place = of_place if self.place == "shared" else np.zeros(RIGID)
            own = [np.concatenate([of_place, moved]) for moved in own]
        return of_person, own


def _with_shared_place(normal: _Normal) -> _Normal:
    """The place's six unknowns behind the person's, no longer among the moments'."""
    gradient, second = normal.person
    place = slice(0, RIGID)
    across = np.sum([a[place] for _, _, a in normal.moments], axis=0)
    own = np.sum([H[place, place] for _, H, _ in normal.moments], axis=0)
    whole = np.block([[second, across.T], [across, own]])
    pull = np.concatenate([gradient, np.sum([g[place] for g, _, _ in normal.moments], axis=0)])
    rest = [(g[RIGID:], H[RIGID:, RIGID:], np.c_[a[RIGID:], H[RIGID:, place]]) for g, H, a in normal.moments]
    return _Normal((pull, whole), rest)


def _without_place(normal: _Normal) -> _Normal:
    """The moments' places kept as they are."""
    return _Normal(normal.person, [(g[RIGID:], H[RIGID:, RIGID:], a[RIGID:]) for g, H, a in normal.moments])


def _damped(second: np.ndarray, damping: float) -> np.ndarray:
    return second + damping * np.diag(np.diag(second) + 1e-6)
