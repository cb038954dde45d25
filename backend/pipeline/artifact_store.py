"""Stage results on disk, found again by what they were made from.

An artifact is a dataclass of arrays and plain values (``backend/artifacts.py``). It becomes one archive file named
after the hash of its inputs, written aside and renamed, so that a file that is there is whole: resuming a job is
skipping the stages whose file exists.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from ...protocol.archive import ArchiveError, ArchiveLimits, ArchiveReader, write_archive
from ...protocol.version import SOFTWARE_VERSION
from ..stage import Record

HEADER = "artifact.json"
LIMITS = ArchiveLimits(total_bytes=16 << 30, members=4096)
_PACKAGE = Path(__file__).parents[2]

T = TypeVar("T")


class ArtifactStore:
    """The artifacts of one job, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, stage: str, key: str) -> Path:
        return self.folder / f"{stage}-{key[:24]}.zip"

    def save(self, stage: str, key: str, artifact: object, record: Record) -> None:
        """Keep ``artifact`` with ``record`` (JSON-able: how it was made). Raises OSError, as when the disk is full."""
        arrays: dict[str, np.ndarray] = {}
        tree = _to_tree(artifact, stage, arrays)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_archive(self.path(stage, key), HEADER, {"record": record, "tree": tree}, arrays, {})

    def load(self, stage: str, key: str, cls: type[T]) -> tuple[T, Record] | None:
        """The artifact and its record; None if there is none. A damaged file counts as none and is taken away."""
        path = self.path(stage, key)
        try:
            with ArchiveReader(path, LIMITS) as archive:
                header = archive.header(HEADER)
                record = header["record"]
                return _from_tree(cls, header["tree"], archive), record if isinstance(record, dict) else {}
        except FileNotFoundError:
            return None
        except (ArchiveError, KeyError, TypeError):
            path.unlink(missing_ok=True)
            return None


def artifact_key(*parts: object) -> str:
    """Hash of everything an artifact is made from: earlier keys, the stage's name, its configuration."""
    digest = hashlib.sha256()
    for part in parts:
        text = part if isinstance(part, str) else json.dumps(_plain(part), sort_keys=True)
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()


@cache
def code_version() -> str:
    """Hash of the code and data that make artifacts: results of other code are not taken for this code's."""
    digest = hashlib.sha256(SOFTWARE_VERSION.encode())
    for path in sorted([*(_PACKAGE / "backend").rglob("*"), *(_PACKAGE / "protocol").rglob("*")]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _plain(value: object) -> object:
    """Configuration as JSON: dataclasses become objects that name their class."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {"class": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _to_tree(value: Any, path: str, arrays: dict[str, np.ndarray]) -> object:
    """JSON of ``value``; arrays go to ``arrays``, named by where they stand."""
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path}
    if isinstance(value, np.generic | Enum):
        return value.item() if isinstance(value, np.generic) else value.value
    if dataclasses.is_dataclass(value):
        return {f.name: _to_tree(getattr(value, f.name), f"{path}.{f.name}", arrays) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _to_tree(one, f"{path}.{key}", arrays) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_to_tree(one, f"{path}.{index}", arrays) for index, one in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # a measurement that could not be made; JSON has no word for it
    return value


def _from_tree(hint: Any, tree: Any, archive: ArchiveReader) -> Any:
    """The value of type ``hint`` that ``_to_tree`` took apart."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, Union):
        return None if tree is None else _from_tree(arguments[0], tree, archive)
    if hint is np.ndarray or origin is np.ndarray:
        return archive.array(tree["array"])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{f.name: _from_tree(hints[f.name], tree[f.name], archive) for f in dataclasses.fields(hint)})
    if origin is tuple:
        kinds = arguments[:1] * len(tree) if arguments[-1] is ... else arguments
        return tuple(_from_tree(kind, one, archive) for kind, one in zip(kinds, tree, strict=True))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(tree)
    return tree
