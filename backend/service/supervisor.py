"""Which job runs, and what becomes of it: one worker process, restarted when it dies, stopped when it hangs.

Called from the server's main thread; :meth:`Supervisor.cancel` from any. The journal is always written first.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...protocol.errors import CameoError
from ...protocol.jobs import FINAL, JobState
from ...protocol.messages import Cancel, Failure, Message, Notice, Preview, Progress, Result, StateChanged
from ..config import ServiceConfig
from .failures import failure_of, worker_died
from .journal import Journal
from .store import JobStore
from .worker_process import WorkerProcess


@dataclass(frozen=True)
class WorkerEvent:
    """Something a worker said; ``message`` None: it has ended."""

    worker: WorkerProcess
    message: Message | None


class Supervisor:
    """Runs the journal's queued jobs, one after the other."""

    def __init__(
        self, home: Path, journal: Journal, store: JobStore, config: ServiceConfig, wake: Callable[[], None]
    ) -> None:
        """``wake`` is called from threads when :attr:`events` has something for :meth:`handle`."""
        self.events: queue.Queue[WorkerEvent] = queue.Queue()
        self._home = home
        self._journal = journal
        self._store = store
        self._config = config
        self._wake = wake
        self._lock = threading.RLock()
        self._worker: WorkerProcess | None = None
        self._current: str | None = None
        self._kill_at: float | None = None
        self._heard_at = 0.0

    @property
    def worker_pid(self) -> int | None:
        with self._lock:
            return self._worker.pid if self._worker else None

    def warm_up(self) -> None:
        """Start the worker before there is work: its imports take seconds."""
        with self._lock:
            if self._worker is None:
                command = (*self._config.worker_command, "--home", str(self._home))
                self._worker = WorkerProcess(command, self._home / "worker.log", self._heard)
                self._heard_at = time.monotonic()

    def start_next(self) -> None:
        """Give the longest waiting job to the worker, if that is free."""
        with self._lock:
            while self._current is None and (row := self._journal.next_queued()):
                self._start(row.id)

    def cancel(self, job: str) -> JobState:
        """Stop a job. Returns its state now: final, or ``cancelling`` for at most ``config.cancel_seconds``.

        Raises:
            CameoError: ``job.unknown``.
        """
        with self._lock:
            match self._state(job):
                case JobState.QUEUED | JobState.PAUSED:
                    self._finish(job, JobState.CANCELLED)
                case JobState.RUNNING | JobState.PAUSING:
                    self._interrupt(job, JobState.CANCELLING, self._config.cancel_seconds)
        return self._settled(job)

    def pause(self, job: str) -> JobState:
        """Stop a job and keep its work. Returns its state now: ``pausing`` for at most ``config.pause_seconds``.

        Raises:
            CameoError: ``job.unknown``.
        """
        with self._lock:
            match self._state(job):
                case JobState.QUEUED:
                    self._journal.move(job, JobState.PAUSED)
                case JobState.RUNNING:
                    self._interrupt(job, JobState.PAUSING, self._config.pause_seconds)
        return self._settled(job)

    def resume(self, job: str) -> JobState:
        """Let a paused job wait for its turn. Returns its state now. Raises CameoError ``job.unknown``."""
        with self._lock:
            if self._state(job) is JobState.PAUSED:
                self._journal.move(job, JobState.QUEUED)
        return self._settled(job)

    def prefer(self, job: str) -> JobState:
        """Take this job next of those that wait. Returns its state. Raises CameoError ``job.unknown``."""
        self._state(job)
        self._journal.prefer(job)
        return self._settled(job)

    def forget(self, job: str) -> None:
        """Take a job that has ended off the disk.

        Raises:
            CameoError: ``job.unknown``, ``job.not_ended``.
        """
        with self._lock:
            if self._state(job) not in FINAL:
                raise CameoError(
                    "job.not_ended",
                    "This job has not ended.",
                    cause="only jobs that are done, failed or cancelled can be taken off the list",
                    fix="Cancel it first.",
                )
            self._journal.forget(job)
            self._store.remove(job)

    def handle(self, event: WorkerEvent) -> Preview | None:
        """Write what a worker said into the journal and act on it. Returns what is only to be passed on.

        Raises:
            sqlite3.Error: the journal cannot be written (disk full); nothing was changed, call again.
        """
        with self._lock:
            if event.worker is not self._worker:
                return None  # said by one that has been replaced
            self._heard_at = time.monotonic()
            message = event.message
            job = self._current
            if message is None:
                self._died(event.worker)
            elif job is not None and getattr(message, "job", None) == job:
                if isinstance(message, Preview):
                    return message
                self._said(job, message)
        return None

    def tick(self) -> None:
        """Kill a worker that does not stop when it should or has not been heard of for long."""
        with self._lock:
            if self._worker is None:
                return
            now = time.monotonic()
            hung = self._current is not None and now - self._heard_at > self._config.silence_seconds
            if hung or (self._kill_at is not None and now > self._kill_at):
                self._kill_at = None
                self._heard_at = now
                self._worker.kill()

    def stop(self) -> None:
        """End the worker. Its job stays in the journal as running and is resumed by the next server."""
        with self._lock:
            worker, self._worker, self._current = self._worker, None, None
        if worker:
            worker.stop(self._config.stop_seconds)

    def _heard(self, worker: WorkerProcess, message: Message | None) -> None:
        self.events.put(WorkerEvent(worker, message))
        self._wake()

    def _state(self, job: str) -> JobState:
        row = self._journal.find(job)
        if row is None:
            raise unknown_job(job)
        return row.state

    def _settled(self, job: str) -> JobState:
        """The job's state after a request, which the main thread hears of."""
        self._wake()
        return self._state(job)

    def _interrupt(self, job: str, new: JobState, seconds: float) -> None:
        """Ask the worker to stop its job; it is killed when it has not within ``seconds``."""
        self._journal.move(job, new)
        if job == self._current and self._worker:
            self._worker.send(Cancel(job))
            self._kill_at = time.monotonic() + seconds

    def _start(self, job: str) -> None:
        try:
            submit = self._store.load_request(job)
            self.warm_up()
        except (CameoError, OSError) as error:
            self._journal.move(job, JobState.RUNNING)
            self._finish(job, JobState.FAILED, failure_of(error, job))
            return
        if self._journal.move(job, JobState.RUNNING) and self._worker:
            self._current = job
            self._heard_at = time.monotonic()
            self._worker.send(submit)

    def _said(self, job: str, message: Message) -> None:
        state = self._state(job)
        if isinstance(message, Progress | Notice):
            if state is JobState.RUNNING:
                self._journal.record(message)
        elif state is JobState.CANCELLING and isinstance(message, Result | Failure | StateChanged):
            self._finish(job, JobState.CANCELLED)  # the artist's word counts, even if the worker was faster
        elif isinstance(message, Result):
            self._take_result(job, message)
        elif isinstance(message, Failure):
            self._finish(job, JobState.FAILED, message)
        elif state is JobState.PAUSING and isinstance(message, StateChanged):
            self._rest(job)

    def _take_result(self, job: str, result: Result) -> None:
        assert self._worker is not None  # it has just spoken
        made = self._store.folder(job) / f"made-{self._worker.pid}.cameo"
        try:
            self._store.publish(job, made, result)
        except (OSError, ValueError) as error:
            self._finish(job, JobState.FAILED, failure_of(error, job))
        else:
            self._finish(job, JobState.DONE, result)

    def _died(self, worker: WorkerProcess) -> None:
        job = self._current
        state = self._state(job) if job else None
        if job and state is JobState.CANCELLING:
            self._finish(job, JobState.CANCELLED)
        elif job and state is JobState.PAUSING:
            self._rest(job)
        elif job and state is JobState.RUNNING:
            if self._journal.count_death(job) < self._config.attempts:
                self._journal.move(job, JobState.QUEUED)
            else:
                self._finish(job, JobState.FAILED, worker_died(job, worker.returncode, worker.log_tail()))
        self._worker = self._current = self._kill_at = None
        if state in (JobState.CANCELLING, JobState.PAUSING):
            self.warm_up()  # it was killed for not listening; the artist's next try should not wait for imports

    def _rest(self, job: str) -> None:
        """The job has stopped; what it made stays."""
        self._journal.move(job, JobState.PAUSED)
        self._current = self._kill_at = None

    def _finish(self, job: str, state: JobState, last: Result | Failure | None = None) -> None:
        self._journal.move(job, state, last=last)
        if self._current == job:
            self._current = None
            self._kill_at = None
        self._store.discard_work(job)


def unknown_job(job: str) -> CameoError:
    return CameoError(
        "job.unknown",
        "This backend does not know that job.",
        cause=f"no job {job} in its journal",
        fix="Submit the picture again; the backend may have been started with another folder.",
    )
