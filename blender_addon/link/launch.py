"""Finding the backend's environment, starting a backend process, and stopping it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .problem import Problem

LOG_NAME = "backend.log"
_LOG_LINES = 6


class NoBackend(Exception):  # noqa: N818 - it says what is the case
    """There is no environment to start a backend from; ``problem`` says what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(frozen=True)
class BackendProcess:
    """A backend that this Blender started. ``log`` holds what it printed."""

    process: subprocess.Popen[bytes]
    log: Path

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def last_words(self) -> str:
        """The end of its log, for the artist who has to know why it stopped."""
        try:
            with open(self.log, "rb") as stream:
                stream.seek(max(self.log.stat().st_size - 4096, 0))
                lines = stream.read().decode("utf-8", "replace").splitlines()
        except OSError as error:
            return f"its log cannot be read: {error}"
        return "\n".join([line.strip() for line in lines if line.strip()][-_LOG_LINES:])

    def stop(self, wait_seconds: float = 0.0) -> None:
        """Ask it to end in order; waits only where it is told to."""
        if self.exit_code() is None:
            self.process.terminate()
        if wait_seconds:
            try:
                self.process.wait(wait_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()


def find_backend_python(chosen: str = "") -> Path:
    """The Python of the backend's environment: ``chosen`` (a Python, or a Cameo checkout), ``$CAMEO_BACKEND_PYTHON``,
    or the checkout this add-on runs from.

    Raises:
        NoBackend: ``backend.not_installed``.
    """
    wanted = chosen or os.environ.get("CAMEO_BACKEND_PYTHON", "")
    place = Path(wanted).expanduser() if wanted else Path(__file__).resolve().parents[2]
    python = place if place.is_file() else _python_of_checkout(place)
    if not python.is_file():
        an_extension = not wanted and not (place / "run.py").is_file()
        raise NoBackend(
            Problem(
                "backend.not_installed",
                "Cameo's backend is not installed.",
                "No checkout is chosen in the preferences" if an_extension else f"{python} does not exist",
                "Run `python3 run.py cameo doctor` in a Cameo checkout; then choose that folder in the add-on's "
                "preferences.",
            )
        )
    return python


def start_backend(python: Path, home: Path, *, outlive_blender: bool = False) -> BackendProcess:
    """Start ``cameo serve`` in ``home``. Returns at once; the connection file appears when it listens.

    Raises:
        NoBackend: ``backend.cannot_start``, the folder cannot be written or the program cannot be run.
    """
    command = [str(python), "-P", "-m", "cameo.backend", "serve", "--home", str(home)]
    if not outlive_blender:
        command += ["--parent-pid", str(os.getpid())]
    try:
        home.mkdir(parents=True, exist_ok=True)
        log = home / LOG_NAME
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
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
    return BackendProcess(process, log)


def _python_of_checkout(folder: Path) -> Path:
    return folder / ".cameo" / "env-backend" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _environment() -> dict[str, str]:
    """Blender's own Python variables would lead the backend's Python astray."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
