"""The backend's server process: clients on one side, journal and supervisor on the other. No torch in here.

One loop in the main thread, in which nothing waits for anybody: a client's message is answered, a worker's word is
written into the journal, subscribers get what the journal has for them.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sqlite3
import threading
from pathlib import Path

import zmq

from ...protocol.connection import Connection, forget_connection, process_exists, remove_connection, write_connection
from ...protocol.errors import CameoError
from ...protocol.messages import Draw, Examine
from ..config import ServiceConfig
from .about import describe_backend
from .clients import ClientDesk
from .control import ControlThread
from .diagnosis import findings
from .entrances import Entrances
from .failures import journal_stuck
from .journal import Journal
from .keys import KeyRing
from .questions import Question, Questions, examiner, painter
from .store import HomeLock, JobStore
from .supervisor import Supervisor, WorkerEvent

_POLL_MS = 100
_log = logging.getLogger(__name__)


class Server:
    """A backend in the folder ``home``. :meth:`serve` runs it in the main thread until it is asked to stop."""

    def __init__(
        self,
        home: Path,
        config: ServiceConfig | None = None,
        *,
        port: int = 0,
        door: tuple[str, int] | None = None,
        parent_pid: int | None = None,
    ) -> None:
        """Take the folder, bind the sockets, recover the journal.

        Args:
            port: of the main socket on the loopback interface; 0 takes a free one.
            door: address and port of the main socket for other computers; the control socket has the next port.
            parent_pid: stop when this process ends.

        Raises:
            CameoError: ``service.home_unwritable``, ``.already_running``, ``.port_taken``, ``.journal_damaged``; with
                ``door``: ``.no_keys``, ``.no_such_interface``, ``keys.damaged``.
        """
        self._home = home.absolute()
        self._parent_pid = parent_pid
        self._stopping = threading.Event()
        self._lock = HomeLock(self._home)
        forget_connection(self._home)  # of one that was killed: it would lead clients astray until ours is there
        self._journal = _open_journal(self._home / "journal.sqlite")
        store = JobStore(self._home)
        store.discard_leftovers(self._journal.states())
        self._entrances = Entrances(port, door, KeyRing(self._home))
        self.endpoint = self._entrances.endpoint
        self._waker = _Waker()
        config = config or ServiceConfig()
        self._supervisor = Supervisor(self._home, self._journal, store, config, self._waker.wake)
        self._questions: dict[type[Question], Questions] = {
            kind: Questions(self._home, answerer(config), config, self._waker.wake)
            for kind, answerer in ((Examine, examiner), (Draw, painter))
        }
        self._desk = ClientDesk(
            self._entrances, self._journal, store, self._supervisor, self._questions, describe_backend, self.stop
        )
        self._control = ControlThread(
            self._entrances, self._supervisor, describe_backend, lambda: findings(self._home), self.stop
        )
        self._unwritten: WorkerEvent | None = None
        self._journal_fault = ""

    def serve(self) -> None:
        """Answer until :meth:`stop`, a signal, or the end of the parent process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop())
        poller = zmq.Poller()
        poller.register(self._entrances.main, zmq.POLLIN)
        poller.register(self._waker.fileno(), zmq.POLLIN)
        write_connection(self._home, Connection(self.endpoint, self._entrances.control_endpoint, os.getpid()))
        try:
            self._supervisor.warm_up()
            while not self._stopping.is_set():
                self._turn(dict(poller.poll(_POLL_MS)))
        finally:
            self.close()

    def stop(self) -> None:
        """Ask the server to stop; from any thread or signal handler."""
        self._stopping.set()

    def close(self) -> None:
        """Say goodbye, end the worker, let go of everything. :meth:`serve` does it by itself."""
        self._desk.say_goodbye()
        remove_connection(self._home, os.getpid())
        self._control.stop()
        self._supervisor.stop()
        for questions in self._questions.values():
            questions.stop()
        self._entrances.close()
        self._waker.close()
        self._journal.close()
        self._lock.release()

    def _turn(self, ready: dict[object, int]) -> None:
        if self._entrances.main in ready:
            self._desk.receive()
        self._waker.rest()
        try:
            self._hear_worker()
            self._supervisor.start_next()
            self._journal_fault = ""
        except sqlite3.Error as error:  # most likely a full disk: the event is kept and written later
            if str(error) != self._journal_fault:
                _log.error("the journal cannot be written, trying again until it can: %s", error)
                self._desk.tell_all(journal_stuck(error))
            self._journal_fault = str(error)
            self._stopping.wait(_POLL_MS / 1000)
        self._supervisor.tick()
        self._desk.send_events()
        self._desk.send_answers()
        if self._parent_pid is not None and not process_exists(self._parent_pid):
            _log.info("the parent process %d has ended", self._parent_pid)
            self.stop()

    def _hear_worker(self) -> None:
        while True:
            if self._unwritten is None:
                try:
                    self._unwritten = self._supervisor.events.get_nowait()
                except queue.Empty:
                    return
            if preview := self._supervisor.handle(self._unwritten):
                self._desk.send_preview(preview)
            self._unwritten = None


class _Waker:
    """Lets other threads end the main loop's wait."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)

    def fileno(self) -> int:
        return self._inside.fileno()

    def wake(self) -> None:
        try:
            self._outside.send(b"!")
        except (BlockingIOError, OSError):
            return  # it is already to wake, or closing

    def rest(self) -> None:
        try:
            while self._inside.recv(4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        self._inside.close()
        self._outside.close()


def _open_journal(path: Path) -> Journal:
    try:
        journal = Journal(path)
        journal.recover()
    except sqlite3.DatabaseError as error:
        raise CameoError(
            "service.journal_damaged",
            "The backend's list of jobs cannot be read or written.",
            cause=f"{path}: {error}",
            fix="Check that the disk is not full. If it is not, move this file away and start the backend again.",
        ) from error
    return journal
