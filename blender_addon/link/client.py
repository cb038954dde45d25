"""The add-on's view of the backend: a small state machine that one ``poll()`` keeps up to date.

In Blender's window a timer calls :meth:`BackendClient.poll`; tests and the demo call it themselves. Nothing here waits.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ...protocol.messages import (
    Closing,
    Diagnose,
    Diagnosis,
    Examined,
    Failure,
    GenerateAvatar,
    Hello,
    ListJobs,
    Shutdown,
    Welcome,
)
from ...protocol.version import SOFTWARE_VERSION
from .jobs import Jobs
from .local_backend import Launch, LocalBackend
from .problem import Problem
from .question import Question, Questions
from .remote_backend import SLOW, RemoteBackend
from .self_test import SelfTest
from .socket_thread import Address, Incoming, SocketThread
from .state import LinkState

_LOOK_SECONDS = 0.25
_TICK_SECONDS = 0.003


class BackendClient:
    """Everything the add-on knows about its backend and its jobs. Used from the main thread alone.

    Attributes:
        state: where the connection stands. problem: why, in state ``ERROR``; a passing trouble otherwise, or None.
        welcome: what the connected backend is and has.
        jobs: what it makes, has made and is to make.
        self_test: the last one, or None.
        remote: the backend on another computer that is used instead of this one's, or None.
    """

    def __init__(self, home: Path, avatar_folder: Path, client_name: str = "") -> None:
        self.home = home
        self.state = LinkState.DISCONNECTED
        self.problem: Problem | None = None
        self.welcome: Welcome | None = None
        self.jobs = Jobs(avatar_folder)
        self.self_test: SelfTest | None = None
        self._questions = Questions()
        self._hello = Hello(SOFTWARE_VERSION, client_name)
        self.remote: RemoteBackend | None = None
        self._local = LocalBackend(home)
        self._line: SocketThread | None = None
        self._ending: list[SocketThread] = []
        self._next_look = 0.0

    # What the artist asks for ----------------------------------------------------------------------------------------

    def use(self, remote: RemoteBackend | None) -> None:
        """From now on the backend on another computer, or (None) that of this one: hang up; the other's jobs are of no
        use here, but what was not sent yet is sent to the new one."""
        self.disconnect()
        self.remote, self.self_test = remote, None
        self.jobs.keep_unsent()

    def connect(self) -> None:
        """Look for a running backend and stay connected to it, whatever happens to it."""
        self._backend.want()
        self._begin()

    def start(
        self, python: str = "", *, outlive_blender: bool = False, managed: Path | None = None, online: bool = True
    ) -> None:
        """Start the backend, or connect to the one that runs already; one on another computer is not started from here.

        Args:
            python, managed: as in ``launch.find_backend_python``.
            online: whether it may use the network.
        """
        if self.remote is not None:
            self.connect()
            return
        self._local.want(Launch(python, outlive_blender, managed, online))
        self._begin()
        if self._line is None:
            self._take(self._local.launch())
        self._local.may_launch = True

    def stop(self, wait_seconds: float = 0.0) -> None:
        """Stop the backend, if it is on this computer. Unfinished jobs stay in its journal and go on at its next start.

        Args:
            wait_seconds: scripts may wait until the process they started has ended.
        """
        if self.remote is None:
            if self._line is not None:
                self._line.send(Shutdown(), control=True)
            self._local.stop(wait_seconds, hung=self.state is LinkState.ERROR)
        self.disconnect()

    def started_with(self, python: Path) -> bool:
        """Whether the backend at the other end is one that this Blender started with ``python``."""
        return self.remote is None and self.state is LinkState.CONNECTED and self._local.started_with(python)

    def disconnect(self, wait_seconds: float = 0.0) -> None:
        """Hang up; the backend goes on."""
        self._drop_line(wait_seconds)
        self._enter(LinkState.DISCONNECTED)

    @property
    def whereabouts(self) -> Address | None:
        """Where the backend is that is meant, connected or not; None: none runs, or its invitation cannot be read."""
        return self._backend.whereabouts

    @property
    def question(self) -> Question | None:
        """The newest question about a picture, with its answer once that is there."""
        return self._questions.newest

    def examine(self, request: GenerateAvatar) -> Question:
        """Ask what a job would see in a picture. It replaces the question before, whose answer no longer counts.

        Asked as soon as there is a connection, and again after a reconnection.
        """
        return self._questions.ask(request)

    def test(self) -> None:
        """Begin a self-test: connect if need be, ping, ask what the backend's doctor finds."""
        self.self_test = SelfTest()
        if self.state is not LinkState.CONNECTED:
            self.connect()
        elif self._line is not None:
            self._line.send(Diagnose(), control=True)

    def poll(self) -> bool:
        """Take in what came and look after the connection; a few milliseconds at most. Whether anything changed."""
        now = time.monotonic()
        before = self.state, self.problem
        heard = self._hear_all(now + _TICK_SECONDS)
        if now >= self._next_look and self.state is not LinkState.DISCONNECTED:
            self._look(now)
        return heard or before != (self.state, self.problem)

    # The connection --------------------------------------------------------------------------------------------------

    @property
    def _backend(self) -> LocalBackend | RemoteBackend:
        return self.remote or self._local

    def _begin(self) -> None:
        self._drop_line()
        self._enter(LinkState.STARTING)
        self._look(time.monotonic())

    def _enter(self, state: LinkState, problem: Problem | None = None) -> None:
        self.state, self.problem = state, problem
        if state is not LinkState.CONNECTED:
            self.welcome = None

    def _look(self, now: float) -> None:
        """What has to be looked at now and then: is the backend there, does it answer, is there another one?"""
        self._next_look = now + _LOOK_SECONDS
        if self._line is None:
            starting = self.state is LinkState.STARTING
            self._take(self._backend.look(starting=starting, work_left=self.jobs.unfinished))
            return
        connected = self.state is LinkState.CONNECTED
        if (problem := self._backend.lost(self._line, connected=connected)) is not None:
            self._lose_backend(problem)
        elif connected:
            worry = self._backend.worry(self._line)
            if worry is not None or self.problem is SLOW:
                self.problem = worry
            if not self._line.greets_again:  # on a slow line a picture may be on its way for long: it is not sent twice
                self.jobs.ask_after_silent(now)
                self._questions.ask_again_if_lost()

    def _take(self, found: Address | Problem | LinkState | None) -> None:
        """Act on what a look for the backend found."""
        match found:
            case Address():
                self._line = SocketThread(found, [self._hello, ListJobs()])
            case Problem():
                self._enter(LinkState.ERROR, found)
            case LinkState():
                self._enter(found)

    def _lose_backend(self, problem: Problem) -> None:
        self._drop_line()
        self._enter(LinkState.ERROR, problem)

    def _drop_line(self, wait_seconds: float = 0.0) -> None:
        """Hang up. A line says its last words in its own time; waiting is for those hung up before, too."""
        self.jobs.detach()
        self._questions.detach()
        if self._line is not None:
            self._ending.append(self._line)
            self._line = None
        for line in self._ending:
            line.close(wait_seconds)
        self._ending = [line for line in self._ending if line.running]

    # What came -------------------------------------------------------------------------------------------------------

    def _hear_all(self, until: float) -> bool:
        heard = False
        while self._line is not None and (incoming := self._line.next_incoming()) is not None:
            heard = True
            self._hear(incoming, self._line)
            if time.monotonic() > until:
                break
        return heard

    def _hear(self, incoming: Incoming, line: SocketThread) -> None:
        match incoming:
            case Welcome():
                self._be_welcome(incoming, line)
            case Diagnosis(findings=findings):
                self.self_test = SelfTest(line.round_trip, findings)
            case Closing():
                self._be_closed()
            case Problem():
                self.problem = incoming
            case Examined() | Failure(seq=0) if self._questions.hear(incoming):
                return
            case Failure(job=job) if not job or (incoming.seq == 0 and not self.jobs.knows(job)):
                self._be_refused(incoming)
            case _:
                self.jobs.hear(incoming)
                if self.problem is not None and self.problem.code.startswith("disk.") and getattr(incoming, "seq", 0):
                    self.problem = None  # an event was written down: the disk takes them again

    def _be_welcome(self, welcome: Welcome, line: SocketThread) -> None:
        self._enter(LinkState.CONNECTED)
        self.welcome = welcome
        self._backend.has_answered()
        if self.self_test is not None and not self.self_test.over:
            line.send(Diagnose(), control=True)
        self._questions.attach(line)
        self.jobs.attach(line)

    def _be_closed(self) -> None:
        problem = self._backend.when_closed()
        if problem is None:
            self._drop_line()
        else:
            self._lose_backend(problem)

    def _be_refused(self, failure: Failure) -> None:
        """A failure that belongs to no job."""
        refused = Problem.of(failure)
        if failure.code == "protocol.version_mismatch":
            self._lose_backend(refused)
        self.problem = refused


def client_name(blender_version: str) -> str:
    return f"Blender {blender_version} (process {os.getpid()})"
