"""The control socket: ping, diagnose, cancel and shutdown are answered from a thread of their own, at once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable

from ...protocol.codec import decode
from ...protocol.errors import CameoError
from ...protocol.messages import (
    Accepted,
    Cancel,
    Closing,
    Diagnose,
    Diagnosis,
    Failure,
    Finding,
    Hello,
    Message,
    Ping,
    Pong,
    Shutdown,
    Welcome,
)
from .diagnosis import for_guests
from .entrances import Entrances
from .failures import failure_of
from .outbox import Outbox, receive
from .refusals import require_from_here
from .supervisor import Supervisor

_POLL_MS = 100


class ControlThread:
    """Serves the control socket until :meth:`stop`."""

    def __init__(
        self,
        entrances: Entrances,
        supervisor: Supervisor,
        welcome: Callable[[], Welcome],
        findings: Callable[[], Iterable[Finding]],
        shutdown: Callable[[], None],
    ) -> None:
        self._entrances = entrances
        self._socket = entrances.control
        self._outbox = Outbox(self._socket)
        self._supervisor = supervisor
        self._welcome = welcome
        self._findings = findings
        self._shutdown = shutdown
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            if self._socket.poll(_POLL_MS):
                peer, caller, frames = receive(self._socket)
                if self._entrances.admits(caller):
                    self._outbox.answer(peer, self._answer(frames, caller))
            self._outbox.retry()
            self._outbox.gone.clear()
        self._socket.close()

    def _answer(self, frames: list[bytes], caller: str) -> Message:
        job = ""
        try:
            match decode(frames):
                case Ping(nonce=nonce):
                    return Pong(nonce)
                case Cancel(job=job):
                    return Accepted(job, self._supervisor.cancel(job), known=True)
                case Hello():
                    return self._welcome()
                case Diagnose():
                    found = self._findings()
                    return Diagnosis(tuple(for_guests(found) if caller else found))
                case Shutdown():
                    require_from_here(caller)
                    self._shutdown()
                    return Closing("The backend was asked to stop.")
                case message:
                    return Failure(
                        "protocol.wrong_socket",
                        "The backend was asked something on the wrong connection.",
                        cause=f"{message.KIND} belongs on the main socket",
                        fix="Install the add-on and the backend of the same Cameo release.",
                    )
        except (CameoError, OSError, sqlite3.Error) as error:
            return failure_of(error, job)
