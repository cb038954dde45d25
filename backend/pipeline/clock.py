"""From fractions of stages to the fraction of the job and, where there is ground for it, the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..progress import PreviewCloud, Reporter

_GROUND = 0.1  # of a stage: a smaller part says nothing about its end
_SETTLED = 0.5  # of a stage: from there on its own pace counts alone
_JUMP = 0.15  # of a stage at once: a checkpoint was taken up, or a step ended; the pace is measured anew from there
_SMALL = 0.05  # of a job: so short a stage may be judged by its share


@dataclass(frozen=True)
class JobProgress:
    """How far a job is. Both fractions lie in 0..1; ``eta_seconds`` is None while nothing tells."""

    stage: str
    fraction: float
    stage_fraction: float
    eta_seconds: float | None
    message: str


class JobReporter(Protocol):
    """Where a whole job reports to: the worker's pipe or a terminal."""

    def progress(self, progress: JobProgress) -> None:
        """Raises :class:`~..errors.JobCancelled` when the artist cancelled."""
        ...

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        """A picture, uint8 [H,W,3] sRGB, and perhaps the head in space."""
        ...

    def notice(self, code: str, sentence: str) -> None:
        """A warning that does not stop the job."""
        ...


@dataclass(frozen=True)
class Lap:
    """A stage on the clock: its share of the job's time, about, and the seconds it took before; None: unknown."""

    name: str
    share: float
    seconds: float | None


class JobClock:
    """Told stage after stage what happens, it tells the reporter of the job."""

    def __init__(self, reporter: JobReporter, laps: Sequence[Lap], now: Callable[[], float] = time.monotonic) -> None:
        self.reporter = reporter
        self._now = now
        self._total = sum(lap.share for lap in laps)
        self._laps = list(laps)  # the present one and those to come
        self._begun = 0.0  # shares of the stages before
        known = [lap for lap in laps if lap.seconds is not None]
        self._per_share = sum(lap.seconds or 0.0 for lap in known) / sum(lap.share for lap in known) if known else None
        self._mark = self._last = (0.0, 0.0)  # when the stage was how far: where its pace is measured from; at last

    def enter(self, stage: str) -> Reporter:
        """The reporter of the next stage."""
        while self._laps[0].name != stage:
            self._begun += self._laps.pop(0).share
        self._mark = self._last = self._now(), 0.0
        return _StageReporter(self, stage)

    def job_progress(self, stage: str, stage_fraction: float, message: str) -> JobProgress:
        inside = min(max(float(stage_fraction), 0.0), 1.0)
        done = self._begun + inside * self._laps[0].share
        return JobProgress(stage, min(done / self._total, 1.0), inside, self._left(inside), message)

    def _left(self, inside: float) -> float | None:
        """Seconds to the end of the job; None unless every stage that counts ran before or shows its pace."""
        lap, *later = self._laps
        left = self._left_of_stage(lap, inside)
        if left is None and self._is_small(lap) and self._per_share is not None:
            left = (1 - inside) * lap.share * self._per_share
        if left is None:
            return None
        if not self._is_small(lap) and inside < 1:
            self._per_share = (lap.seconds or left / max(1 - inside, _GROUND)) / lap.share
        for other in later:
            if other.seconds is not None:
                left += other.seconds
            elif self._is_small(other) and self._per_share is not None:
                left += other.share * self._per_share
            else:
                return None
        return left

    def _is_small(self, lap: Lap) -> bool:
        return lap.share <= _SMALL * self._total

    def _left_of_stage(self, lap: Lap, inside: float) -> float | None:
        now = self._now()
        if inside - self._last[1] > _JUMP:
            self._mark = now, inside
        self._last = now, inside
        if inside == 1:
            return 0.0
        moved = inside - self._mark[1]
        before = None if lap.seconds is None else lap.seconds * (1 - inside)
        if moved < _GROUND:
            return before
        paced = (now - self._mark[0]) * (1 - inside) / moved
        if before is None:
            return paced
        trust = min(moved / _SETTLED, 1.0)
        return trust * paced + (1 - trust) * before


class _StageReporter:
    def __init__(self, clock: JobClock, stage: str) -> None:
        self._clock = clock
        self._stage = stage

    def progress(self, fraction: float, message: str = "") -> None:
        self._clock.reporter.progress(self._clock.job_progress(self._stage, fraction, message))

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        self._clock.reporter.preview(image, cloud)
