"""Questions about pictures: one at a time to the examiner's process, of every client only the newest."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ...protocol.messages import Examine, Failure, Message
from ..config import ServiceConfig
from .worker_process import WorkerProcess

_LOG = "examiner.log"


class Examining:
    """Used by the server's main thread alone; ``wake`` is called from others when there is an answer."""

    def __init__(self, home: Path, config: ServiceConfig, wake: Callable[[], None]) -> None:
        self._home = home
        self._config = config
        self._wake = wake
        self._heard_of: queue.Queue[tuple[WorkerProcess, Message | None]] = queue.Queue()
        self._process: WorkerProcess | None = None
        self._asked: tuple[bytes, str] | None = None  # peer and question being looked at
        self._waiting: dict[bytes, Examine] = {}
        self._busy_at = 0.0

    def ask(self, peer: bytes, question: Examine) -> None:
        """Take a question; an older one of the same client that was not begun is dropped. Raises OSError."""
        self._waiting[peer] = question
        self._ask_next()

    def answers(self) -> Iterator[tuple[bytes, Message]]:
        """What has been answered since the last call, and to whom; a process that is long idle is let go."""
        while not self._heard_of.empty():
            process, message = self._heard_of.get()
            if process is not self._process:
                continue
            asked, self._asked = self._asked, None
            if message is None:
                self._process = None
            if asked is not None:
                yield asked[0], message or _died(asked[1], process)
            self._ask_next()
        if self._process and not self._asked and time.monotonic() - self._busy_at > self._config.examiner_idle_seconds:
            self.stop()

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process:
            process.stop(self._config.stop_seconds)

    def _ask_next(self) -> None:
        if self._asked is not None or not self._waiting:
            return
        peer = next(iter(self._waiting))
        question = self._waiting.pop(peer)
        if self._process is None:
            self._process = WorkerProcess(self._config.examiner_command, self._home / _LOG, self._heard)
        self._asked, self._busy_at = (peer, question.job), time.monotonic()
        self._process.send(question)

    def _heard(self, process: WorkerProcess, message: Message | None) -> None:
        self._heard_of.put((process, message))
        self._wake()


def _died(question: str, process: WorkerProcess) -> Failure:
    return Failure(
        "examiner.died",
        "The picture could not be looked at.",
        cause=f"exit code {process.returncode}. {process.log_tail()[-500:]}".strip(),
        fix="Try again, or generate without looking first. If it happens again, please report it with examiner.log.",
        job=question,
    )
