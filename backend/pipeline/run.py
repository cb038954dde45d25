"""Runs a list of stages: skips what is already on disk, measures, reports, and stops when asked.

What the stages are stands in ``generate.py``; nothing here knows a face from a Gaussian, and nothing imports torch.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import psutil

from ..errors import CameoError
from ..progress import PreviewCloud, Reporter, SilentReporter
from ..stage import Record, Stage, StageContext
from .artifact_store import ArtifactStore, artifact_key, code_version

_MEMORY_SAMPLE_SECONDS = 0.05
_ETA_FROM = 0.03  # a smaller part of the job says nothing about its end


@dataclass(frozen=True)
class JobProgress:
    """How far a job is. Both fractions lie in 0..1; ``eta_seconds`` is None while unknown."""

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
class Pipeline:
    """The stages, and the last step, which writes the result to the path it is given."""

    stages: tuple[Stage, ...]
    finish: Callable[[StageContext, Path], None]
    finish_name: str = "bake"
    finish_share: float = 0.02


@dataclass(frozen=True)
class Part:
    """Which part of a pipeline to run: by default all of it.

    Attributes:
        start: this stage and those after it are made anew, whatever is on disk; empty: what is there is used.
        stop_after: the last stage to run; no result is made. Empty: all.
    """

    start: str = ""
    stop_after: str = ""


def run_pipeline(
    pipeline: Pipeline, image: bytes, work_dir: Path, result: Path, reporter: JobReporter, part: Part | None = None
) -> None:
    """Make ``result`` (replaced atomically by the last step), keeping what every stage made in ``work_dir``.

    Killed at any time and called again with the same arguments, it goes on with the first stage that has no artifact.

    Raises:
        CameoError: a stage failed; ``request.unknown_stage``; JobCancelled when the reporter said so.
        OSError: the disk is full or cannot be written.
    """
    part = part or Part()
    stages, anew = _chosen(pipeline, part)
    store = ArtifactStore(work_dir / "stages")
    clock = _JobClock(reporter, sum(s.share for s in stages) + (0 if part.stop_after else pipeline.finish_share))
    context = StageContext(image, SilentReporter(), work_dir, work_dir)
    key = hashlib.sha256(image).hexdigest()
    for stage in stages:
        key = artifact_key(key, stage.name, stage.config, code_version())
        context.reporter = clock.enter(stage.name, stage.share)
        context.checkpoints = work_dir / "checkpoints" / f"{stage.name}-{key[:24]}"
        context.pictures = work_dir / "pictures" / stage.name
        context.reporter.progress(0.0)
        if stage.name in anew:
            store.path(stage.name, key).unlink(missing_ok=True)
            shutil.rmtree(context.checkpoints, ignore_errors=True)
        _load_or_run(stage, key, store, context, clock)
    if part.stop_after:
        return
    context.reporter = clock.enter(pipeline.finish_name, pipeline.finish_share)
    context.reporter.progress(0.0)
    pipeline.finish(context, result)
    context.reporter.progress(1.0)


def _chosen(pipeline: Pipeline, part: Part) -> tuple[tuple[Stage, ...], frozenset[str]]:
    """The stages to go through, and the names of those that are made anew."""
    names = [stage.name for stage in pipeline.stages]
    for name in (part.start, part.stop_after):
        if name and name not in names:
            raise CameoError(
                "request.unknown_stage",
                f"There is no stage named {name!r}.",
                fix=f"The stages are, in this order: {', '.join(names)}.",
            )
    end = names.index(part.stop_after) + 1 if part.stop_after else len(names)
    begin = names.index(part.start) if part.start else len(names)
    return pipeline.stages[:end], frozenset(names[begin:])


def _load_or_run(stage: Stage, key: str, store: ArtifactStore, context: StageContext, clock: _JobClock) -> None:
    if kept := store.load(stage.name, key, stage.produces):
        context.artifacts[stage.name], record = kept
        clock.skipped(stage.share)
    else:
        with PeakMemory() as memory:
            start = time.monotonic()
            artifact = stage.run(context)
            seconds = time.monotonic() - start
        record: Record = {
            "name": stage.name,
            "seconds": round(seconds, 3),
            "peak_memory_bytes": memory.peak_bytes,
        }
        for code, sentence in getattr(artifact, "warnings", ()):
            clock.reporter.notice(code, sentence)
        store.save(stage.name, key, artifact, record)
        context.artifacts[stage.name] = artifact
    context.records.append(record)
    context.reporter.progress(1.0)


class PeakMemory:
    """Largest resident memory of this process while the block runs, sampled 20 times a second."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak_bytes = self._process.memory_info().rss

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(_MEMORY_SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss)


class _JobClock:
    """Turns fractions of stages into the fraction and the remaining time of the job."""

    def __init__(self, reporter: JobReporter, total_share: float) -> None:
        self.reporter = reporter
        self._total = total_share
        self._begun = 0.0  # shares of the stages before the current one
        self._current = 0.0
        self._skipped = 0.0
        self._start = time.monotonic()

    def enter(self, stage: str, share: float) -> Reporter:
        """The reporter of the next stage."""
        self._begun += self._current
        self._current = share
        return _StageReporter(self, stage)

    def skipped(self, share: float) -> None:
        """This much was found on disk and took no time."""
        self._skipped += share

    def job_progress(self, stage: str, stage_fraction: float, message: str) -> JobProgress:
        inside = min(max(float(stage_fraction), 0.0), 1.0)
        done = self._begun + inside * self._current
        worked = done - min(self._skipped, done)
        eta = None
        if worked > _ETA_FROM * self._total:
            eta = (time.monotonic() - self._start) * (self._total - done) / worked
        return JobProgress(stage, min(done / self._total, 1.0), inside, eta, message)


class _StageReporter:
    def __init__(self, clock: _JobClock, stage: str) -> None:
        self._clock = clock
        self._stage = stage

    def progress(self, fraction: float, message: str = "") -> None:
        self._clock.reporter.progress(self._clock.job_progress(self._stage, fraction, message))

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        self._clock.reporter.preview(image, cloud)
