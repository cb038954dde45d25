"""The generator in a checkpoint of StyleGAN's family (StyleGAN2 and 3, EG3D, PanoHead).

Such a file pickles whole networks: for each module the source text of its class, which the original reader runs, and
its attributes. Here the text is passed over; tensors and plain settings are all that is taken.
"""

from __future__ import annotations

import json
import math
import re
from typing import BinaryIO

import numpy as np
from allow_list import AllowList
from refusal import Refused
from stand_ins import COMMON, Collection, Sealed, Stateful
from torch_stand_ins import TORCH

_GENERATOR = "G_ema"  # weights averaged over the training
_NAME = re.compile(r"\w{1,64}", re.ASCII)
_BY_NAME = re.compile(r"(torch\.nn\.modules|training)(\.\w{1,64}){1,4}", re.ASCII)
_DEEPEST = 12
_MOST_MODULES = 5_000
_MOST_TENSORS = 5_000
_MOST_SETTINGS = 5_000
_LONGEST_TEXT = 2_000
_MOST_RESULT_BYTES = 1 << 30
_OWN = ("_parameters", "_buffers", "_modules")
_Missing = object()


class _Persistent(metaclass=Sealed):
    """torch_utils.persistence._reconstruct_persistent_obj(meta): a class as text, and the attributes of one object."""

    __slots__ = ("state",)

    def __init__(self, meta: object = None) -> None:
        match meta:
            case {"type": "class", "state": dict(state)}:
                self.state = state
            case _:
                raise Refused("a stored module is damaged")

    def __setstate__(self, _: object) -> None:
        raise Refused("a stored module is damaged")


class _Module(Stateful):
    """A module that is stored by the name of its class."""

    __slots__ = ()


_ALLOWED: dict[str, type] = {
    **COMMON,
    **TORCH,
    "torch_utils.persistence._reconstruct_persistent_obj": _Persistent,
    "dnnlib.util.EasyDict": Collection,
}


def _stand_in(name: str) -> type | None:
    return _ALLOWED.get(name) or (_Module if _BY_NAME.fullmatch(name) else None)


def generator_of(stream: BinaryIO) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and settings of the generator.

    Returns:
        Its parameters and buffers under the names of torch's state dict, and tensors that are mere attributes of a
        module under ``attribute:`` and the same kind of name; ``settings``: a JSON object with the plain attributes
        of the whole network.

    Raises:
        Refused: with the reason, in words that follow "The file was not read:".
    """
    table = AllowList(stream, _stand_in).load()
    network = table.get(_GENERATOR) if isinstance(table, dict) else None
    if not isinstance(network, _Persistent):
        raise Refused(f"it holds no generator called '{_GENERATOR}'")
    tensors = _Tensors()
    tensors.collect(network, "", _DEEPEST)
    settings = _Settings().plain(_attributes(network), _DEEPEST)
    return tensors.found, {"settings": json.dumps(settings)}


class _Tensors:
    """Walks the tree of modules. Counts as it goes: a small file can refer to itself in very many ways."""

    def __init__(self) -> None:
        self.found: dict[str, np.ndarray] = {}
        self._modules = self._bytes = 0

    def collect(self, module: _Persistent | _Module, path: str, deepest: int) -> None:
        self._modules += 1
        if self._modules > _MOST_MODULES or deepest == 0:
            raise Refused("its modules are nested without end")
        for group in ("_parameters", "_buffers"):
            for name, value in _entries(module, group).items():
                self._add(f"{path}{_sound(name)}", value)
        for name, value in _attributes(module).items():
            if isinstance(value, np.ndarray) and value.ndim:
                self._add(f"attribute:{path}{_sound(name)}", value)
        for name, value in _entries(module, "_modules").items():
            if isinstance(value, _Persistent | _Module):
                self.collect(value, f"{path}{_sound(name)}.", deepest - 1)

    def _add(self, name: str, value: object) -> None:
        if value is None:  # a bias that a layer does not have
            return
        if not isinstance(value, np.ndarray):
            raise Refused("a tensor is damaged")
        self._bytes += value.nbytes
        if self._bytes > _MOST_RESULT_BYTES or len(self.found) >= _MOST_TENSORS:
            raise Refused("its tensors are too large")
        self.found[name] = value


class _Settings:
    """Makes JSON of plain attributes and leaves out what is not plain."""

    def __init__(self) -> None:
        self._count = 0

    def plain(self, value: object, deepest: int) -> object:
        """``value`` as JSON has it; ``_Missing`` for what is neither number, text, flag, list nor table of these."""
        self._count += 1
        if self._count > _MOST_SETTINGS or deepest == 0:
            raise Refused("its settings are nested without end")
        match value:
            case np.ndarray() if value.ndim == 0:
                return self.plain(value.item(), deepest - 1)
            case None | bool():
                return value
            case int() if abs(value) < 1 << 63:
                return value
            case float() if math.isfinite(value):
                return value
            case str() if len(value) <= _LONGEST_TEXT:
                return value
            case list() | tuple():
                items = [self.plain(item, deepest - 1) for item in value]
                return [item for item in items if item is not _Missing]
            case dict():
                table = {k: self.plain(item, deepest - 1) for k, item in value.items() if isinstance(k, str)}
                return {name: item for name, item in table.items() if item is not _Missing}
        return _Missing


def _attributes(module: _Persistent | _Module) -> dict[str, object]:
    """What a module has besides parameters, buffers and modules."""
    return {name: value for name, value in _state(module).items() if isinstance(name, str) and name not in _OWN}


def _entries(module: _Persistent | _Module, group: str) -> dict[object, object]:
    found = _state(module).get(group, {})
    if not isinstance(found, dict):
        raise Refused("a stored module is damaged")
    return found


def _state(module: _Persistent | _Module) -> dict[str, object]:
    return getattr(module, "state", {})  # a module by name may come without any


def _sound(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused("a module or tensor has an impossible name")
    return name
