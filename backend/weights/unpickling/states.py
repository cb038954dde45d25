"""A file of ``torch.save`` with networks' states (``.pth``; a zip since torch 1.6): tensors by name."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from typing import BinaryIO

import numpy as np
from allow_list import AllowList
from refusal import Refused
from stand_ins import COMMON, Sealed, numbers
from torch_stand_ins import STORAGES, TORCH, named_storage

codecs.lookup("cp437")  # of names in zips; it is imported when it is first used, which the wall would not allow
_NAME = re.compile(r"[\w.]{1,200}", re.ASCII)
_DEEPEST = 4
_MOST_TENSORS = 20_000
_MOST_TABLE_BYTES = 64 << 20
_MOST_RESULT_BYTES = 1 << 30


class _Table(dict[object, object], metaclass=Sealed):
    """collections.OrderedDict; a state's remarks on versions, which it carries as attributes, are passed over."""

    __slots__ = ()

    def __init__(self, *_: object) -> None:
        super().__init__()

    def __setstate__(self, _: object) -> None:
        return None


_ALLOWED: dict[str, type] = {**COMMON, **TORCH, **STORAGES, "collections.OrderedDict": _Table}


class _Archive(AllowList):
    """Unpickles ``data.pkl``; the numbers lie beside it in the zip, each storage once."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._read: dict[str, np.ndarray] = {}
        self._bytes = 0
        super().__init__(io.BytesIO(self._member("data.pkl", _MOST_TABLE_BYTES)), _ALLOWED.get)

    def persistent_load(self, pid: object, /) -> object:
        named = named_storage(pid)
        if named is None or not named[0].isdecimal():
            return super().persistent_load(pid)
        key, scalar = named
        if key not in self._read:
            contents = self._member(f"data/{key}", _MOST_RESULT_BYTES - self._bytes)
            dtype = np.dtype(scalar)
            self._bytes += len(contents)
            self._read[key] = numbers(contents, dtype, (len(contents) // dtype.itemsize,), "C")
        return self._read[key]

    def _member(self, name: str, most: int) -> bytes:
        try:
            about = self._archive.getinfo(self._folder + name)
        except KeyError:
            raise Refused(f"it lacks its part '{name}'") from None
        if about.compress_type != zipfile.ZIP_STORED or about.file_size > most:
            raise Refused("its tensors are too large")
        return self._archive.read(about)


def states_of(stream: BinaryIO) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Every tensor in the file's dict; the names of dicts within dicts are joined by dots. No texts.

    Raises:
        Refused: with the reason, in words that follow "The file was not read:".
    """
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile:
        raise Refused("it is no file of torch.save, or not a whole one") from None
    folders = [name.removesuffix("data.pkl") for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise Refused("it is a zip of something else")
    found: dict[str, np.ndarray] = {}
    _collect(_Archive(archive, folders[0]).load(), "", found, _DEEPEST)
    if not found:
        raise Refused("it holds no tensors")
    return found, {}


def _collect(table: object, path: str, found: dict[str, np.ndarray], deepest: int) -> None:
    """Counts as it goes: a small file can refer to itself in very many ways."""
    if not isinstance(table, dict) or deepest == 0:
        raise Refused("it does not hold tables of tensors")
    for name, value in table.items():
        if not isinstance(name, str) or not isinstance(value, np.ndarray | dict):
            continue  # what a training leaves beside the weights: steps, rates, the optimiser's numbered lists
        if not _NAME.fullmatch(name):
            raise Refused("a tensor has an impossible name")
        if isinstance(value, dict):
            _collect(value, f"{path}{name}.", found, deepest - 1)
        else:
            found[path + name] = value
    if len(found) > _MOST_TENSORS or sum(value.nbytes for value in found.values()) > _MOST_RESULT_BYTES:
        raise Refused("its tensors are too large")
