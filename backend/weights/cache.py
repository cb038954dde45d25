"""The folder where fetched files live, room on disks, and the lock that keeps two processes from filling one folder."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...protocol.locks import try_lock
from ..errors import AssetError
from ..progress import Reporter

_SPARE_BYTES = 32 << 20  # left free for everybody else on the disk
_LOCK_POLL_S = 0.1


def cache_dir() -> Path:
    """Return the user's cache folder for Cameo; ``CAMEO_CACHE`` overrides it. Not created here."""
    override = os.environ.get("CAMEO_CACHE")
    if override:
        return Path(override).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "cameo"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "cameo"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cameo"


def make_folder(folder: Path) -> None:
    """Create ``folder``. Raises :class:`AssetError` ``asset.cache_unwritable``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def require_space(folder: Path, needed: int) -> None:
    """Raise :class:`AssetError` ``asset.disk_full`` unless ``needed`` bytes and a little more are free."""
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise disk_full(folder, f"{needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free")


def disk_full(folder: Path, cause: str) -> AssetError:
    """The error for a disk without room for the download."""
    return AssetError(
        "asset.disk_full",
        f"There is not enough room on the disk of {folder}.",
        cause=cause,
        fix="Free some space, or set CAMEO_CACHE (for the large models CAMEO_MODELS) to a folder on another disk.",
    )


def _unwritable(folder: Path, error: OSError) -> AssetError:
    return AssetError(
        "asset.cache_unwritable",
        f"Nothing can be written into the folder {folder}.",
        cause=str(error),
        fix="Set CAMEO_CACHE (for the large models CAMEO_MODELS) to a folder you may write to.",
    )


@contextmanager
def locked(path: Path, reporter: Reporter) -> Iterator[None]:
    """Hold the lock file ``path``; another holder is waited for, and the wait can be cancelled.

    The operating system drops the lock when its holder dies, so a killed process never blocks the next one.
    """
    try:
        handle = path.open("ab")
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    with handle:
        while not try_lock(handle):
            reporter.progress(0.0, f"waiting for another process that fetches {path.stem}")
            time.sleep(_LOCK_POLL_S)
        yield
