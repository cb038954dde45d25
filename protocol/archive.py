"""A stored ZIP of one JSON header and plain ``.npy`` arrays, read as if an enemy had written it.

Why a ZIP: any tool opens it, every member carries a CRC, and arrays stay readable by ``numpy.load``. Why stored and
not compressed: no decompression bombs, and a member's size in the directory is its true size.
"""

from __future__ import annotations

import io
import json
import math
import os
import tokenize
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

HEADER_LIMIT = 4 << 20
_COPY_BYTES = 4 << 20
_ZIP_START = b"PK\x03\x04"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date: equal content gives equal bytes
_NPY_ERRORS = (ValueError, TypeError, SyntaxError, tokenize.TokenError, EOFError, RecursionError, MemoryError)
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, KeyError)


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold."""

    total_bytes: int = 1 << 30
    members: int = 256


class ArchiveError(Exception):
    """The bytes are no usable archive. ``kind`` is ``"foreign"``, ``"truncated"`` or ``"corrupt"``."""

    def __init__(self, kind: str, cause: str) -> None:
        super().__init__(cause)
        self.kind = kind
        self.cause = cause


def write_archive(
    path: Path,
    header_name: str,
    header: Mapping[str, object],
    arrays: Mapping[str, np.ndarray],
    blobs: Mapping[str, bytes],
) -> None:
    """Write the archive beside ``path``, flush it to the disk, then rename: ``path`` is never half written.

    Raises:
        OSError: the folder cannot be written, or the disk is full; nothing is left behind.
        TypeError, ValueError: ``header`` is not JSON.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as stream:
            _write_members(stream, header_name, header, arrays, blobs)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


class ArchiveReader:
    """The checked content of an archive; every method raises :class:`ArchiveError` and nothing else."""

    def __init__(self, source: Path | bytes, limits: ArchiveLimits = ArchiveLimits()) -> None:
        self._limits = limits
        self._stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")  # noqa: SIM115
        try:
            self._zip = self._open_zip()
            self._members = self._checked_directory()
        except ArchiveError:
            self._stream.close()
            raise

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._stream.close()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def blob(self, name: str, limit: int) -> bytes:
        """The bytes of a member of at most ``limit`` bytes, CRC checked."""
        info = self._members.get(name)
        if info is None:
            raise ArchiveError("corrupt", f"{name} is missing")
        if info.file_size > limit:
            raise ArchiveError("corrupt", f"{name} has {info.file_size} bytes, more than the {limit} allowed")
        try:
            return self._zip.read(info)
        except _ZIP_ERRORS as error:
            raise ArchiveError("corrupt", f"{name} cannot be read: {error}") from error

    def header(self, name: str) -> dict[str, object]:
        """A JSON object."""
        try:
            value = json.loads(self.blob(name, HEADER_LIMIT))
        except (ValueError, RecursionError) as error:
            raise ArchiveError("corrupt", f"{name} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ArchiveError("corrupt", f"{name} is not a JSON object")
        return value

    def array(self, name: str, dtype: str | None = None, ndim: int | None = None) -> np.ndarray:
        """The array ``name`` (stored as ``name.npy``), writable; of this dtype and number of axes where given."""
        info = self._members.get(f"{name}.npy")
        if info is None:
            raise ArchiveError("corrupt", f"{name}.npy is missing")
        try:
            with self._zip.open(info) as member:
                array = self._empty_like(member, info.file_size, name, dtype, ndim)
                _read_into(member, array)
        except _ZIP_ERRORS as error:
            raise ArchiveError("corrupt", f"{name}.npy cannot be read: {error}") from error
        return array

    def _empty_like(self, member: IO[bytes], size: int, name: str, dtype: str | None, ndim: int | None) -> np.ndarray:
        """Read the .npy header and make room for the numbers, if there are as many as it promises."""
        try:
            if np.lib.format.read_magic(member) != (1, 0):
                raise ArchiveError("corrupt", f"{name}.npy is of an unknown .npy version")
            shape, fortran_order, found = np.lib.format.read_array_header_1_0(member)
        except _NPY_ERRORS as error:
            raise ArchiveError("corrupt", f"{name}.npy has no valid header: {error}") from error
        wrong_kind = (dtype is not None and found != np.dtype(dtype)) or (ndim is not None and len(shape) != ndim)
        if wrong_kind or found.hasobject or fortran_order:
            raise ArchiveError(
                "corrupt", f"{name}.npy is {found} with {len(shape)} axes instead of {dtype} with {ndim}"
            )
        # Compared before anything is allocated: a header may claim any shape.
        if min(shape, default=0) < 0 or math.prod(shape) * found.itemsize != size - member.tell():
            raise ArchiveError("corrupt", f"{name}.npy does not hold the {shape} numbers it promises")
        return np.empty(shape, found)

    def _open_zip(self) -> zipfile.ZipFile:
        start = self._stream.read(len(_ZIP_START))
        size = self._stream.seek(0, os.SEEK_END)
        if start != _ZIP_START[: len(start)]:
            raise ArchiveError("foreign", "the file does not begin like a ZIP archive")
        if size > self._limits.total_bytes:
            raise ArchiveError(
                "corrupt", f"the file has {size} bytes, more than the {self._limits.total_bytes} allowed"
            )
        self._stream.seek(0)
        try:
            return zipfile.ZipFile(self._stream)
        except _ZIP_ERRORS as error:
            # A ZIP's directory stands at its end, so a cut file has lost it.
            raise ArchiveError("truncated", f"the archive's directory is missing or damaged: {error}") from error

    def _checked_directory(self) -> dict[str, zipfile.ZipInfo]:
        members = self._zip.infolist()
        if len(members) > self._limits.members or len({member.filename for member in members}) != len(members):
            raise ArchiveError("corrupt", "the archive's directory has too many or repeated entries")
        for member in members:
            stored = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
            if not stored or member.flag_bits & 0x1:
                raise ArchiveError("corrupt", f"{member.filename!r} is not plainly stored")
        return {member.filename: member for member in members}


def _read_into(member: IO[bytes], array: np.ndarray) -> None:
    """Fill ``array`` piece by piece, so that a large one is not in memory twice, and check the CRC at the end."""
    raw = array.reshape(-1).view(np.uint8)
    filled = 0
    while piece := member.read(_COPY_BYTES):
        raw[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)


def _write_members(
    stream: BinaryIO,
    header_name: str,
    header: Mapping[str, object],
    arrays: Mapping[str, np.ndarray],
    blobs: Mapping[str, bytes],
) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
        archive.writestr(zipfile.ZipInfo(header_name, _EPOCH), text.encode())
        for name, blob in blobs.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), blob)
        for name, array in arrays.items():
            large = array.nbytes > 1 << 30  # ZIP wants to know before it begins
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=large) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)


def _sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` outlast a power cut (POSIX only; Windows does it by itself)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
