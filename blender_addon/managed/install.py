"""Making the managed environment, step by step: checks, Python, environment, packages, Cameo, verification, switch.

Everything goes into a new environment beside the one in use. Only when it has been verified does it get its marker,
and then the pointer is switched; whatever fails before that leaves the one in use as it was.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..link.problem import Problem
from .bound_process import BoundProcesses
from .find_python import FoundPython, find_python
from .folder import Installed, ManagedFolder, python_of
from .lock import Lock
from .machine import free_bytes, path_is_too_long
from .pip_words import PipProgress, disk_full, problem_of
from .refusal import Refused, unwritable

Report = Callable[[float, str], None]
"""Called with the fraction done and a readable line."""


@dataclass(frozen=True)
class Choices:
    """What the artist's preferences say about an installation.

    Attributes:
        python: a Python to use; empty: one that is found.
        wheelhouse: a folder with all packages; nothing is fetched then. None: the package index.
        online: Blender allows access to the network.
    """

    python: str = ""
    wheelhouse: Path | None = None
    online: bool = True


def check(folder: ManagedFolder, lock: Lock, choices: Choices) -> None:
    """What can be known before anything is made.

    Raises:
        Refused: ``install.offline``, ``.no_wheelhouse``, ``.disk_full``, ``.path_too_long``.
    """
    if choices.wheelhouse is not None and not any(choices.wheelhouse.glob("*.whl")):
        raise Refused(
            Problem(
                "install.no_wheelhouse",
                f"There are no packages in {choices.wheelhouse}.",
                "it holds no file that ends in .whl",
                "Choose the folder with the packages in the add-on's preferences, or leave it empty.",
            )
        )
    if choices.wheelhouse is None and not choices.online:
        raise Refused(
            Problem(
                "install.offline",
                "Blender may not use the network.",
                "Allow Online Access is off in Blender's preferences, System",
                "Allow it, or choose a folder with the packages.",
            )
        )
    if (free := free_bytes(folder.root)) < lock.needed_bytes:
        raise Refused(
            disk_full(f"{free / 2**30:.1f} GB are free at {folder.root}; {lock.needed_bytes / 2**30:.0f} GB are needed")
        )
    if path_is_too_long(folder.root / "env-99"):
        raise Refused(
            Problem(
                "install.path_too_long",
                "The path of the backend's folder is too long for Windows.",
                str(folder.root),
                r"Choose a short folder, such as C:\Cameo, in the add-on's preferences.",
            )
        )


class Installation:
    """One run. :meth:`run` blocks for minutes: it belongs in a thread. :meth:`cancel` is for any thread."""

    def __init__(self, folder: ManagedFolder, lock: Lock, choices: Choices, report: Report) -> None:
        self._folder = folder
        self._lock = lock
        self._choices = choices
        self._report = report
        self._processes = BoundProcesses(folder.log)
        self._progress_bar = "off"
        self._done = 0.05

    def cancel(self) -> None:
        """End it soon; :meth:`run` raises ``Cancelled``."""
        self._processes.cancel()

    def run(self) -> Installed:
        """Install; the environment in use is the new one when this returns.

        Raises:
            Refused: with the reason. Cancelled: by :meth:`cancel`. The environment in use is then the old one.
        """
        check(self._folder, self._lock, self._choices)
        self._report(0.01, "Looking for a Python")
        python = find_python(self._choices.python, may_download=self._choices.online and not self._choices.wheelhouse)
        environment = self._folder.begin()
        try:
            return self._fill(environment, python)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Refused(disk_full(str(error))) from error
            raise unwritable(self._folder.root, error) from error
        finally:
            self._tidy(environment)

    def _fill(self, environment: Path, python: FoundPython) -> Installed:
        self._folder.log.write_text("", encoding="utf-8")
        self._make_environment(environment, python)
        self._install_packages(environment)
        self._install_backend(environment)
        self._verify(environment)
        installed = Installed(environment, self._lock.software, self._lock.variant, self._lock.fingerprint)
        self._folder.mark_ready(installed)
        self._folder.switch_to(installed)
        return installed

    def _tidy(self, environment: Path) -> None:
        """Take away what came to nothing. The downloads stay for a retry, and go with success."""
        if environment in self._folder.interrupted():
            shutil.rmtree(environment, ignore_errors=True)
        elif environment.exists():
            shutil.rmtree(self._folder.cache, ignore_errors=True)
        self._folder.end()

    def _make_environment(self, environment: Path, python: FoundPython) -> None:
        version = "{}.{}".format(*python.version)
        self._report(0.03, f"Making an environment of Python {version}")
        if python.uv:
            code, said = self._processes.run(
                [python.program, "venv", "--seed", "--no-project", "--python", version, environment]
            )
        else:
            code, said = self._processes.run_module(python.program, "venv", [environment])
        if code != 0:
            raise Refused(
                disk_full(said[-300:])
                if "No space left" in said
                else Problem(
                    "install.no_environment",
                    f"{python.program} cannot make an environment.",
                    said[-300:],
                    "On Debian or Ubuntu install python3-venv; elsewhere install Python again, or choose another one "
                    "in the add-on's preferences.",
                )
            )

    def _install_packages(self, environment: Path) -> None:
        """torch alone may come from a page of its own; nothing else is looked for there."""
        self._progress_bar = self._kind_of_progress_bar(environment)
        common = ["--only-binary=:all:", "-c", str(self._lock.constraints)]
        if self._lock.torch_index and self._choices.wheelhouse is None:
            index = ["--extra-index-url", self._lock.torch_index]
            self._collect(environment, [*common, "--no-deps", *index, self._lock.torch], 1, (0.05, 0.4))
        files = [part for path in self._lock.requirements for part in ("-r", str(path))]
        self._collect(environment, [*common, *files], self._lock.count(), (self._done, 0.85))

    def _collect(self, environment: Path, arguments: list[str], packages: int, span: tuple[float, float]) -> None:
        """One run of pip, which takes the progress through ``span``."""
        progress = PipProgress(packages)
        start, end = span

        def hear(line: str) -> None:
            progress.hear(line)
            self._done = start + (end - start) * progress.fraction
            self._report(self._done, progress.line)

        self._pip(environment, [f"--progress-bar={self._progress_bar}", *arguments], "the backend", hear)

    def _kind_of_progress_bar(self, environment: Path) -> str:
        """``raw``: numbers instead of a drawing, which pip has since 24.1."""
        _, said = self._processes.run_module(python_of(environment), "pip", ["--version"])
        found = re.match(r"pip (\d+)\.(\d+)", said)
        return "raw" if found and (int(found[1]), int(found[2])) >= (24, 1) else "off"

    def _install_backend(self, environment: Path) -> None:
        self._report(0.86, "Installing Cameo's backend")
        self._pip(environment, ["--no-deps", "--force-reinstall", *self._lock.backend], "Cameo itself")

    def _pip(
        self, environment: Path, arguments: list[str], what: str, hear: Callable[[str], None] = lambda _: None
    ) -> None:
        options = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
        if self._choices.wheelhouse is not None:
            options += ["--no-index", "--find-links", str(self._choices.wheelhouse)]
        elif not self._choices.online:
            options += ["--no-index"]
        options += ["--cache-dir", str(self._folder.cache)]
        code, said = self._processes.run_module(python_of(environment), "pip", ["install", *options, *arguments], hear)
        if code != 0:
            raise Refused(problem_of(said, what))

    def _verify(self, environment: Path) -> None:
        self._report(0.9, "Trying the new backend: libraries")
        python = python_of(environment)
        code, said = self._processes.run([python, "-I", "-c", self._lock.probe])
        if code == 0:
            self._report(0.95, "Trying the new backend: cameo doctor")
            code, said = self._processes.run_module(python, "cameo.backend", ["doctor"])
        if code != 0:
            bad = [line for line in said.splitlines() if line.startswith("bad")]
            raise Refused(
                Problem(
                    "install.verify_failed",
                    "The backend was installed but does not work, so it was taken away again.",
                    "; ".join(bad)[:300] or said[-300:],
                    "Read the log. A backend that was installed before is still there, and works as it did.",
                )
            )
