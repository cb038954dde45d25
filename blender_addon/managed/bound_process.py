"""Subprocesses that end when this process ends, however it ends, and whose words are heard line by line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from .refusal import Cancelled

_KEPT_LINES = 60
_PROGRESS = "Progress "  # pip counts a download's bytes: heard, not kept
# The child's end of the pipe closes when Blender dies, by whatever cause; then the child goes too. Nothing that is
# killed without a word can leave a pip behind that goes on writing into the folder.
_LEASH = """
import os, runpy, sys, threading
def watch():
    os.read(0, 1)
    os._exit(75)
threading.Thread(target=watch, daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class BoundProcesses:
    """Runs one subprocess after the other; :meth:`cancel`, from any thread, ends the one that runs.

    Attributes:
        log: file that everything said is added to.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self.cancelled = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Stop what runs, and whatever would run next."""
        self.cancelled.set()
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def run_module(
        self, python: Path, module: str, arguments: Sequence[str | Path], hear: Callable[[str], None] = lambda _: None
    ) -> tuple[int, str]:
        """Run ``python -m module arguments`` with nothing of Blender's Python in its environment.

        Returns:
            the exit code, and the last lines that it said on either channel.

        Raises:
            Cancelled: before or while it ran.
            OSError: the program cannot be run, or the log cannot be written.
        """
        return self.run([python, "-I", "-c", _LEASH, module, *arguments], hear)

    def run(self, command: Sequence[str | Path], hear: Callable[[str], None] = lambda _: None) -> tuple[int, str]:
        """As :meth:`run_module`, for a program that is no Python module; it is not on the leash."""
        if self.cancelled.is_set():
            raise Cancelled
        said: list[str] = []
        with open(self.log, "a", encoding="utf-8", buffering=1) as log:
            log.write("\n$ " + " ".join(str(part) for part in command if part != _LEASH) + "\n")
            with self._start(command) as process:
                assert process.stdout is not None
                for line in _lines(process.stdout):
                    hear(line)
                    if not line.startswith(_PROGRESS):
                        said = [*said[1 - _KEPT_LINES :], line]
                        log.write(line + "\n")
                code = process.wait()
            with self._lock:
                self._process = None
        if self.cancelled.is_set():
            raise Cancelled
        return code, "\n".join(said)

    def _start(self, command: Sequence[str | Path]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,  # the leash: held open until the process has ended
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=clean_environment(),
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        with self._lock:
            self._process = process
            if self.cancelled.is_set():
                process.kill()
        return process


def clean_environment() -> dict[str, str]:
    """Blender's own Python variables, and an activated environment's, would lead the new one astray."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "PIP_USER": "0"}


def _lines(stream: IO[str]) -> Iterator[str]:
    for line in stream:
        if text := line.rstrip():
            yield text
