"""Questions that are answered beside the jobs: one at a time by a process of their kind, of every client the newest."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...protocol.messages import Draw, Examine, Failure, Message
from ..config import ServiceConfig
from .worker_process import WorkerProcess

Question = Examine | Draw
_LAST_WORDS = 500  # characters of its log


@dataclass(frozen=True)
class Answerer:
    """A kind of process that answers one kind of question.

    Attributes:
        command: starts it. log: the name of its file.
        died: what the client hears when it ends over a question: of its exit code, its last words, and the question.
    """

    command: tuple[str, ...]
    log: str
    died: Callable[[int | None, str, str], Failure]


def examiner(config: ServiceConfig) -> Answerer:
    """Looks at pictures before a head is made of them."""
    return Answerer(config.examiner_command, "examiner.log", _examiner_died)


def painter(config: ServiceConfig) -> Answerer:
    """Draws splats."""
    return Answerer(config.painter_command, "painter.log", _painter_died)


def _examiner_died(exit_code: int | None, last_words: str, question: str) -> Failure:
    return Failure(
        "examiner.died",
        "The picture could not be looked at.",
        cause=f"exit code {exit_code}. {last_words}".strip(),
        fix="Try again, or generate without looking first. If it happens again, please report it with examiner.log.",
        job=question,
    )


def _painter_died(exit_code: int | None, last_words: str, question: str) -> Failure:
    return Failure(
        "painter.died",
        "The backend could not draw the picture.",
        cause=f"exit code {exit_code}. {last_words}".strip(),
        fix="Let Blender draw the pictures. If it happens again, please report it with painter.log.",
        job=question,
    )


class Questions:
    """Used by the server's main thread alone; ``wake`` is called from others when there is an answer."""

    def __init__(self, home: Path, answerer: Answerer, config: ServiceConfig, wake: Callable[[], None]) -> None:
        self._answerer = answerer
        self._log = home / answerer.log
        self._config = config
        self._wake = wake
        self._heard_of: queue.Queue[tuple[WorkerProcess, Message | None]] = queue.Queue()
        self._process: WorkerProcess | None = None
        self._asked: tuple[bytes, str] | None = None  # peer and question being answered
        self._waiting: dict[bytes, Question] = {}
        self._busy_at = 0.0

    def ask(self, peer: bytes, question: Question) -> None:
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
                yield asked[0], message or self._died(process, asked[1])
            self._ask_next()
        if self._process and not self._asked and time.monotonic() - self._busy_at > self._config.answerer_idle_seconds:
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
            self._process = WorkerProcess(self._answerer.command, self._log, self._heard)
        self._asked, self._busy_at = (peer, question.job), time.monotonic()
        self._process.send(question)

    def _died(self, process: WorkerProcess, question: str) -> Failure:
        return self._answerer.died(process.returncode, process.log_tail()[-_LAST_WORDS:], question)

    def _heard(self, process: WorkerProcess, message: Message | None) -> None:
        self._heard_of.put((process, message))
        self._wake()
