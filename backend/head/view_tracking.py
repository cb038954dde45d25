"""A moving face seen by many calibrated cameras at once: the paper's tracking (section 6.3) without gradient descent.

Some moments tell the identity, the world's scale and the head's place together. Then each moment finds its expression,
jaw and gaze in a few steps, starting where its neighbour ended. Views that contradict the others are left out, and the
sequence is steadied without lag.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..config import TrackingConfig
from .fit_priors import fitted_units
from .fit_sight import Sight
from .fit_start import require_face, seen
from .fit_state import RIGID, Moment
from .landmark_fit import LandmarkFit, SightFitter, landmark_weights
from .landmark_rig import LandmarkRig
from .model import HeadModel
from .smoothing import steady
from .tracking import Seen, SequenceFit, sequence_of, without_gaps

LEAST_ERROR = 1.0  # per cent of the distance between the eyes: no landmarker is expected to do better


def track_views(
    sights: Sequence[Sight],
    rate: float,
    model: HeadModel,
    config: TrackingConfig | None = None,
    *,
    still: bool = True,
    clips: np.ndarray | None = None,
    report: Callable[[float], None] = lambda _: None,
) -> SequenceFit:
    """Track a face that calibrated cameras saw; the unit of their world is found.

    Args:
        sights: of the moments from 0 on, in any order; outlines count where key moments have them, even those of views
            from behind, which show no landmark.
        rate: moments per second.
        still: whether the head keeps its place, as it does where only the expression was driven.
        clips: int [T], the clip of every moment, where they are several: no motion runs over the border of a clip.
        report: told the part that is done, 0..1.

    Raises:
        StageError: ``fit.failed`` when landmarks do not look like a face.
    """
    config = config or TrackingConfig()
    order = _by_moment(sights)
    clips = np.zeros(len(order), int) if clips is None else clips
    shown = [moment for moment, indices in enumerate(order) if indices]
    keys = [shown[at] for at in np.unique(np.linspace(0, len(shown) - 1, config.key_moments).astype(int)) if shown]
    outlined = _faceless_outlines(sights)
    first, usual = _fit_keys(
        [[sights[i] for i in order[key]] + outlined.get(key, []) for key in keys], model, config, still
    )
    tracker = _Tracker(first, usual, model, config, still)
    left_out = np.ones(len(sights), bool)
    found: list[Seen | None] = []
    for moment, indices in enumerate(order):
        if moment and clips[moment] != clips[moment - 1]:
            tracker.restart()
        one, agree = tracker([sights[i] for i in indices])
        left_out[indices] = ~agree
        found.append(one)
        report((moment + 1) / len(order))
    require_face(any(found))
    moments, seconds, errors = without_gaps(found, clips)
    moments = _steady_clips(moments, seconds, clips, rate, config)
    return sequence_of(first.person, moments, [sight.camera for sight in sights], errors, model, left_out)


def _steady_clips(
    moments: Sequence[Moment], seconds: Sequence[np.ndarray], clips: np.ndarray, rate: float, config: TrackingConfig
) -> list[Moment]:
    """Every clip's moments steadied by themselves; the moments of a clip follow each other."""
    borders = np.flatnonzero(np.diff(clips)) + 1
    ends = pairwise([0, *borders, len(moments)])
    return [one for a, b in ends for one in steady(moments[a:b], seconds[a:b], rate, config)]


class _Tracker:
    """Fits one moment after the other, of a known person; each starts where the last one ended."""

    def __init__(self, first: LandmarkFit, usual: float, model: HeadModel, config: TrackingConfig, still: bool) -> None:
        person = first.person
        rig = LandmarkRig(model, len(person.betas), units=fitted_units(model)).of_person(person.betas)
        weights = landmark_weights(model, model.landmarks478, config.fit)
        self._fitter = SightFitter(rig, weights, model, config.fit, calibrated=True, still=still)
        self._person, self._start, self._still = person, first.moments[0], still
        self._near = self._start
        self._most = config.contradiction * usual

    def restart(self) -> None:
        """The next moment does not follow the last one."""
        self._near = self._start

    def __call__(self, sights: Sequence[Sight]) -> tuple[Seen | None, np.ndarray]:
        """The fit of one moment's ``sights``, None without any that agree, and which do, bool [n]."""
        sights = [replace(sight, moment=0, outline=None, surface=None) for sight in sights]
        if not sights:
            return None, np.zeros(0, bool)
        fit = self._fitter.fit(sights, self._person, [self._near])
        level = _levels(sights, fit)
        agree = level <= self._most
        if not agree.any():
            return None, agree
        if not agree.all():
            sights = [sight for sight, good in zip(sights, agree) if good]
            fit = self._fitter.fit(sights, self._person, [self._near])
            level = _levels(sights, fit)
        self._near = fit.moments[0]
        second = self._fitter.second_derivative(sights, fit)
        if self._still:
            second[:RIGID] = second[:, :RIGID] = 0
        return (fit.moments[0], second, float(level.mean())), agree


def _fit_keys(
    keys: Sequence[Sequence[Sight]], model: HeadModel, config: TrackingConfig, still: bool
) -> tuple[LandmarkFit, float]:
    """The person from key moments without the views that contradict, and the usual error of a view, per cent.

    Who contradicts is seen with landmarks alone; then outlines help.
    """
    rig = LandmarkRig(model, min(config.fit.betas, model.shapedirs.shape[2]), units=fitted_units(model))
    weights = landmark_weights(model, model.landmarks478, config.fit)
    fitter = SightFitter(rig, weights, model, config.fit, calibrated=True, still=still)
    seen_edge = set(np.linspace(0, len(keys) - 1, config.outline_moments).astype(int))
    numbered = [replace(sight, moment=at) for at, sights in enumerate(keys) for sight in sights]
    bare = [replace(sight, outline=None, surface=None) for sight in numbered]
    first = fitter.fit(bare)
    level = _levels(bare, first)
    usual = max(float(np.nanmedian(level)), LEAST_ERROR)
    good = [sight for sight, one in zip(numbered, level) if not one > config.contradiction * usual]
    good = [sight if sight.moment in seen_edge else replace(sight, outline=None) for sight in good]
    there = sorted({sight.moment for sight in good})
    good = [replace(sight, moment=there.index(sight.moment)) for sight in good]
    return fitter.fit(good, first.person, [first.moments[moment] for moment in there]), usual


def _faceless_outlines(sights: Sequence[Sight]) -> dict[int, list[Sight]]:
    """By moment the sights that show an outline and no face."""
    found: dict[int, list[Sight]] = {}
    for sight in sights:
        if sight.outline is not None and not seen(np.asarray(sight.points)).any():
            found.setdefault(sight.moment, []).append(sight)
    return found


def _by_moment(sights: Sequence[Sight]) -> list[list[int]]:
    """Indices of the sights of each moment that show a face."""
    order: list[list[int]] = [[] for _ in range(1 + max(sight.moment for sight in sights))]
    for index, sight in enumerate(sights):
        if seen(np.asarray(sight.points)).any():
            order[sight.moment].append(index)
    return order


def _levels(sights: Sequence[Sight], fit: LandmarkFit) -> np.ndarray:
    """[n], the median error of every sight's landmarks, per cent of the distance between the eyes; NaN without any."""
    found = [seen(np.asarray(sight.points)) for sight in sights]
    return np.array([np.median(error[at]) if at.any() else np.nan for at, error in zip(found, fit.errors)])
