"""What a machine has of what a backend needs: packages, memory, disk, model files. Found without torch, in a moment."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from ...protocol.messages import Finding
from ..weights.cache import cache_dir
from ..weights.fetch import is_cached
from ..weights.model_table import MODELS
from ..weights.models import is_installed, models_dir
from ..weights.registry import ASSETS

_NEEDED_MEMORY = 4 << 30
_NEEDED_DISK = 2 << 30
_PACKAGES = ("numpy", "scipy", "torch", "numba", "opencv-python-headless", "ai-edge-litert", "pyzmq")


def findings(home: Path) -> Iterator[Finding]:
    """One finding after the other. ``home``: the folder of the backend's jobs."""
    yield from _packages()
    yield from _memory()
    yield from _disk(home)
    yield from _weights()
    yield from _models()


def for_guests(found: Iterable[Finding]) -> Iterator[Finding]:
    """The same for somebody on another computer, without the name of who is logged in here."""
    home = str(Path.home())
    for finding in found:
        yield Finding(finding.good, finding.found.replace(home, "~"), finding.fix.replace(home, "~"))


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(True, f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            yield Finding(False, f"{name} is not installed.", "Install the backend again.")


def _memory() -> Iterator[Finding]:
    total = psutil.virtual_memory().total
    yield Finding(total >= _NEEDED_MEMORY, f"{total / 2**30:.1f} GB of memory", "At least 4 GB are needed.")


def _disk(home: Path) -> Iterator[Finding]:
    for purpose, folder in (("jobs", home), ("small files", cache_dir()), ("models", models_dir())):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        found = f"{free / 2**30:.1f} GB free for {purpose} in {folder}"
        yield Finding(free >= _NEEDED_DISK, found, "At least 2 GB are needed.")
        writable = os.access(existing, os.W_OK)
        yield Finding(writable, f"{existing} is {'' if writable else 'not '}writable", "Make it writable.")


def _weights() -> Iterator[Finding]:
    for row in ASSETS.values():
        if row.sources and not row.evaluation_only:
            state = "is here" if is_cached(row.name) else "will be fetched when it is first needed"
            yield Finding(True, f"{row.name} {state}")


def _models() -> Iterator[Finding]:
    """Models that are not installed are no fault: the built-in engine needs none."""
    for row in MODELS.values():
        wanted = f" (the engine {' and '.join(row.needed_by)} needs it)" if row.needed_by else ""
        missing = f"is not installed{wanted}: cameo weights licences {row.name}"
        yield Finding(True, f"{row.title} {'is installed' if is_installed(row.name) else missing}")
