"""Takes the arrays out of one pickle and writes them to standard output as safetensors. Runs as a process of its own.

``python -I pickled_arrays.py FILE``: exit code 0, or 3 with a JSON string on standard error that says why not.
A pickle is a program; this reader lets it call nothing but the stand-ins below, which hold bytes and numbers. Even
numpy gets to see only a dtype from a short list and a buffer of the right length. As a second wall, an audit hook ends
the process at the first attempt to open, import, run or connect, and the operating system limits memory and time.
Imports stdlib, numpy and safetensors only: it is started by path, apart from the package.
"""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import re
import sys
from collections.abc import Callable
from typing import NoReturn

import numpy as np
from safetensors.numpy import save

REFUSED = 3
MEMORY_BYTES = 4 << 30
CPU_SECONDS = 60
_DTYPE = re.compile(r"[fiu][1248]|b1|O[48]?")
_NAME = re.compile(r"\w{1,64}", re.ASCII)
_MOST_ARRAYS = 64
_MOST_RESULT_BYTES = 1 << 30
_MOST_DENSE_BYTES = 64 << 20  # of a sparse matrix in full; FLAME's has 0.2 MB
_NPY_MAGIC, _NPY_PREFIX = b"\x93NUMPY\x01\x00", 10  # magic and version, then two bytes: length of the header
_TORCH_MAGIC, _TORCH_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_TORCH_TYPES = {
    "Float": "<f4",
    "Double": "<f8",
    "Half": "<f2",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Byte": "|u1",
}


class Refused(Exception):  # noqa: N818 - the file is at fault, not the reader
    """The file asks for something that arrays do not need, or is not what it says."""


class _Sealed(type):
    """Classes that a pickle cannot change, not even with BUILD."""

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise Refused(f"it tries to change {cls.__name__}")


class _Dtype(metaclass=_Sealed):
    """numpy.dtype("f8", align, copy), byte order in the state."""

    __slots__ = ("code", "order")

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or not _DTYPE.fullmatch(code):
            raise Refused(f"it holds numbers of the kind {code!r:.40}")
        self.code, self.order = code, "|"

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise Refused("a number format is damaged")
        self.order = state[1]

    @property
    def holds_objects(self) -> bool:
        return self.code.startswith("O")

    def numpy(self) -> np.dtype:
        return np.dtype(self.order + self.code)


class _Array(metaclass=_Sealed):
    """numpy.core.multiarray._reconstruct(ndarray, (0,), "b"); contents in the state."""

    __slots__ = ("value",)

    def __init__(self, *_: object) -> None:
        self.value: object = None

    def __setstate__(self, state: object) -> None:
        match state:
            case (_, tuple(shape), _Dtype() as dtype, bool() | int() as fortran, contents):
                self.value = _contents(contents, dtype, shape, "F" if fortran else "C")
            case _:
                raise Refused("an array is damaged")


class _FromBuffer(metaclass=_Sealed):
    """numpy._core.numeric._frombuffer(bytes, dtype, shape, order): arrays of pickle protocol 5."""

    def __new__(cls, contents: object, dtype: object, shape: object, order: object, *_: object) -> np.ndarray:
        if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
            raise Refused("an array is damaged")
        value = _contents(contents, dtype, shape, str(order))
        if not isinstance(value, np.ndarray):
            raise Refused("an array holds objects instead of numbers")
        return value


class _Scalar(metaclass=_Sealed):
    """numpy.core.multiarray.scalar(dtype, bytes)."""

    def __new__(cls, dtype: object, contents: object = b"") -> object:
        if not isinstance(dtype, _Dtype):
            raise Refused("a number is damaged")
        return _contents(contents, dtype, (), "C")


class _Encoded(metaclass=_Sealed):
    """_codecs.encode(text, "latin1"): how protocol 2 writes bytes."""

    def __new__(cls, text: object, codec: object = "latin1") -> bytes:
        if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
            raise Refused("it holds text in an unknown encoding")
        return text.encode("latin1")


class _NoBytes(metaclass=_Sealed):
    """bytes(): how protocol 2 writes no bytes at all."""

    def __new__(cls) -> bytes:
        return b""


class _Stateful(metaclass=_Sealed):
    """Stands for an object whose attributes are all that counts."""

    __slots__ = ("state",)

    def __init__(self, *_: object) -> None:
        self.state: dict[str, object] = {}

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise Refused("an object is damaged")
        self.state = state


class _Chumpy(_Stateful):
    """chumpy.ch.Ch; its array is the attribute x."""

    __slots__ = ()


class _Csc(_Stateful):
    """scipy.sparse.csc_matrix."""

    __slots__ = ()


class _Csr(_Stateful):
    """scipy.sparse.csr_matrix."""

    __slots__ = ()


class _Reconstructor(metaclass=_Sealed):
    """copy_reg._reconstructor(class, object, None): how protocols 0 and 1 make an object."""

    def __new__(cls, kind: object, *_: object) -> _Stateful:
        if not (isinstance(kind, type) and issubclass(kind, _Stateful)):
            raise Refused("an object is damaged")
        return kind()


class _Named(metaclass=_Sealed):
    """A name that is only ever an argument (ndarray, object); calling it is refused."""

    def __init__(self, *_: object) -> None:
        raise Refused("it calls what it may only mention")


class _Collection(metaclass=_Sealed):
    """set(...) and OrderedDict(...): bookkeeping of chumpy and torch, nothing in it is used."""

    def __new__(cls, *_: object) -> dict[object, object]:
        return {}


class _Storage(metaclass=_Sealed):
    """torch.storage._load_from_bytes(bytes): a file of torch inside the file."""

    def __new__(cls, contents: object) -> np.ndarray:
        if not isinstance(contents, bytes):
            raise Refused("a tensor is damaged")
        return _torch_storage(contents)


class _Tensor(metaclass=_Sealed):
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)."""

    def __new__(cls, storage: object, offset: object, size: object, stride: object, *_: object) -> np.ndarray:
        match storage, offset, size, stride:
            case np.ndarray(), int(), tuple(), tuple():
                shape = _checked_shape(size)
            case _:
                raise Refused("a tensor is damaged")
        packed = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        count = math.prod(shape)
        if stride != packed or not 0 <= offset <= len(storage) - count:
            raise Refused("a tensor does not lie in its storage row by row")
        return storage[offset : offset + count].reshape(shape)


def _storage_type(scalar: str) -> type:
    return _Sealed(scalar, (_Named,), {"scalar": scalar})


_ALLOWED: dict[str, type] = {
    "numpy.dtype": _Dtype,
    "numpy.ndarray": _Named,
    "_codecs.encode": _Encoded,
    "chumpy.Ch": _Chumpy,
    "chumpy.ch.Ch": _Chumpy,
    "collections.OrderedDict": _Collection,
    "torch.storage._load_from_bytes": _Storage,
    "torch._utils._rebuild_tensor_v2": _Tensor,
    **{f"numpy.{core}.multiarray._reconstruct": _Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _Scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _FromBuffer for core in ("core", "_core")},
    **{f"scipy.sparse.{module}.csc_matrix": _Csc for module in ("csc", "_csc")},
    **{f"scipy.sparse.{module}.csr_matrix": _Csr for module in ("csr", "_csr")},
    **{f"{module}._reconstructor": _Reconstructor for module in ("copy_reg", "copyreg")},
    **{f"{module}.object": _Named for module in ("__builtin__", "builtins")},
    **{f"{module}.bytes": _NoBytes for module in ("__builtin__", "builtins")},
    **{f"{module}.set": _Collection for module in ("__builtin__", "builtins")},
    **{f"torch.{name}Storage": _storage_type(scalar) for name, scalar in _TORCH_TYPES.items()},
}


class _ArraysOnly(pickle.Unpickler):
    """An unpickler for which nothing exists but the stand-ins."""

    def find_class(self, module_name: str, global_name: str, /) -> type:
        wanted = f"{module_name}.{global_name}"
        if wanted not in _ALLOWED:
            raise Refused(f"it asks for {wanted[:100]}")
        return _ALLOWED[wanted]

    def persistent_load(self, pid: object, /) -> object:
        match pid:
            case ("storage", type() as kind, str(key), *_) if issubclass(kind, _Named) and hasattr(kind, "scalar"):
                return key, kind.scalar  # pyright: ignore[reportAttributeAccessIssue] - set by _storage_type
        raise Refused("it refers to something outside the file")


def _load(stream: io.BytesIO) -> object:
    return _ArraysOnly(stream, encoding="latin1").load()


def _torch_storage(contents: bytes) -> np.ndarray:
    """The one storage of a legacy torch file: magic, version, machine, object, keys, then count and raw numbers."""
    stream = io.BytesIO(contents)
    if _load(stream) != _TORCH_MAGIC or _load(stream) != _TORCH_PROTOCOL:
        raise Refused("a tensor is of an unknown version of torch")
    _load(stream)
    match _load(stream), _load(stream):
        case (str(key), str(scalar)), [str(listed)] if key == listed:
            count = int.from_bytes(stream.read(8), "little")
            return _numbers(stream.read(), np.dtype(scalar), (count,), "C")
    raise Refused("a tensor is damaged")


def _checked_shape(shape: tuple[object, ...]) -> tuple[int, ...]:
    sizes = tuple(size for size in shape if isinstance(size, int) and size >= 0)
    if len(sizes) != len(shape) or len(sizes) > 4:
        raise Refused("an array has an impossible shape")
    return sizes


def _contents(contents: object, dtype: _Dtype, shape: tuple[object, ...], order: str) -> object:
    """An array's numbers; of an array of objects (what ``np.save`` makes of a dict) its only item."""
    sizes = _checked_shape(shape)
    if dtype.holds_objects:
        if sizes == () and isinstance(contents, list) and len(contents) == 1:
            return contents[0]
        raise Refused("an array holds objects instead of numbers")
    if isinstance(contents, str):  # bytes of Python 2
        contents = contents.encode("latin1")
    if not isinstance(contents, bytes | bytearray):
        raise Refused("an array has no contents")
    return _numbers(bytes(contents), dtype.numpy(), sizes, order)


def _numbers(contents: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    if len(contents) != dtype.itemsize * math.prod(shape):
        raise Refused("an array has more or fewer numbers than its shape says")
    array = np.frombuffer(contents, dtype) if contents else np.empty(0, dtype)
    if order == "F":
        array = array.reshape(shape[::-1]).transpose()
    return np.ascontiguousarray(array.reshape(shape), dtype.newbyteorder("="))


def _dense(matrix: _Csc | _Csr) -> np.ndarray:
    """A sparse matrix in full, float64; indices are checked first."""
    parts = [_number_array(matrix.state.get(name)) for name in ("data", "indices", "indptr")]
    shape = matrix.state.get("_shape", matrix.state.get("shape"))
    if any(part is None or part.ndim != 1 for part in parts) or not isinstance(shape, tuple) or len(shape) != 2:
        raise Refused("a sparse matrix is damaged")
    data, indices, starts = (part for part in parts if part is not None)
    rows, columns = _checked_shape(shape)
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
    if isinstance(value, _Array):
        value = value.value
    if isinstance(value, _Csc | _Csr):
        return _dense(value)
    if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        value = np.array(value)
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else None


def arrays_of(contents: bytes) -> dict[str, np.ndarray]:
    """The named arrays of a pickled dict, or of an ``.npy`` file that holds one.

    Raises:
        Refused: with the reason, in words that follow "The file was not read:".
    """
    stream = io.BytesIO(contents)
    if contents.startswith(_NPY_MAGIC):
        header = contents[_NPY_PREFIX : _NPY_PREFIX + int.from_bytes(contents[_NPY_PREFIX - 2 : _NPY_PREFIX], "little")]
        if b"'descr': '|O'" not in header or b"'shape': ()" not in header:
            raise Refused("it holds one nameless array")
        stream.seek(_NPY_PREFIX + len(header))
    table = _load(stream)
    if isinstance(table, _Array):
        table = table.value
    if not isinstance(table, dict) or len(table) > _MOST_ARRAYS:
        raise Refused("it does not hold a table of named arrays")
    arrays = {name: _number_array(value) for name, value in table.items() if isinstance(name, str)}
    named = {name: array for name, array in arrays.items() if array is not None and _NAME.fullmatch(name)}
    if sum(array.nbytes for array in named.values()) > _MOST_RESULT_BYTES:
        raise Refused("its arrays are too large")
    return named


def _wall() -> None:
    """From here on nothing is opened, imported, run or connected, and memory and time are bounded."""
    if sys.platform != "win32":
        import resource

        for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
            try:
                resource.setrlimit(what, (most, most))
            except (OSError, ValueError):
                continue  # macOS knows no limit on addresses
    harmless = re.compile(r"(pickle\.find_class|object\.__getattr__|array\.__new__|sys\._getframe|gc\..*)")

    def hook(event: str, _: tuple[object, ...]) -> None:
        if not harmless.fullmatch(event):
            refuse(f"it made the reader attempt '{event}'")

    sys.addaudithook(hook)


def refuse(why: str) -> NoReturn:
    """End the process at once and say why on standard error."""
    os.write(2, json.dumps(why).encode())
    os._exit(REFUSED)


def main(path: str, take: Callable[[bytes], dict[str, np.ndarray]] = arrays_of) -> None:
    with open(path, "rb") as file:
        contents = file.read()
    save({"warm": np.zeros(1)})  # whatever numpy and safetensors import late, they import before the wall stands
    _wall()
    try:
        result = save(take(contents))
    except Refused as refusal:
        refuse(str(refusal))
    except MemoryError:
        refuse("it needs more memory than such a file may")
    except Exception as error:  # noqa: BLE001 - a damaged pickle fails in any way it likes; each means "unreadable"
        refuse(f"it is damaged ({type(error).__name__}: {error})"[:200])
    view = memoryview(result)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main(sys.argv[1])
