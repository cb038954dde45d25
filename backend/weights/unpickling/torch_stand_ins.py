"""Tensors in pickles: torch writes each storage as a file of its own inside the file."""

from __future__ import annotations

import io
import math

import numpy as np
from allow_list import AllowList
from refusal import Refused
from stand_ins import Named, Sealed, checked_shape, numbers

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_SCALARS = {
    "Float": "<f4",
    "Double": "<f8",
    "Half": "<f2",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Byte": "|u1",
}


class _Storage(metaclass=Sealed):
    """torch.storage._load_from_bytes(bytes): a file of torch inside the file."""

    def __new__(cls, contents: object) -> np.ndarray:
        if not isinstance(contents, bytes):
            raise Refused("a tensor is damaged")
        return _torch_storage(contents)


class _Tensor(metaclass=Sealed):
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)."""

    def __new__(cls, storage: object, offset: object, size: object, stride: object, *_: object) -> np.ndarray:
        match storage, offset, size, stride:
            case np.ndarray(), int(), tuple(), tuple() if len(size) == len(stride):
                shape = checked_shape(size)
            case _:
                raise Refused("a tensor is damaged")
        count = math.prod(shape)
        packed = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        told = [step for step, size in zip(stride, shape, strict=True) if size != 1]  # along one item, any will do
        if told != [step for step, size in zip(packed, shape, strict=True) if size != 1]:
            raise Refused("a tensor does not lie in its storage row by row")
        if not 0 <= offset <= len(storage) - count:
            raise Refused("a tensor is larger than its storage")
        return storage[offset : offset + count].reshape(shape)


class _Parameter(metaclass=Sealed):
    """torch._utils._rebuild_parameter(tensor, requires_grad, hooks)."""

    def __new__(cls, tensor: object, *_: object) -> np.ndarray:
        if not isinstance(tensor, np.ndarray):
            raise Refused("a parameter is damaged")
        return tensor


def _storage_type(scalar: str) -> type:
    return Sealed(scalar, (Named,), {"scalar": scalar})


STORAGES: dict[str, type] = {f"torch.{name}Storage": _storage_type(scalar) for name, scalar in _SCALARS.items()}
"""Kinds of numbers; only ever an argument."""
TORCH: dict[str, type] = {
    "torch.storage._load_from_bytes": _Storage,
    "torch._utils._rebuild_tensor_v2": _Tensor,
    "torch._utils._rebuild_parameter": _Parameter,
}
"""Names of torch that a pickle of tensors uses."""


def named_storage(pid: object) -> tuple[str, str] | None:
    """Key and numpy dtype of the storage that a persistent id means."""
    match pid:
        case ("storage", type() as kind, str(key), *_) if issubclass(kind, Named) and hasattr(kind, "scalar"):
            return key, kind.scalar  # pyright: ignore[reportAttributeAccessIssue] - set by _storage_type
    return None


class _StorageFile(AllowList):
    """The pickles of a storage's own file refer to it by a persistent id."""

    def persistent_load(self, pid: object, /) -> object:
        return named_storage(pid) or super().persistent_load(pid)


def _torch_storage(contents: bytes) -> np.ndarray:
    """The one storage of a legacy torch file: magic, version, machine, object, keys, then count and raw numbers."""
    stream = io.BytesIO(contents)
    if _next(stream) != _MAGIC or _next(stream) != _PROTOCOL:
        raise Refused("a tensor is of an unknown version of torch")
    _next(stream)
    match _next(stream), _next(stream):
        case (str(key), str(scalar)), [str(listed)] if key == listed:
            count = int.from_bytes(stream.read(8), "little")
            return numbers(stream.read(), np.dtype(scalar), (count,), "C")
    raise Refused("a tensor is damaged")


def _next(stream: io.BytesIO) -> object:
    return _StorageFile(stream, STORAGES.get).load()
