"""The add-on's view of the backend: a small state machine that one ``poll()`` keeps up to date.

In Blender's window a timer calls :meth:`BackendClient.poll`; tests and the demo call it themselves. Nothing here waits.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import replace
from enum import Enum
from pathlib import Path

from ...protocol.connection import Connection, read_connection
from ...protocol.errors import ConnectionFileError, ProtocolError
from ...protocol.jobs import FINAL, JobState, new_job_id
from ...protocol.messages import (
    Accepted,
    Cancel,
    Closing,
    Diagnose,
    Diagnosis,
    Examined,
    Failure,
    Forget,
    GenerateAvatar,
    Hello,
    JobList,
    ListJobs,
    Message,
    Pause,
    Prefer,
    Resume,
    Shutdown,
    Submit,
    Subscribe,
    Welcome,
)
from ...protocol.version import SOFTWARE_VERSION, check_peer
from .download import Download, Downloaded, DownloadFailed
from .job_view import JobView
from .launch import BackendProcess, NoBackend, find_backend_python, start_backend
from .problem import Problem
from .question import Question
from .self_test import SelfTest
from .socket_thread import Incoming, SocketThread

SILENCE_SECONDS = 2.0
"""A backend that has said nothing for so long is hung or gone."""
START_SECONDS = 60.0
_LOOK_SECONDS = 0.25
_RESUBSCRIBE_SECONDS = 3.0
_RESTARTS = 3
_TICK_SECONDS = 0.003
_NOT_RUNNING = Problem("backend.not_running", "No backend is running.", fix="Press Start Backend.")


class LinkState(Enum):
    """Where the connection stands. ``ERROR`` comes with a problem, and the client goes on looking for the backend."""

    DISCONNECTED = "disconnected"
    STARTING = "starting"
    CONNECTED = "connected"
    ERROR = "error"


class BackendClient:
    """Everything the add-on knows about its backend and its jobs. Used from the main thread alone.

    Attributes:
        state: where the connection stands. problem: why, in state ``ERROR``; a passing trouble otherwise, or None.
        welcome: what the connected backend is and has.
        jobs: by id, in the order in which they became known.
        self_test: the last one, or None.
        question: the newest question about a picture, with its answer once that is there; or None.
    """

    def __init__(self, home: Path, avatar_folder: Path, client_name: str = "") -> None:
        self.home = home
        self.avatar_folder = avatar_folder
        self.state = LinkState.DISCONNECTED
        self.problem: Problem | None = None
        self.welcome: Welcome | None = None
        self.jobs: dict[str, JobView] = {}
        self.self_test: SelfTest | None = None
        self.question: Question | None = None
        self._old_questions: deque[str] = deque(maxlen=100)  # what still comes of them is of no use
        self._hello = Hello(SOFTWARE_VERSION, client_name)
        self._line: SocketThread | None = None
        self._ending: list[SocketThread] = []
        self._process: BackendProcess | None = None
        self._launch: tuple[str, bool, Path | None] = ("", False, None)
        self._since = 0.0
        self._next_look = 0.0
        self._restarts = 0
        self._may_launch = False  # the artist asked for a backend, so one that dies at work is started again
        self._met = False  # a backend has answered since then

    # What the artist asks for ----------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Look for a running backend and stay connected to it, whatever happens to it."""
        self._may_launch = False
        self._begin()

    def start(self, python: str = "", *, outlive_blender: bool = False, managed: Path | None = None) -> None:
        """Start a backend, or connect to the one that runs already.

        Args:
            python, managed: as in ``launch.find_backend_python``.
        """
        self._launch = python, outlive_blender, managed
        self._restarts, self._met = 0, False
        self._begin()
        if self._line is None:
            self._launch_backend()
        self._may_launch = True

    def stop(self, wait_seconds: float = 0.0) -> None:
        """Stop the backend. Unfinished jobs stay in its journal and go on at its next start.

        Args:
            wait_seconds: scripts may wait until the process they started has ended.
        """
        self._may_launch = False
        if self._line is not None:
            self._line.send(Shutdown(), control=True)
        if self._process is not None:
            self._process.stop(wait_seconds)
        self.disconnect()

    def started_with(self, python: Path) -> bool:
        """Whether the backend at the other end is one that this Blender started with ``python``."""
        process = self._process
        return self.state is LinkState.CONNECTED and process is not None and process.python == python

    def disconnect(self, wait_seconds: float = 0.0) -> None:
        """Hang up; the backend goes on."""
        self._drop_line(wait_seconds)
        self._enter(LinkState.DISCONNECTED)

    def submit(self, request: GenerateAvatar, name: str = "") -> str:
        """Ask for an avatar; returns the job's id. Sent as soon as there is a connection.

        Args:
            name: what the artist calls it.
        """
        submission = Submit(new_job_id(), request, name)
        job = JobView(submission.job, name, mine=True, submission=submission)
        self.jobs[job.job] = job
        self._ask_about(job)
        return job.job

    def examine(self, request: GenerateAvatar) -> Question:
        """Ask what a job would see in a picture. It replaces the question before, whose answer no longer counts.

        Asked as soon as there is a connection, and again after a reconnection.
        """
        if self.question is not None:
            self._old_questions.append(self.question.job)
        self.question = Question(request)
        self._ask_question()
        return self.question

    def cancel(self, job: str) -> None:
        if self._line is not None:
            self._line.send(Cancel(job), control=True)

    def pause(self, job: str) -> None:
        """Let a job rest."""
        self._send(Pause(job))

    def resume(self, job: str) -> None:
        """Let a paused job go on."""
        self._send(Resume(job))

    def prefer(self, job: str) -> None:
        """Put a waiting job before the others."""
        self._send(Prefer(job))

    def forget(self, job: str) -> None:
        """Take a finished job off the list, here and in the backend."""
        self._send(Forget(job))
        del self.jobs[job]

    def test(self) -> None:
        """Begin a self-test: connect if need be, ping, ask what the backend's doctor finds."""
        self.self_test = SelfTest()
        if self.state is not LinkState.CONNECTED:
            self.connect()
        elif self._line is not None:
            self._line.send(Diagnose(), control=True)

    def fetch(self, job: str, path: Path | None = None) -> None:
        """Bring the finished avatar of ``job`` into a file; ``jobs[job].path`` is set when it is there."""
        view = self.jobs[job]
        if self._line is None or view.result is None or view.fetching:
            return
        view.fetching, view.problem = True, None
        target = path or self.avatar_folder / f"{job}.cameo"
        self._line.download(Download(job, view.result.size, view.result.sha256, target))

    def poll(self) -> bool:
        """Take in what came and look after the connection; a few milliseconds at most. Whether anything changed."""
        now = time.monotonic()
        before = self.state, self.problem
        heard = self._hear_all(now + _TICK_SECONDS)
        if now >= self._next_look and self.state is not LinkState.DISCONNECTED:
            self._look(now)
        return heard or before != (self.state, self.problem)

    # The connection --------------------------------------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        if self._line is not None:
            self._line.send(message)

    def _begin(self) -> None:
        self._drop_line()
        self._enter(LinkState.STARTING)
        self._look(time.monotonic())

    def _enter(self, state: LinkState, problem: Problem | None = None) -> None:
        if state is not self.state:
            self._since = time.monotonic()
        self.state, self.problem = state, problem
        if state is not LinkState.CONNECTED:
            self.welcome = None

    def _look(self, now: float) -> None:
        """What has to be looked at now and then: is the backend there, does it answer, is there another one?"""
        self._next_look = now + _LOOK_SECONDS
        if self._line is not None and self._died(self._line.connection):
            self._lose_backend(self._why_silent(self._line.connection))
        elif self._line is None:
            self._find_backend(now)
        elif self._line.seconds_silent() > (SILENCE_SECONDS if self.state is LinkState.CONNECTED else START_SECONDS):
            self._lose_backend(self._why_silent(self._line.connection))
        elif self.state is LinkState.CONNECTED:
            self._subscribe_again(now)

    def _died(self, connection: Connection) -> bool:
        """Whether the backend at the other end is one of ours, and has ended."""
        process = self._process
        return process is not None and process.process.pid == connection.pid and process.exit_code() is not None

    def _find_backend(self, now: float) -> None:
        try:
            connection = read_connection(self.home)
        except ConnectionFileError as error:
            self._wait_for_start(now, Problem.of(error))
            return
        try:
            check_peer(connection.protocol, connection.software)
        except ProtocolError as error:
            self._enter(LinkState.ERROR, Problem.of(error))
            return
        self._line = SocketThread(connection, [self._hello, ListJobs()])

    def _wait_for_start(self, now: float, problem: Problem) -> None:
        if self._process is None:
            if self._starts_again():
                self._launch_backend()
            elif self.state is LinkState.STARTING:
                stale = problem.code == "connection.damaged"
                self._enter(LinkState.ERROR, problem if stale else _NOT_RUNNING)
        elif self._process.exit_code() is not None:
            self._explain_death(self._process)
        elif now - self._since > START_SECONDS and self.state is LinkState.STARTING:
            cause = self._process.last_words()
            self._enter(
                LinkState.ERROR,
                Problem("backend.slow_start", "The backend does not come up.", cause, "Stop it and start it again."),
            )

    def _launch_backend(self) -> None:
        chosen, outlive, managed = self._launch
        try:
            python = find_backend_python(chosen, managed)
            self._process = start_backend(python, self.home, outlive_blender=outlive)
        except NoBackend as error:
            self._enter(LinkState.ERROR, error.problem)
            return
        self._enter(LinkState.STARTING)

    def _explain_death(self, process: BackendProcess) -> None:
        """Our own backend ended by itself: start it again if it was killed at work, else say what it said."""
        self._process = None
        if process.exit_code() not in (0, 1) and self._starts_again():
            self._launch_backend()
            return
        sentence = f"The backend stopped (exit code {process.exit_code()})."
        fix = "Read the cause, then press Start Backend; unfinished jobs go on from where they were."
        self._enter(LinkState.ERROR, Problem("backend.stopped", sentence, process.last_words(), fix))

    def _starts_again(self) -> bool:
        """Whether the artist's backend, gone at work or before it answered, is to be started once more."""
        missed = not self._met or any(not job.finished for job in self.jobs.values())
        if not self._may_launch or not missed or self._restarts >= _RESTARTS:
            return False
        self._restarts += 1
        return True

    def _why_silent(self, connection: Connection) -> Problem:
        try:
            read_connection(self.home)
        except ConnectionFileError:
            return Problem(
                "backend.stopped",
                "The backend has stopped.",
                f"process {connection.pid} is gone",
                "Press Start Backend; unfinished jobs go on from where they were.",
            )
        return Problem(
            "backend.silent",
            "The backend does not answer.",
            f"process {connection.pid} has said nothing for {SILENCE_SECONDS:.0f} s; the computer may be overloaded",
            "Wait a moment: the connection comes back by itself. If it does not, stop the backend and start it again.",
        )

    def _lose_backend(self, problem: Problem) -> None:
        self._drop_line()
        self._enter(LinkState.ERROR, problem)

    def _drop_line(self, wait_seconds: float = 0.0) -> None:
        """Hang up. A line says its last words in its own time; waiting is for those hung up before, too."""
        if self._line is not None:
            self._ending.append(self._line)
            self._line = None
        for line in self._ending:
            line.close(wait_seconds)
        self._ending = [line for line in self._ending if line.running]
        for job in self.jobs.values():
            job.fetching = False

    # What came -------------------------------------------------------------------------------------------------------

    def _hear_all(self, until: float) -> bool:
        heard = False
        while self._line is not None and (incoming := self._line.next_incoming()) is not None:
            heard = True
            self._hear(incoming)
            if time.monotonic() > until:
                break
        return heard

    def _hear(self, incoming: Incoming) -> None:
        match incoming:
            case Welcome():
                self._be_welcome(incoming)
            case JobList(jobs=listed):
                for info in listed:
                    known = info.job in self.jobs
                    view = self.jobs.setdefault(info.job, JobView(info.job))
                    view.describe(info)
                    if not known:
                        self._ask_about(view)
            case Accepted(job=job, state=state):
                self._be_accepted(job, state)
            case Diagnosis(findings=findings):
                self.self_test = SelfTest(self._line.round_trip if self._line else 0.0, findings)
            case Closing():
                self._may_launch &= not self._met  # someone stopped it on purpose; one met while it closed is no use
                self._lose_backend(replace(_NOT_RUNNING, code="backend.stopped", sentence="The backend was stopped."))
            case Downloaded() | DownloadFailed():
                self._end_download(incoming)
            case Problem():
                self.problem = incoming
            case Examined():
                if self.question is not None:
                    self.question.hear(incoming)
            case Failure(seq=0) if self.question is not None and self.question.hear(incoming):
                return
            case Failure(job=job) if job in self._old_questions:
                return
            case Failure(job="") | Failure(seq=0):
                self._be_refused(incoming)
            case _:
                self._hear_of_job(incoming)

    def _be_welcome(self, welcome: Welcome) -> None:
        self._enter(LinkState.CONNECTED)
        self.welcome, self._met = welcome, True
        if self.self_test is not None and not self.self_test.over and self._line is not None:
            self._line.send(Diagnose(), control=True)
        self._ask_question()
        for job in self.jobs.values():
            if not job.finished or job.result is None:
                self._ask_about(job)
            self._fetch_if_wanted(job)

    def _ask_about(self, job: JobView) -> None:
        """(Re)submit what the backend may not have, and take up the job's events after the last one seen."""
        job.heard = time.monotonic()
        if self._line is None or self.state is not LinkState.CONNECTED:
            return
        if job.submission is not None:
            self._line.send(job.submission)
        self._line.send(Subscribe(job.job, job.seq))

    def _ask_question(self) -> None:
        if self._line is not None and self.state is LinkState.CONNECTED and self.question and not self.question.over:
            self._line.send(self.question.message())

    def _subscribe_again(self, now: float) -> None:
        """A connection that broke and healed unseen has lost its subscriptions: ask after jobs that are silent."""
        for job in self.jobs.values():
            if not job.finished and now - job.heard > _RESUBSCRIBE_SECONDS:
                self._ask_about(job)
        if self.question is not None and self.question.lost:
            self._ask_question()

    def _be_accepted(self, job: str, state: JobState) -> None:
        view = self.jobs.get(job)
        if view is not None:
            view.submission = None
            if state in FINAL or view.seq == 0:
                view.state = state

    def _be_refused(self, failure: Failure) -> None:
        view = self.jobs.get(failure.job)
        if view is None:
            refused = Problem.of(failure)
            if failure.code == "protocol.version_mismatch":
                self._lose_backend(refused)
            self.problem = refused
            return
        view.submission, view.fetching = None, False
        view.problem = Problem.of(failure)
        if not view.finished:
            view.state = JobState.FAILED

    def _end_download(self, incoming: Downloaded | DownloadFailed) -> None:
        view = self.jobs.get(incoming.job)
        if view is None:
            return  # forgotten in the meantime
        view.fetching = False
        if isinstance(incoming, Downloaded):
            view.path = incoming.path
        else:
            view.problem = incoming.problem

    def _hear_of_job(self, message: Incoming) -> None:
        view = self.jobs.get(getattr(message, "job", ""))
        if view is None or isinstance(message, Problem | Downloaded | DownloadFailed):
            return
        view.hear(message)
        self._fetch_if_wanted(view)

    def _fetch_if_wanted(self, view: JobView) -> None:
        """An avatar asked for in this session comes by itself; one that failed to arrive waits for the artist."""
        if view.mine and view.path is None and view.problem is None:
            self.fetch(view.job)


def client_name(blender_version: str) -> str:
    return f"Blender {blender_version} (process {os.getpid()})"
