"""What is installed: a record in each model's folder, with the hashes the files had when they were put there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RECORD = "installed.json"
_CHUNK = 4 << 20


@dataclass(frozen=True)
class KeptFile:
    """A file below the model's folder: path with ``/``, bytes, sha256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """How a model came here.

    Attributes:
        model: its name.
        origin: the address, or the path of what was imported.
        date: ISO 8601, UTC.
        published: every file whose published hash is known had it; False: at least one differs; None: none is known.
        files: all, as they lie here.
    """

    model: str
    origin: str
    date: str
    published: bool | None
    files: tuple[KeptFile, ...]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_json(path: Path, content: object) -> None:
    """Write ``content``, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(temporary, path)


def write_record(folder: Path, record: Record) -> None:
    write_json(folder / RECORD, asdict(record))


def read_record(folder: Path) -> Record | None:
    """The record in ``folder``; None where there is none that can be read."""
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = tuple(KeptFile(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in content["files"])
        return Record(content["model"], content["origin"], content["date"], content["published"], files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def kept_file(folder: Path, path: str, tell: Callable[[int], None]) -> KeptFile:
    """The file ``path`` in ``folder`` as it is now."""
    file = folder / path
    return KeptFile(path, file.stat().st_size, file_hash(file, tell))


def file_hash(path: Path, tell: Callable[[int], None]) -> str:
    """sha256, hexadecimal; ``tell`` hears how many bytes each step took and may raise to stop."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
            tell(len(block))
    return digest.hexdigest()


def faults(folder: Path, record: Record, tell: Callable[[int], None]) -> list[str]:
    """What is wrong with the files of a model, a phrase for each; empty when all are as they were."""
    found = []
    for file in record.files:
        path = folder / file.path
        if not path.is_file():
            found.append(f"{file.path} is missing")
        elif path.stat().st_size != file.size:
            found.append(f"{file.path} has {path.stat().st_size} bytes instead of {file.size}")
        elif file_hash(path, tell) != file.sha256:
            found.append(f"{file.path} was altered")
    return found
