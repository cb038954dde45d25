"""Puts a model into the models folder: downloaded or brought by the artist, converted, tried with its reader, recorded.

A model is made in ``.new-NAME`` and gets its place by one rename, so it is installed as a whole or not at all. What was
downloaded stays in ``.new-NAME/download`` until then; a download that stopped goes on from there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import AssetError
from ..progress import Reporter
from .cache import disk_full, locked, make_folder, require_space
from .consent import require_accepted
from .download import Download
from .meter import Meter
from .model_table import Model, ModelFile
from .models import how_to_get, models_dir
from .recognise import Found
from .records import KeptFile, Record, file_hash, kept_file, now, write_record

_DOWNLOAD, _MODEL, _OLD = "download", "model", "old"
_CHUNK = 4 << 20
_SAME_ANYWHERE = frozenset({"asset.disk_full", "asset.cache_unwritable", "weights.interrupted"})
"""After these the next address, on the same network, would fail in the same way."""


@dataclass(frozen=True)
class ModelReader:
    """How the code that uses a model reads it; that code lies above this package.

    Attributes:
        check: takes what ``model_path`` gives (for models that are not converted: the folder); raises AssetError.
        convert: writes what a pickle (first path) holds to a safetensors file (second path); raises AssetError.
    """

    check: Callable[[Path], None]
    convert: Callable[[Path, Path], None] | None = None


def fetch_model(row: Model, reader: ModelReader, reporter: Reporter) -> Record:
    """Download a model whose licence was accepted, and install it.

    Raises:
        AssetError: ``weights.by_hand``, ``weights.licence_not_accepted``, those of :class:`.download.Download` and of
            the reader.
    """
    folder = models_dir()
    if not row.addresses:
        raise AssetError(
            "weights.by_hand",
            f"{row.title} cannot be fetched by a program: its page asks for a person.",
            cause=f"Wanted is the file {row.files[0].shown}.",
            fix=f"Do this by hand: {how_to_get(row)}",
        )
    make_folder(folder)
    require_accepted(folder, row)
    with _workplace(row, reporter) as work:
        wanted = [file for file in row.files if not file.optional]
        lacking = [file for file in wanted if not (work / _DOWNLOAD / file.path).is_file()]
        room = sum(file.size for file in lacking) - sum(part.stat().st_size for part in work.rglob("*.part"))
        require_space(folder, max(room, 0) + (row.size if row.converted else 0))
        meter = Meter(reporter, f"fetching {row.title}", row.size)
        done = sum(file.size for file in wanted if file not in lacking)
        for file in lacking:
            _fetch(row, file, work, lambda here, before=done: meter.at(before + here))
            done += file.size
        sources = {file.path: work / _DOWNLOAD / file.path for file in wanted}
        known = [file.sha256 for file in wanted if file.sha256]  # compared while they were written
        return _install(row, sources, work, reader, row.addresses[0], True if known else None, reporter, _rename)


def import_model(found: Found, reader: ModelReader, reporter: Reporter, *, move: bool = False) -> Record:
    """Install a model that the artist has: copied, or with ``move`` taken from where it lies.

    Raises:
        AssetError: those of the reader, ``asset.disk_full``, ``asset.cache_unwritable``. Nothing has changed then.
    """
    row, folder = found.model, models_dir()
    make_folder(folder)
    if not row.converted:
        reader.check(_root(row, found.files))  # before gigabytes are copied
    with _workplace(row, reporter) as work:
        total = sum(path.stat().st_size for path in found.files.values())
        require_space(folder, 0 if move and not row.converted and _on_one_disk(found.files, folder) else total)
        published = _is_published(row, found.files, Meter(reporter, f"checking {row.title}", total))
        origin = os.path.commonpath(found.files.values())
        try:
            record = _install(row, found.files, work, reader, origin, published, reporter, _link if move else _copy)
        except AssetError:
            shutil.rmtree(work / _MODEL, ignore_errors=True)
            raise
    if move:
        for path in found.files.values():  # not before the model is in its place
            if not path.resolve().is_relative_to((folder / row.name).resolve()):
                path.unlink(missing_ok=True)
    return record


@contextmanager
def _workplace(row: Model, reporter: Reporter) -> Iterator[Path]:
    """The folder where the model is made, for one process at a time."""
    folder = models_dir()
    with locked(folder / f".{row.name}.lock", reporter):
        work = folder / f".new-{row.name}"
        make_folder(work)
        try:
            yield work
        finally:
            if work.is_dir() and not any(work.iterdir()):
                work.rmdir()


def _fetch(row: Model, file: ModelFile, work: Path, tell: Callable[[int], None]) -> None:
    """Try the addresses in order; when all fail, the first one's error says why."""
    failures: list[AssetError] = []
    for address in row.addresses:
        target = work / _DOWNLOAD / file.path
        try:
            Download(f"{address}/{file.path}", target, file.size if file.exact else None, file.sha256).run(tell)
            return
        except AssetError as error:
            if error.code in _SAME_ANYWHERE:
                raise
            failures.append(error)
    raise failures[0]


def _install(
    row: Model,
    sources: dict[str, Path],
    work: Path,
    reader: ModelReader,
    origin: str,
    published: bool | None,
    reporter: Reporter,
    take: Callable[[Path, Path], None],
) -> Record:
    """Make the model's folder out of its files, ``take`` what is not converted, and put it in its place."""
    made = work / _MODEL
    shutil.rmtree(made, ignore_errors=True)
    places = {file: _place_of(row, file, sources[file.path]) for file in row.files if file.path in sources}
    for file, place in places.items():
        reporter.progress(0.0, f"installing {row.title}: {file.shown}")
        target = made / place
        target.parent.mkdir(parents=True, exist_ok=True)
        _place(row, file, sources[file.path], target, reader, take)
    reporter.progress(0.0, f"trying {row.title} with its reader")
    reader.check(made / row.kept(row.files[0]) if row.single else made)
    record = Record(row.name, origin, now(), published, _kept(made, list(places.values()), row, reporter))
    write_record(made, record)
    place = models_dir() / row.name
    if place.exists():
        shutil.rmtree(work / _OLD, ignore_errors=True)
        os.replace(place, work / _OLD)
    os.replace(made, place)
    shutil.rmtree(work, ignore_errors=True)
    return record


def _place_of(row: Model, file: ModelFile, source: Path) -> str:
    """Below the model's folder; a file that serves as well as the one in the table keeps its name."""
    return next((path for path in file.instead if source.name == Path(path).name), row.kept(file))


def _place(
    row: Model, file: ModelFile, source: Path, target: Path, reader: ModelReader, take: Callable[[Path, Path], None]
) -> None:
    if reader.convert is not None and row.kept(file) != file.path and source.suffix != target.suffix:
        reader.convert(source, target)
    else:
        take(source, target)


def _rename(source: Path, target: Path) -> None:
    """For downloads, which are ours. A second name keeps them for the next attempt; some disks cannot give one."""
    try:
        os.link(source, target)
    except OSError:
        os.replace(source, target)


def _link(source: Path, target: Path) -> None:
    """For the artist's files: a second name takes no room, and the first one stays until all is well."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        _copy(source, target)


def _on_one_disk(files: dict[str, Path], folder: Path) -> bool:
    return all(path.stat().st_dev == folder.stat().st_dev for path in files.values())


def _copy(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as taken, target.open("wb") as given:
            shutil.copyfileobj(taken, given, _CHUNK)
    except OSError as error:
        raise disk_full(target.parent, str(error)) from error


def _kept(folder: Path, paths: Sequence[str], row: Model, reporter: Reporter) -> tuple[KeptFile, ...]:
    total = sum((folder / path).stat().st_size for path in paths)
    meter = Meter(reporter, f"recording {row.title}", total)
    return tuple(kept_file(folder, path, meter.add) for path in paths)


def _is_published(row: Model, files: dict[str, Path], meter: Meter) -> bool | None:
    """Whether files have the hashes that are known; None when none is known."""
    known = [file for file in row.files if file.sha256 and file.path in files]
    if not known:
        return None
    return all(file_hash(files[file.path], meter.add) == file.sha256 for file in known)


def _root(row: Model, files: dict[str, Path]) -> Path:
    """The folder below which the files lie as in the table."""
    first = row.files[0].path
    return files[first].parents[first.count("/")]
