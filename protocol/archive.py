"""A stored ZIP of one JSON header and plain ``.npy`` arrays, read as if an enemy had written it.

Why a ZIP: any tool opens it, every member carries a CRC, and arrays stay readable by ``numpy.load``. Why stored and
not compressed: no decompression bombs, and a member's size in the directory is its true size.
"""

from __future__ import annotations

import io
import json
import os
import tokenize
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

HEADER_LIMIT = 4 << 20
MEMBER_LIMIT = 512 << 20
TOTAL_LIMIT = 1 << 30
MEMBER_COUNT_LIMIT = 256

_ZIP_START = b"PK\x03\x04"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date: equal content gives equal bytes
_NPY_ERRORS = (ValueError, TypeError, SyntaxError, tokenize.TokenError, EOFError, RecursionError, MemoryError)
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, KeyError)


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

    def __init__(self, source: Path | bytes) -> None:
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

    def array(self, name: str, dtype: str, ndim: int) -> np.ndarray:
        """The array ``name`` (stored as ``name.npy``), which must have exactly this dtype and number of axes."""
        raw = self.blob(f"{name}.npy", MEMBER_LIMIT)
        stream = io.BytesIO(raw)
        try:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ArchiveError("corrupt", f"{name}.npy is of an unknown .npy version")
            shape, fortran_order, found = np.lib.format.read_array_header_1_0(stream)
        except _NPY_ERRORS as error:
            raise ArchiveError("corrupt", f"{name}.npy has no valid header: {error}") from error
        if found != np.dtype(dtype) or found.hasobject or fortran_order or len(shape) != ndim:
            raise ArchiveError(
                "corrupt", f"{name}.npy is {found} with {len(shape)} axes instead of {dtype} with {ndim}"
            )
        count = 1
        for extent in shape:
            count *= int(extent)
        # Compared before anything is allocated: a header may claim any shape.
        if min(shape, default=0) < 0 or count * found.itemsize != len(raw) - stream.tell():
            raise ArchiveError("corrupt", f"{name}.npy does not hold the {shape} numbers it promises")
        return np.frombuffer(raw, found, count, stream.tell()).reshape(shape).copy()

    def _open_zip(self) -> zipfile.ZipFile:
        start = self._stream.read(len(_ZIP_START))
        size = self._stream.seek(0, os.SEEK_END)
        if start != _ZIP_START[: len(start)]:
            raise ArchiveError("foreign", "the file does not begin like a ZIP archive")
        if size > TOTAL_LIMIT:
            raise ArchiveError("corrupt", f"the file has {size} bytes, more than the {TOTAL_LIMIT} allowed")
        self._stream.seek(0)
        try:
            return zipfile.ZipFile(self._stream)
        except _ZIP_ERRORS as error:
            # A ZIP's directory stands at its end, so a cut file has lost it.
            raise ArchiveError("truncated", f"the archive's directory is missing or damaged: {error}") from error

    def _checked_directory(self) -> dict[str, zipfile.ZipInfo]:
        members = self._zip.infolist()
        if len(members) > MEMBER_COUNT_LIMIT or len({member.filename for member in members}) != len(members):
            raise ArchiveError("corrupt", "the archive's directory has too many or repeated entries")
        for member in members:
            stored = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
            if not stored or member.flag_bits & 0x1:
                raise ArchiveError("corrupt", f"{member.filename!r} is not plainly stored")
        return {member.filename: member for member in members}


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
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w") as member:
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
