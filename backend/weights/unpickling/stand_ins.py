"""What may stand in a pickle of numbers, as classes that only hold it: numpy's arrays, texts, named objects."""

from __future__ import annotations

import math
import re
from typing import NoReturn

import numpy as np
from refusal import Refused

_MOST_AXES = 5  # the kernels of a convolution in space
_DTYPE = re.compile(r"[fiu][1248]|b1|O[48]?")


class Sealed(type):
    """Classes that a pickle cannot change, not even with BUILD."""

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise Refused(f"it tries to change {cls.__name__}")


class Dtype(metaclass=Sealed):
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


class Array(metaclass=Sealed):
    """numpy.core.multiarray._reconstruct(ndarray, (0,), "b"); contents in the state."""

    __slots__ = ("value",)

    def __init__(self, *_: object) -> None:
        self.value: object = None

    def __setstate__(self, state: object) -> None:
        match state:
            case (_, tuple(shape), Dtype() as dtype, bool() | int() as fortran, contents):
                self.value = array_contents(contents, dtype, shape, "F" if fortran else "C")
            case _:
                raise Refused("an array is damaged")


class FromBuffer(metaclass=Sealed):
    """numpy._core.numeric._frombuffer(bytes, dtype, shape, order): arrays of pickle protocol 5."""

    def __new__(cls, contents: object, dtype: object, shape: object, order: object, *_: object) -> np.ndarray:
        if not isinstance(dtype, Dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
            raise Refused("an array is damaged")
        value = array_contents(contents, dtype, shape, str(order))
        if not isinstance(value, np.ndarray):
            raise Refused("an array holds objects instead of numbers")
        return value


class Scalar(metaclass=Sealed):
    """numpy.core.multiarray.scalar(dtype, bytes)."""

    def __new__(cls, dtype: object, contents: object = b"") -> object:
        if not isinstance(dtype, Dtype):
            raise Refused("a number is damaged")
        return array_contents(contents, dtype, (), "C")


class Encoded(metaclass=Sealed):
    """_codecs.encode(text, "latin1"): how protocol 2 writes bytes."""

    def __new__(cls, text: object, codec: object = "latin1") -> bytes:
        if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
            raise Refused("it holds text in an unknown encoding")
        return text.encode("latin1")


class NoBytes(metaclass=Sealed):
    """bytes(): how protocol 2 writes no bytes at all."""

    def __new__(cls) -> bytes:
        return b""


class Stateful(metaclass=Sealed):
    """Stands for an object whose attributes are all that counts."""

    __slots__ = ("state",)

    def __init__(self, *_: object) -> None:
        self.state: dict[str, object] = {}

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise Refused("an object is damaged")
        self.state = state


class Reconstructor(metaclass=Sealed):
    """copy_reg._reconstructor(class, object, None): how protocols 0 and 1 make an object."""

    def __new__(cls, kind: object, *_: object) -> Stateful:
        if not (isinstance(kind, type) and issubclass(kind, Stateful)):
            raise Refused("an object is damaged")
        return kind()


class Named(metaclass=Sealed):
    """A name that is only ever an argument (ndarray, object); calling it is refused."""

    def __init__(self, *_: object) -> None:
        raise Refused("it calls what it may only mention")


class Collection(metaclass=Sealed):
    """set(...) and OrderedDict(...): bookkeeping of chumpy and torch, nothing in it is used."""

    def __new__(cls, *_: object) -> dict[object, object]:
        return {}


def checked_shape(shape: tuple[object, ...]) -> tuple[int, ...]:
    sizes = tuple(size for size in shape if isinstance(size, int) and size >= 0)
    if len(sizes) != len(shape) or len(sizes) > _MOST_AXES:
        raise Refused("an array has an impossible shape")
    return sizes


def array_contents(contents: object, dtype: Dtype, shape: tuple[object, ...], order: str) -> object:
    """An array's numbers; of an array of objects (what ``np.save`` makes of a dict) its only item."""
    sizes = checked_shape(shape)
    if dtype.holds_objects:
        if sizes == () and isinstance(contents, list) and len(contents) == 1:
            return contents[0]
        raise Refused("an array holds objects instead of numbers")
    if isinstance(contents, str):  # bytes of Python 2
        contents = contents.encode("latin1")
    if not isinstance(contents, bytes | bytearray):
        raise Refused("an array has no contents")
    return numbers(bytes(contents), dtype.numpy(), sizes, order)


def numbers(contents: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    if len(contents) != dtype.itemsize * math.prod(shape):
        raise Refused("an array has more or fewer numbers than its shape says")
    array = np.frombuffer(contents, dtype) if contents else np.empty(0, dtype)
    if order == "F":
        array = array.reshape(shape[::-1]).transpose()
    return np.asarray(array.reshape(shape), dtype.newbyteorder("="), order="C")


COMMON: dict[str, type] = {
    "numpy.dtype": Dtype,
    "numpy.ndarray": Named,
    "_codecs.encode": Encoded,
    "collections.OrderedDict": Collection,
    **{f"numpy.{core}.multiarray._reconstruct": Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": Scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": FromBuffer for core in ("core", "_core")},
    **{f"{module}._reconstructor": Reconstructor for module in ("copy_reg", "copyreg")},
    **{f"{module}.object": Named for module in ("__builtin__", "builtins")},
    **{f"{module}.bytes": NoBytes for module in ("__builtin__", "builtins")},
    **{f"{module}.set": Collection for module in ("__builtin__", "builtins")},
}
"""Names of numpy and the language that a pickle may use."""
