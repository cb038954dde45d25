"""One worker process: started, spoken to, listened to, killed. Policy is the supervisor's."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from ...protocol.errors import ProtocolError
from ...protocol.messages import Message
from .pipe import read_message, write_message

_LOG_TAIL_BYTES = 1500
_LOG_LIMIT_BYTES = 4 << 20


class WorkerProcess:
    """A subprocess that speaks protocol messages on stdin and stdout and writes its log on stderr.

    Reading and writing happen in threads of their own, so that a worker that hangs cannot hang the server. When stdin
    closes (the server died, or asked it to) the worker ends.
    """

    def __init__(
        self, command: Sequence[str], log: Path, heard: Callable[[WorkerProcess, Message | None], None]
    ) -> None:
        """Start it. ``heard`` is called from a thread with every message, and at the end, once, with None.

        Raises OSError if the command cannot be run.
        """
        self._log = log
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.unlink()
        with open(log, "ab") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, cwd=log.parent
            )
        self._heard = heard
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        for target in (self._read, self._write):
            threading.Thread(target=target, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def send(self, message: Message) -> None:
        """Never blocks; what a dead worker was sent is lost."""
        self._outbox.put(message)

    def kill(self) -> None:
        self._process.kill()

    def stop(self, seconds: float) -> None:
        """Close its stdin, wait, kill if it does not end."""
        self._outbox.put(None)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log_tail(self) -> str:
        """The end of its log, whole lines."""
        try:
            with open(self._log, "rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - _LOG_TAIL_BYTES))
                text = stream.read().decode(errors="replace")
        except OSError:
            return ""
        return (text if size <= _LOG_TAIL_BYTES else text.partition("\n")[2]).strip()

    def _read(self) -> None:
        stdout = cast(BinaryIO, self._process.stdout)
        try:
            while (message := read_message(stdout)) is not None:
                self._heard(self, message)
        except (OSError, ProtocolError):
            self._process.kill()  # garbled: what it says from here on has no meaning
        self._process.wait()
        self._heard(self, None)

    def _write(self) -> None:
        stdin = cast(BinaryIO, self._process.stdin)
        try:
            while (message := self._outbox.get()) is not None:
                write_message(stdin, message)
            stdin.close()
        except OSError:
            return  # it has ended; the reading thread says so
