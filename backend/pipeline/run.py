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

import psutil

from ..errors import CameoError
from ..progress import SilentReporter
from ..stage import Record, Stage, StageContext
from .artifact_store import ArtifactStore, artifact_key, code_version
from .clock import JobClock, JobReporter, Lap
from .timings import StageTimings

_MEMORY_SAMPLE_SECONDS = 0.05


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
    pipeline: Pipeline,
    image: bytes,
    work_dir: Path,
    result: Path,
    reporter: JobReporter,
    part: Part | None = None,
    timings: StageTimings | None = None,
) -> None:
    """Make ``result`` (replaced atomically by the last step), keeping what every stage made in ``work_dir``.

    Killed at any time and called again with the same arguments, it goes on with the first stage that has no artifact.

    Raises:
        CameoError: a stage failed; ``request.unknown_stage``; JobCancelled when the reporter said so.
        OSError: the disk is full or cannot be written.
    """
    part, timings = part or Part(), timings or StageTimings()
    stages, anew = _chosen(pipeline, part)
    store = ArtifactStore(work_dir / "stages")
    laps = [Lap(stage.name, stage.share, timings.seconds(stage)) for stage in stages]
    finish = [] if part.stop_after else [Lap(pipeline.finish_name, pipeline.finish_share, None)]
    clock = JobClock(reporter, [*laps, *finish])
    context = StageContext(image, SilentReporter(), work_dir, work_dir)
    key = hashlib.sha256(image).hexdigest()
    for stage in stages:
        key = artifact_key(key, stage.name, stage.config, code_version())
        context.reporter = clock.enter(stage.name)
        context.checkpoints = work_dir / "checkpoints" / f"{stage.name}-{key[:24]}"
        context.pictures = work_dir / "pictures" / stage.name
        context.reporter.progress(0.0)
        if stage.name in anew:
            store.path(stage.name, key).unlink(missing_ok=True)
            shutil.rmtree(context.checkpoints, ignore_errors=True)
        _load_or_run(stage, key, store, context, clock.reporter, timings)
    if part.stop_after:
        return
    context.reporter = clock.enter(pipeline.finish_name)
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


def _load_or_run(
    stage: Stage, key: str, store: ArtifactStore, context: StageContext, reporter: JobReporter, timings: StageTimings
) -> None:
    if kept := store.load(stage.name, key, stage.produces):
        context.artifacts[stage.name], record = kept
    else:
        resumed = context.checkpoints.exists()
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
            reporter.notice(code, sentence)
        store.save(stage.name, key, artifact, record)
        if not resumed:
            timings.note(stage, seconds)
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
