"""Finding the backend's environment, starting a backend process, and stopping it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ...protocol.connection import OFFLINE_VARIABLE
from .problem import Problem

LOG_NAME = "backend.log"
_LOG_LINES = 6
_LOG_LIMIT_BYTES = 1 << 20


class NoBackend(Exception):  # noqa: N818 - it says what is the case
    """There is no environment to start a backend from; ``problem`` says what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(frozen=True)
class BackendProcess:
    """A backend that this Blender started with ``python``. ``log`` holds what it printed, from byte ``spoke_from``."""

    process: subprocess.Popen[bytes]
    log: Path
    python: Path
    spoke_from: int = 0

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def last_words(self) -> str:
        """The end of its log, for the artist who has to know why it stopped."""
        try:
            with open(self.log, "rb") as stream:
                stream.seek(max(self.log.stat().st_size - 4096, self.spoke_from))
                lines = stream.read().decode("utf-8", "replace").splitlines()
        except OSError as error:
            return f"its log cannot be read: {error}"
        return "\n".join([line.strip() for line in lines if line.strip()][-_LOG_LINES:])

    def stop(self, wait_seconds: float = 0.0, *, hung: bool = False) -> None:
        """Ask it to end in order, or end one that does not listen; waits only where it is told to."""
        if self.exit_code() is None:
            self.process.kill() if hung else self.process.terminate()
        if wait_seconds:
            try:
                self.process.wait(wait_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()


def find_backend_python(chosen: str = "", managed: Path | None = None) -> Path:
    """The Python of the backend's environment: ``chosen`` (a Python, or a Cameo checkout), ``$CAMEO_BACKEND_PYTHON``,
    that of the checkout this add-on runs from, or ``managed``, that of the backend which the add-on installed.

    Raises:
        NoBackend: ``backend.not_there`` (what was chosen), ``backend.not_installed``.
    """
    if wanted := chosen or os.environ.get("CAMEO_BACKEND_PYTHON", ""):
        place = Path(wanted).expanduser()
        python = place if place.is_file() else _python_of_checkout(place)
        if not python.is_file():
            raise NoBackend(
                Problem(
                    "backend.not_there",
                    "The backend that was chosen is not there.",
                    f"{python} does not exist",
                    "Choose a checkout of Cameo in the add-on's preferences (run `python3 run.py cameo doctor` in it "
                    "first), or leave that empty and press Install Backend.",
                )
            )
        return python
    python = _python_of_checkout(Path(__file__).resolve().parents[2])
    if python.is_file():
        return python
    if managed is not None and managed.is_file():
        return managed
    raise NoBackend(
        Problem(
            "backend.not_installed",
            "Cameo's backend is not installed.",
            fix="Press Install Backend. It makes the heads, in a program of its own beside Blender, and takes 2 GB of "
            "the disk; 7 GB with a GPU.",
        )
    )


def start_backend(python: Path, home: Path, *, outlive_blender: bool = False, online: bool = True) -> BackendProcess:
    """Start ``cameo serve`` in ``home``. Returns at once; the connection file appears when it listens.

    Args:
        online: whether it may use the network.

    Raises:
        NoBackend: ``backend.cannot_start``, the folder cannot be written or the program cannot be run.
    """
    command = [str(python), "-P", "-m", "cameo.backend", "serve", "--home", str(home)]
    if not outlive_blender:
        command += ["--parent-pid", str(os.getpid())]
    try:
        home.mkdir(parents=True, exist_ok=True)
        log = home / LOG_NAME
        long = log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES
        with open(log, "wb" if long else "ab") as output:  # another Blender's backend may be writing there
            spoke_from = output.tell()
            process = subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(online),
                creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
                start_new_session=outlive_blender,
            )
    except OSError as error:
        raise NoBackend(
            Problem(
                "backend.cannot_start",
                "The backend cannot be started.",
                str(error),
                "Check the backend's folder in the add-on's preferences: it must exist and be writable.",
            )
        ) from error
    return BackendProcess(process, log, python, spoke_from)


def _python_of_checkout(folder: Path) -> Path:
    return folder / ".cameo" / "env-backend" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _environment(online: bool) -> dict[str, str]:
    """Blender's own Python variables would lead the backend's Python astray."""
    ours = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return ours if online else {**ours, OFFLINE_VARIABLE: "1"}
