"""The backend of this computer: found by its connection file, started, and started again when it dies at work."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ...protocol.connection import home_is_held, read_connection
from ...protocol.errors import ConnectionFileError, ProtocolError
from ...protocol.version import check_peer
from .launch import BackendProcess, NoBackend, find_backend_python, start_backend
from .problem import Problem
from .socket_thread import Address, SocketThread
from .state import LinkState

START_SECONDS = 60.0
NOT_RUNNING = Problem("backend.not_running", "No backend is running.", fix="Press Start Backend.")
_RESTARTS = 3
_LEAST_ROOM = 1 << 20
_LEAVE_SECONDS = 5.0  # so long one that was told to stop may still stand in the connection file

Look = Address | Problem | LinkState | None
"""What a look for the backend can find: where it is, why there is none, that one is starting, or nothing new."""


@dataclass(frozen=True)
class Launch:
    """How the artist wants the backend started; ``python`` and ``managed`` as in ``launch.find_backend_python``,
    ``online``: it may use the network."""

    python: str = ""
    outlive_blender: bool = False
    managed: Path | None = None
    online: bool = True


class LocalBackend:
    """The backend whose folder is ``home``. Nothing in here waits."""

    silence_seconds = 2.0
    """A backend that has said nothing for so long is hung or gone."""
    greeting_seconds = 10.0
    """One that is there answers at once, unless the computer is very busy."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._process: BackendProcess | None = None
        self._launch = Launch()
        self._since = 0.0  # when the artist began to wait for it
        self._pid = 0  # of the backend found last
        self._leaving = 0, 0.0  # pid of the one that was told to stop, and when
        self._restarts = 0
        self._met = False  # a backend has answered since the artist asked for one
        self.may_launch = False
        """The artist asked for a backend, so one that dies at work is started again."""

    @property
    def whereabouts(self) -> Address | None:
        """Its sockets, as the connection file says now; None: none runs."""
        try:
            connection = read_connection(self.home)
        except ConnectionFileError:
            return None
        return Address(connection.endpoint, connection.control)

    def want(self, launch: Launch | None = None) -> None:
        """The artist asks for a backend; without ``launch`` only for one that runs already."""
        self._launch = launch or self._launch
        self._restarts, self._met, self.may_launch = 0, False, False
        self._since = time.monotonic()
        if self._process is not None and self._process.exit_code() is not None:
            self._process = None  # its end is known

    def launch(self) -> Problem | LinkState:
        """Start one, unless ours is coming up already or has not quite ended yet."""
        if self._process is not None and self._process.exit_code() is None:
            return LinkState.STARTING
        try:
            python = find_backend_python(self._launch.python, self._launch.managed)
            outlive, online = self._launch.outlive_blender, self._launch.online
            self._process = start_backend(python, self.home, outlive_blender=outlive, online=online)
        except NoBackend as error:
            return error.problem
        self._since = time.monotonic()
        return LinkState.STARTING

    def stop(self, wait_seconds: float = 0.0, *, hung: bool = False) -> None:
        """End the process that was started here, if any; ``hung``: it would not listen."""
        self.may_launch, self._leaving = False, (self._pid, time.monotonic())
        if self._process is not None:
            self._process.stop(wait_seconds, hung=hung)

    def has_answered(self) -> None:
        self._met = True

    def when_closed(self) -> Problem | None:
        """It said goodbye. None: it was met while it closed, and the next look may start another."""
        if not self._met:
            return None
        self.may_launch = False  # someone stopped it on purpose
        return replace(NOT_RUNNING, code="backend.stopped", sentence="The backend was stopped.")

    def started_with(self, python: Path) -> bool:
        """Whether the backend is one that this Blender started with ``python``."""
        return self._process is not None and self._process.python == python

    def look(self, *, starting: bool, work_left: bool) -> Look:
        """Where the backend is, or what has become of it.

        Args:
            starting: the artist waits for it, and was not yet told that there is none.
            work_left: jobs wait for it.
        """
        try:
            connection = read_connection(self.home)
        except ConnectionFileError as error:
            return self._wait(Problem.of(error), starting, work_left)
        try:
            check_peer(connection.protocol, connection.software)
        except ProtocolError as error:
            return Problem.of(error)
        told, when = self._leaving
        if connection.pid == told and time.monotonic() - when < _LEAVE_SECONDS:
            return self._wait(NOT_RUNNING, starting, work_left)
        self._pid = connection.pid
        return Address(connection.endpoint, connection.control)

    def lost(self, line: SocketThread, *, connected: bool) -> Problem | None:
        """What has become of the backend at the other end, once the line is of no use any more."""
        patience = self.silence_seconds if connected else self.greeting_seconds
        return self._why_silent() if self._died() or line.seconds_silent() > patience else None

    def worry(self, line: SocketThread) -> Problem | None:
        """What the artist should know while the line may still be good: on one computer it is good, or lost."""
        return None

    def _died(self) -> bool:
        """Whether the backend at the other end was killed. (One that ends in order takes its file away.)"""
        process = self._process
        if process is not None and process.process.pid == self._pid and process.exit_code() is not None:
            return True
        try:
            return read_connection(self.home).pid != self._pid
        except ConnectionFileError as error:
            return error.code == "connection.stale"

    def _why_silent(self) -> Problem:
        if not self._is_there():
            return Problem(
                "backend.stopped",
                "The backend has stopped.",
                f"process {self._pid} is gone",
                "Press Start Backend; unfinished jobs go on from where they were.",
            )
        return Problem(
            "backend.silent",
            "The backend does not answer.",
            f"process {self._pid} has said nothing for {self.silence_seconds:.0f} s; the computer may be overloaded",
            "Wait a moment: the connection comes back by itself. If it does not, stop the backend and start it again.",
        )

    def _is_there(self) -> bool:
        try:
            return read_connection(self.home).pid == self._pid
        except ConnectionFileError:
            return False

    def _wait(self, problem: Problem, starting: bool, work_left: bool) -> Look:
        process = self._process
        if process is not None and process.exit_code() is not None and home_is_held(self.home):
            process = self._process = None  # another Blender's was faster, and is coming up
        elif process is None and not home_is_held(self.home):
            if self._starts_again(work_left):
                return self.launch()
            if not starting:
                return None
            return problem if problem.code == "connection.damaged" else NOT_RUNNING
        elif process is not None and process.exit_code() is not None:
            return self._after_death(process, work_left)
        if starting and time.monotonic() - self._since > START_SECONDS:
            sentence, fix = "The backend was started, but does not answer.", "Press Stop Backend, then Start Backend."
            return Problem("backend.slow_start", sentence, process.last_words() if process else "", fix)
        return None

    def _after_death(self, process: BackendProcess, work_left: bool) -> Problem | LinkState:
        """Our own backend ended by itself: start it again if it was killed at work, else say what it said."""
        self._process = None
        on_purpose = process.exit_code() == 1 or (process.exit_code() == 0 and self._met)
        if not on_purpose and self._starts_again(work_left):
            return self.launch()
        self.may_launch = False  # the artist reads first
        if shutil.disk_usage(self.home).free < _LEAST_ROOM:  # then it could not even write down why
            return Problem(
                "disk.full",
                "The disk is full.",
                f"There is no room left for {self.home}.",
                "Free some space, then press Start Backend.",
            )
        sentence = f"The backend stopped (exit code {process.exit_code()})."
        fix = "Read the cause, then press Start Backend; unfinished jobs go on from where they were."
        return Problem("backend.stopped", sentence, process.last_words(), fix)

    def _starts_again(self, work_left: bool) -> bool:
        """Whether the artist's backend, gone at work or before it answered, is to be started once more."""
        missed = not self._met or work_left
        if not self.may_launch or not missed or self._restarts >= _RESTARTS:
            return False
        self._restarts += 1
        return True
