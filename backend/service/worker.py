"""The worker process: takes jobs from its stdin, runs the pipeline, reports on its stdout. Torch lives here alone.

It ends when its stdin closes: that is how it learns that the server has died.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...protocol import limits
from ...protocol.errors import ProtocolError
from ...protocol.jobs import JobState
from ...protocol.messages import (
    Cancel,
    GenerateAvatar,
    Message,
    Notice,
    Pong,
    Preview,
    Progress,
    Result,
    StateChanged,
    Submit,
)
from ..errors import CameoError, JobCancelled
from ..pipeline.clock import JobProgress, JobReporter
from ..pipeline.threads import calm_threads
from ..pipeline.timings import FILE_NAME, StageTimings
from ..progress import PreviewCloud
from .failures import failure_of
from .pipe import own_streams, read_message, write_message
from .store import JobStore

_HEARTBEAT_SECONDS = 1.0
_MESSAGE_CHARS = 200
_PREVIEW_SIDE = 512
_log = logging.getLogger(__name__)

Generate = Callable[[GenerateAvatar, Path, Path, JobReporter], None]
"""(request, work_dir, result, reporter): makes the file ``result``; ``pipeline.generate.generate_avatar``."""


class Worker:
    """Runs one job after the other in the main thread; two more threads listen to the server and say "still here"."""

    def __init__(self, home: Path, generate: Generate, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self._store = JobStore(home)
        self._generate = generate
        self._stdin = stdin
        self._stdout = stdout
        self._sending = threading.Lock()
        self._jobs: queue.SimpleQueue[Submit] = queue.SimpleQueue()
        self.cancelled: set[str] = set()

    def run(self) -> None:
        """Never returns; the process ends from the listening thread."""
        for target in (self._listen, self._beat):
            threading.Thread(target=target, daemon=True).start()
        while True:
            self._work(self._jobs.get())

    def send(self, message: Message) -> None:
        """To the server; ends the process if there is none any more."""
        try:
            with self._sending:
                write_message(self._stdout, message)
        except OSError:
            os._exit(1)

    def _listen(self) -> None:
        try:
            while (message := read_message(self._stdin)) is not None:
                if isinstance(message, Submit):
                    self.cancelled.discard(message.job)  # it was paused here before
                    self._jobs.put(message)
                elif isinstance(message, Cancel):
                    self.cancelled.add(message.job)
        except ProtocolError as error:
            _log.error("the server's stream is garbled: %s", error)
        os._exit(0)  # at once, whatever the main thread computes: artifacts are atomic

    def _beat(self) -> None:
        while True:
            time.sleep(_HEARTBEAT_SECONDS)
            self.send(Pong())

    def _work(self, submit: Submit) -> None:
        job = submit.job
        made = self._store.folder(job) / f"made-{os.getpid()}.cameo"
        reporter = PipeReporter(self, job)
        try:
            self._generate(submit.request, self._store.folder(job), made, reporter)
            with open(made, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            self.send(Result(job, 0, made.stat().st_size, digest))
        except JobCancelled:
            self.send(StateChanged(job, 0, JobState.CANCELLED))
        except CameoError as error:
            _log.warning("job %s: %s", job, error)
            self.send(failure_of(error, job))
        except Exception as error:  # noqa: BLE001 - the worker's border: whatever a job does, the next one runs
            _log.exception("job %s", job)
            self.send(failure_of(error, job))


class PipeReporter:
    """Tells the server how a job goes, no more often than it is of use; raises JobCancelled when it was cancelled."""

    def __init__(self, worker: Worker, job: str) -> None:
        self._worker = worker
        self._job = job
        self._stage = ""
        self._progress_at = 0.0
        self._preview_at = 0.0

    def progress(self, progress: JobProgress) -> None:
        if self._job in self._worker.cancelled:
            raise JobCancelled
        now = time.monotonic()
        if progress.stage == self._stage and now - self._progress_at < limits.PROGRESS_SECONDS:
            return
        self._stage, self._progress_at = progress.stage, now
        message = progress.message[:_MESSAGE_CHARS]
        self._worker.send(
            Progress(
                self._job, 0, progress.stage, progress.fraction, progress.stage_fraction, progress.eta_seconds, message
            )
        )

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        now = time.monotonic()
        if now - self._preview_at >= limits.PREVIEW_SECONDS:
            self._preview_at = now
            step = -(-max(image.shape[:2]) // _PREVIEW_SIDE)  # every n-th pixel: it is for a glance
            splats = (cloud.means, cloud.radii, cloud.colors) if cloud else ()
            self._worker.send(Preview(self._job, np.ascontiguousarray(image[::step, ::step]), *splats))

    def notice(self, code: str, sentence: str) -> None:
        self._worker.send(Notice(self._job, 0, code, sentence))


def run_worker(home: Path, generate: Generate) -> None:
    """Speak on stdin and stdout."""
    Worker(home, generate, *own_streams()).run()


def main() -> None:
    """``python -m cameo.backend.service.worker --home FOLDER``, as the supervisor starts it."""
    calm_threads()
    from ..pipeline.generate import generate_avatar  # seconds of imports: not for those who import this module

    home = Path(sys.argv[sys.argv.index("--home") + 1])
    run_worker(home, partial(generate_avatar, timings=StageTimings(home / FILE_NAME)))


if __name__ == "__main__":
    main()
