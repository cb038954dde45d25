"""A pickled dict of arrays: numpy's, SciPy's sparse ones, chumpy's, torch's. FLAME's files are such."""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np
from allow_list import AllowList
from refusal import Refused
from stand_ins import COMMON, Array, Stateful, checked_shape
from torch_stand_ins import TORCH

_NAME = re.compile(r"\w{1,64}", re.ASCII)
_MOST_ARRAYS = 64
_MOST_RESULT_BYTES = 1 << 30
_MOST_DENSE_BYTES = 64 << 20  # of a sparse matrix in full; FLAME's has 0.2 MB
_NPY_MAGIC, _NPY_PREFIX = b"\x93NUMPY\x01\x00", 10  # magic and version, then two bytes: length of the header


class _Chumpy(Stateful):
    """chumpy.ch.Ch; its array is the attribute x."""

    __slots__ = ()


class _Csc(Stateful):
    """scipy.sparse.csc_matrix."""

    __slots__ = ()


class _Csr(Stateful):
    """scipy.sparse.csr_matrix."""

    __slots__ = ()


_ALLOWED: dict[str, type] = {
    **COMMON,
    **TORCH,
    "chumpy.Ch": _Chumpy,
    "chumpy.ch.Ch": _Chumpy,
    **{f"scipy.sparse.{module}.csc_matrix": _Csc for module in ("csc", "_csc")},
    **{f"scipy.sparse.{module}.csr_matrix": _Csr for module in ("csr", "_csr")},
}


def table_of(stream: BinaryIO) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The named arrays of a pickled dict, or of an ``.npy`` file that holds one; no texts.

    Raises:
        Refused: with the reason, in words that follow "The file was not read:".
    """
    _skip_npy_header(stream)
    table = AllowList(stream, _ALLOWED.get).load()
    if isinstance(table, Array):
        table = table.value
    if not isinstance(table, dict) or len(table) > _MOST_ARRAYS:
        raise Refused("it does not hold a table of named arrays")
    arrays = {name: _number_array(value) for name, value in table.items() if isinstance(name, str)}
    named = {name: array for name, array in arrays.items() if array is not None and _NAME.fullmatch(name)}
    if sum(array.nbytes for array in named.values()) > _MOST_RESULT_BYTES:
        raise Refused("its arrays are too large")
    return named, {}


def _skip_npy_header(stream: BinaryIO) -> None:
    prefix = stream.read(_NPY_PREFIX)
    if not prefix.startswith(_NPY_MAGIC):
        stream.seek(0)
        return
    header = stream.read(int.from_bytes(prefix[-2:], "little"))
    if b"'descr': '|O'" not in header or b"'shape': ()" not in header:
        raise Refused("it holds one nameless array")


def _dense(matrix: _Csc | _Csr) -> np.ndarray:
    """A sparse matrix in full, float64; indices are checked first."""
    parts = [_number_array(matrix.state.get(name)) for name in ("data", "indices", "indptr")]
    shape = matrix.state.get("_shape", matrix.state.get("shape"))
    if any(part is None or part.ndim != 1 for part in parts) or not isinstance(shape, tuple) or len(shape) != 2:
        raise Refused("a sparse matrix is damaged")
    data, indices, starts = (part for part in parts if part is not None)
    rows, columns = checked_shape(shape)
    major, minor = (columns, rows) if isinstance(matrix, _Csc) else (rows, columns)
    counts = np.diff(starts.astype(np.int64))
    sound = len(starts) == major + 1 and len(data) == len(indices) == starts[-1] and starts[0] == 0
    if not sound or (counts < 0).any() or (len(indices) and not (0 <= indices.min() <= indices.max() < minor)):
        raise Refused("a sparse matrix is damaged")
    if rows * columns * 8 > _MOST_DENSE_BYTES:
        raise Refused("a sparse matrix is too large")
    full = np.zeros((major, minor))
    np.add.at(full, (np.repeat(np.arange(major), counts), indices.astype(np.int64)), data)
    return np.ascontiguousarray(full.T if isinstance(matrix, _Csc) else full)


def _number_array(value: object) -> np.ndarray | None:
    """The array that an entry of the file stands for; None for an entry that is no array (a name, a flag)."""
    if isinstance(value, _Chumpy):
        value = value.state.get("x")
    if isinstance(value, Array):
        value = value.value
    if isinstance(value, _Csc | _Csr):
        return _dense(value)
    if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        value = np.array(value)
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else None
