"""A Python on this machine that can make the backend's environment. A candidate is run before it is trusted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..link.problem import Problem
from .bound_process import clean_environment
from .refusal import Refused

VERSIONS = ((3, 11), (3, 12), (3, 13))
"""Those that the locked packages are built for, best first."""
_PROBE = "import json, sys, venv, ensurepip; print(json.dumps([sys.executable, *sys.version_info[:2], sys.maxsize]))"
_PROBE_SECONDS = 20  # a shim that waits for something is no Python


@dataclass(frozen=True)
class FoundPython:
    """What makes the environment: a working Python, or ``uv``, which brings one of ``version``."""

    program: Path
    version: tuple[int, int]
    uv: bool = False


def find_python(chosen: str = "", *, may_download: bool = False) -> FoundPython:
    """The Python to use.

    Args:
        chosen: the artist's own choice; nothing else is tried then.
        may_download: ``uv`` may fetch a Python where none is installed.

    Raises:
        Refused: ``install.wrong_python``: the chosen one does not do; ``install.no_python``: none does.
    """
    if chosen:
        return _chosen_python(chosen)
    working = {}
    for command in candidates():
        found = probe(command)
        if found is not None and found.version in VERSIONS:
            if found.version == VERSIONS[0]:
                return found
            working.setdefault(found.version, found)
    if best := next((working[version] for version in VERSIONS if version in working), None):
        return best
    if may_download and (uv := shutil.which("uv", path=_search_path())):
        return FoundPython(Path(uv), VERSIONS[0], uv=True)
    raise Refused(
        Problem(
            "install.no_python",
            f"No Python {_wanted()} was found on this computer.",
            "Cameo's backend runs in a Python of its own, outside Blender",
            "Install Python 3.11 from python.org (64-bit), or your system's package manager; then press Retry. "
            "If one is installed in an unusual place, choose it in the add-on's preferences.",
        )
    )


def probe(command: Sequence[str]) -> FoundPython | None:
    """Run a candidate: its real path and version if it is 64-bit and can make environments, else None."""
    try:
        done = subprocess.run(
            [*command, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
            env=clean_environment(),
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        executable, major, minor, largest = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return FoundPython(Path(executable), (major, minor)) if largest > 1 << 32 else None


def candidates() -> Iterator[list[str]]:
    """Commands that may be Pythons, in the order in which they are tried; Blender's own comes last."""
    names = [f"python{major}.{minor}" for major, minor in VERSIONS]
    seen: set[str] = set()
    for name in (*names, "python3", "python"):
        path = shutil.which(name, path=_search_path())
        if path is not None and path not in seen:
            seen.add(path)
            yield [path]
    if launcher := shutil.which("py"):
        yield from ([launcher, f"-{major}.{minor}"] for major, minor in VERSIONS)
    for folder, pattern in _usual_places():
        for path in sorted(folder.glob(pattern), reverse=True):
            if str(path) not in seen:
                seen.add(str(path))
                yield [str(path)]
    yield [sys.executable]


def _search_path() -> str:
    """Programs that are started from a desktop see less of the path than a terminal does."""
    extra = ["/opt/homebrew/bin", "/usr/local/bin", str(Path.home() / ".local" / "bin")]
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *([] if os.name == "nt" else extra)])


def _usual_places() -> Iterator[tuple[Path, str]]:
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
        places = [(local / "Programs" / "Python", "Python3{minor}/python.exe")]
        places += [(Path(os.environ.get("ProgramFiles", r"C:\Program Files")), "Python3{minor}/python.exe")]  # noqa: SIM112
    else:
        root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
        places = [(root / "versions", "3.{minor}.*/bin/python3.{minor}")]
        places += [(Path("/Library/Frameworks/Python.framework/Versions"), "3.{minor}/bin/python3.{minor}")]
    for _, minor in VERSIONS:
        yield from ((folder, pattern.format(minor=minor)) for folder, pattern in places)


def _chosen_python(chosen: str) -> FoundPython:
    found = probe([str(Path(chosen).expanduser())])
    if found is not None and found.version in VERSIONS:
        return found
    cause = "it does not run, is not 64-bit, or cannot make environments"
    if found is not None:
        cause = f"it is Python {found.version[0]}.{found.version[1]}"
    raise Refused(
        Problem(
            "install.wrong_python",
            f"The Python chosen in the preferences cannot be used: {chosen}.",
            cause,
            f"Choose a Python {_wanted()} there, or leave it empty.",
        )
    )


def _wanted() -> str:
    *others, last = (f"{major}.{minor}" for major, minor in VERSIONS)
    return f"{', '.join(others)} or {last}"
