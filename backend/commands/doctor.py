"""``cameo doctor``: can this machine make avatars, and if not, why?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from rich.console import Console

from ...protocol.connection import default_home, read_connection
from ...protocol.errors import CameoError
from ...protocol.version import PROTOCOL_VERSION, SOFTWARE_VERSION
from ..service.server import Server
from ..weights.cache import cache_dir
from ..weights.fetch import is_cached
from ..weights.model_table import MODELS
from ..weights.models import is_installed, models_dir
from ..weights.registry import ASSETS

_NEEDED_MEMORY = 4 << 30
_NEEDED_DISK = 2 << 30
_PACKAGES = ("numpy", "scipy", "torch", "numba", "opencv-python-headless", "ai-edge-litert", "pyzmq")

Finding = tuple[bool, str, str]
"""(good, what was found, what to do if it is not good)"""


def doctor() -> None:
    """Check this machine: packages, memory, disk, model files, and that a server can start."""
    console = Console()
    console.print(f"Cameo {SOFTWARE_VERSION}, protocol {PROTOCOL_VERSION[0]}.{PROTOCOL_VERSION[1]}")
    console.print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    healthy = True
    for check in _CHECKS:
        for good, found, fix in check():
            healthy &= good
            console.print(
                ("[green]ok[/green]   " if good else "[red]bad[/red]  ") + found + ("" if good else f" {fix}")
            )
    if not healthy:
        sys.exit(1)


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield True, f"{name} {importlib.metadata.version(name)}", ""
        except importlib.metadata.PackageNotFoundError:
            yield False, f"{name} is not installed.", "Install the backend again."


def _memory() -> Iterator[Finding]:
    total = psutil.virtual_memory().total
    yield total >= _NEEDED_MEMORY, f"{total / 2**30:.1f} GB of memory", "At least 4 GB are needed."


def _disk() -> Iterator[Finding]:
    for purpose, folder in (("jobs", default_home()), ("small files", cache_dir()), ("models", models_dir())):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        found = f"{free / 2**30:.1f} GB free for {purpose} in {folder}"
        yield free >= _NEEDED_DISK, found, "At least 2 GB are needed."
        yield os.access(existing, os.W_OK), f"{existing} is writable", "Make it writable."


def _weights() -> Iterator[Finding]:
    for row in ASSETS.values():
        if row.sources and not row.evaluation_only:
            state = "is here" if is_cached(row.name) else "will be fetched when it is first needed"
            yield True, f"{row.name} {state}", ""


def _models() -> Iterator[Finding]:
    """Models that are not installed are no fault: the built-in engine needs none."""
    for row in MODELS.values():
        wanted = f" (the engine {' and '.join(row.needed_by)} needs it)" if row.needed_by else ""
        missing = f"is not installed{wanted}: cameo weights licences {row.name}"
        yield True, f"{row.title} {'is installed' if is_installed(row.name) else missing}", ""


def _server() -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            Server(Path(folder)).close()
        except CameoError as error:
            yield False, error.sentence, f"{error.cause} {error.fix}"
        else:
            yield True, "a server can start", ""
    try:
        yield True, f"a backend is running: process {read_connection(default_home()).pid}", ""
    except CameoError as error:
        yield True, f"{error.sentence} ({default_home()})", ""


_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (_packages, _memory, _disk, _weights, _models, _server)
