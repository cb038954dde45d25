"""Message <-> list of frames: ``[b"CAMEO" + major + minor] [JSON header] [raw array frames ...]``.

The only parser of the wire. What comes in is a message that keeps every rule, or a :class:`ProtocolError`; nothing else
is raised, nothing is executed, and nothing larger than the message itself is allocated.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

import numpy as np

from . import limits
from .errors import ProtocolError
from .jobs import JobState
from .messages import MESSAGES, Axes, Failure, Hello, Message, Scalar
from .version import PROTOCOL_VERSION, check_peer

MAGIC = b"CAMEO"
DTYPES = frozenset({"|u1", "<i4", "<f2", "<f4", "<f8"})
# These two keep their form in every version, so that peers of different versions can tell each other so.
_TIMELESS = (Hello.KIND, Failure.KIND)

Frame = bytes | memoryview


def encode(message: Message) -> list[Frame]:
    """The frames of ``message``. Array frames are views of its arrays: do not change those before they are sent.

    Raises:
        ProtocolError: a reader would refuse this message (too large, wrong dtype, ...).
    """
    arrays: list[tuple[str, np.ndarray]] = []
    header: dict[str, object] = {"kind": message.KIND, **_to_json(message, "", arrays)}
    if arrays:
        header["arrays"] = [{"name": n, "dtype": a.dtype.str, "shape": list(a.shape)} for n, a in arrays]
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError) as error:
        raise _malformed(f"the message cannot be written as JSON: {error}") from error
    frames: list[Frame] = [MAGIC + bytes(PROTOCOL_VERSION), text]
    for _, array in arrays:
        frames += _split(array)
    decode(frames)  # what a reader would refuse is never sent
    return frames


def decode(frames: Sequence[Frame]) -> Message:
    """The message in ``frames``; its arrays are read-only views where a single frame holds them.

    Raises:
        ProtocolError: ``protocol.not_cameo``, ``.version_mismatch``, ``.unknown_message``, ``.too_large`` or
            ``.malformed``.
    """
    version = peer_version(frames)
    if len(frames) > limits.FRAMES or sum(len(frame) for frame in frames) > limits.MESSAGE_BYTES:
        _too_large("a message has too many frames or bytes")
    header = _parse_header(frames[1])
    kind = header.get("kind")
    if kind not in _TIMELESS:
        check_peer(version)
    if not isinstance(kind, str) or kind not in MESSAGES:
        raise ProtocolError(
            "protocol.unknown_message",
            "The other side sent a message that this version does not know.",
            cause=f"kind {str(kind)[:64]!r}",
            fix="Install the add-on and the backend of the same Cameo release.",
        )
    arrays = _parse_arrays(header.get("arrays", []), frames[2:])
    message = _build(MESSAGES[kind], header, kind, "", arrays)
    if arrays:
        raise _malformed(f"{kind} has no array named {next(iter(arrays))!r}")
    return message


def peer_version(frames: Sequence[Frame]) -> tuple[int, int]:
    """(major, minor) of the sender, from the first frame alone.

    Raises:
        ProtocolError: ``protocol.not_cameo``.
    """
    start = bytes(frames[0][: len(MAGIC) + 3]) if len(frames) >= 2 else b""
    if len(start) != len(MAGIC) + 2 or not start.startswith(MAGIC):
        raise ProtocolError(
            "protocol.not_cameo",
            "Something that is not Cameo is talking on this port.",
            fix="Stop the other program, or start the backend again: it takes a free port.",
        )
    return start[-2], start[-1]


# Out -----------------------------------------------------------------------------------------------------------------


def _to_json(value: Any, path: str, arrays: list[tuple[str, np.ndarray]]) -> dict[str, object]:
    """The fields of a dataclass; arrays are moved to ``arrays`` under their dotted name."""
    body: dict[str, object] = {}
    for item in dataclasses.fields(value):
        content = getattr(value, item.name)
        if item.metadata.get("left_out_when_default") and content == item.default:
            continue
        if _axes(type(value), item.name):
            if content is not None:
                arrays.append((path + item.name, np.ascontiguousarray(content)))
        elif dataclasses.is_dataclass(content):
            body[item.name] = _to_json(content, f"{path}{item.name}.", arrays)
        elif isinstance(content, tuple):
            body[item.name] = [_to_json(one, "", []) if dataclasses.is_dataclass(one) else one for one in content]
        else:
            body[item.name] = content
    return body


def _split(array: np.ndarray) -> list[Frame]:
    raw = array.reshape(-1).view(np.uint8).data
    return [raw[start : start + limits.FRAME_BYTES] for start in range(0, max(1, len(raw)), limits.FRAME_BYTES)]


# In: header and arrays -----------------------------------------------------------------------------------------------


def _parse_header(frame: Frame) -> dict[str, object]:
    if len(frame) > limits.HEADER_BYTES:
        _too_large(f"a header has {len(frame)} bytes, more than {limits.HEADER_BYTES}")
    try:
        header = json.loads(bytes(frame).decode())
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _malformed(f"the header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise _malformed("the header is not a JSON object")
    return header


def _parse_arrays(entries: object, frames: Sequence[Frame]) -> dict[str, np.ndarray]:
    if not isinstance(entries, list) or len(entries) > limits.ARRAYS:
        raise _malformed("arrays is not a short list")
    arrays: dict[str, np.ndarray] = {}
    taken = 0
    for entry in entries:
        name, dtype, shape = _array_entry(entry)
        size = math.prod(shape) * dtype.itemsize
        count = max(1, -(-size // limits.FRAME_BYTES))
        parts = frames[taken : taken + count]
        taken += count
        if name in arrays or len(parts) != count or sum(len(part) for part in parts) != size:
            raise _malformed(f"the frames of the array {name!r} do not have the {size} bytes they should")
        if any(len(part) != limits.FRAME_BYTES for part in parts[:-1]):
            raise _malformed(f"the array {name!r} is not cut where it should be")
        raw = parts[0] if count == 1 else b"".join(parts)
        arrays[name] = np.frombuffer(raw, dtype).reshape(shape) if size else np.zeros(shape, dtype)
    if taken != len(frames):
        raise _malformed("there are more frames than arrays")
    return arrays


def _array_entry(entry: object) -> tuple[str, np.dtype, tuple[int, ...]]:
    if not isinstance(entry, dict):
        raise _malformed("an array is not described by an object")
    name, dtype, shape = entry.get("name"), entry.get("dtype"), entry.get("shape")
    if not isinstance(name, str) or len(name) > 64 or not isinstance(dtype, str) or dtype not in DTYPES:
        raise _malformed("an array has no name or a dtype that is not allowed")
    if not isinstance(shape, list) or len(shape) > limits.AXES:
        raise _malformed("an array has no shape")
    if any(type(extent) is not int or not 0 <= extent <= limits.MESSAGE_BYTES for extent in shape):
        raise _malformed("an array has a shape that is not allowed")
    return name, np.dtype(dtype), tuple(shape)


# In: fields ----------------------------------------------------------------------------------------------------------


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


@cache
def _axes(cls: type, name: str) -> Axes | None:
    """What the field must be if it is an array: the ``Axes`` in ``Annotated[...]`` or ``Annotated[...] | None``."""
    hint = _hints(cls)[name]
    for form in (hint, *get_args(hint)):
        for note in getattr(form, "__metadata__", ()):
            if isinstance(note, Axes):
                return note
    return None


def _build(cls: type, body: Mapping[str, object], where: str, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """An instance of the dataclass ``cls``; takes its arrays out of ``arrays``."""
    values: dict[str, object] = {}
    for item in dataclasses.fields(cls):
        here = f"{where}.{item.name}"
        if axes := _axes(cls, item.name):
            if path + item.name in arrays:
                values[item.name] = _check_array(arrays.pop(path + item.name), axes, here)
        elif dataclasses.is_dataclass(hint := _hints(cls)[item.name]) and item.name in body:
            values[item.name] = _build(hint, _object(body[item.name], here), here, f"{path}{item.name}.", arrays)  # type: ignore[arg-type]
        elif item.name in body:
            values[item.name] = _read(hint, body[item.name], here)
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if required and item.name not in values:
            raise _malformed(f"{here} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise _malformed(f"{where}: {error}") from error


def _check_array(array: np.ndarray, axes: Axes, where: str) -> np.ndarray:
    extents = axes.extents
    fits = len(extents) == array.ndim and all(a is None or a == extent for a, extent in zip(extents, array.shape))
    if array.dtype.str != axes.dtype or not fits:
        raise _malformed(f"{where} is {array.dtype.str} {array.shape}, not {axes.dtype} {extents}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _malformed(f"{where} holds numbers that are not finite")
    return array


def _read(hint: Any, value: object, where: str) -> object:
    if hint in _SIMPLE:
        return _SIMPLE[hint](value, where)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is types.UnionType:  # the only unions are "something or None"
        return None if value is None else _read(arguments[0], value, where)
    if origin is dict:
        return _scalars(value, where)
    if not isinstance(value, list) or len(value) > limits.LIST_ITEMS:
        raise _malformed(f"{where} is not a list of at most {limits.LIST_ITEMS}")
    return tuple(_build(arguments[0], _object(one, where), where, "", {}) for one in value)


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _malformed(f"{where} is not an object")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > limits.TEXT_CHARS or not _encodable(value):
        raise _malformed(f"{where} is not a text of at most {limits.TEXT_CHARS} characters")
    return value


def _encodable(text: str) -> bool:
    """Whether the text is free of lone surrogates, which JSON can smuggle in and nothing can write again."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _integer(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > limits.INTEGER:
        raise _malformed(f"{where} is not a whole number")
    return value


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300:
        raise _malformed(f"{where} is not a finite number")
    return float(value)


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _malformed(f"{where} is neither true nor false")
    return value


def _state(value: object, where: str) -> JobState:
    if not isinstance(value, str) or value not in JobState.__members__.values():
        raise _malformed(f"{where} is not a state of a job")
    return JobState(value)


def _scalars(value: object, where: str) -> dict[str, Scalar]:
    items = _object(value, where)
    if len(items) > limits.LIST_ITEMS:
        raise _malformed(f"{where} has too many entries")
    return {_text(key, where): _scalar(one, f"{where}.{key[:64]}") for key, one in items.items()}


def _scalar(value: object, where: str) -> Scalar:
    for kind, reader in ((bool, _truth), (int, _integer), (float, _number)):
        if isinstance(value, kind):
            return reader(value, where)
    return _text(value, where)


_SIMPLE = {str: _text, int: _integer, float: _number, bool: _truth, JobState: _state}


# Errors --------------------------------------------------------------------------------------------------------------


def _malformed(cause: str) -> ProtocolError:
    return ProtocolError(
        "protocol.malformed",
        "The other side sent a message that breaks the protocol.",
        cause=cause.encode(errors="replace").decode(),
        fix="Install the add-on and the backend of the same Cameo release; if they are, please report this.",
    )


def _too_large(cause: str) -> NoReturn:
    raise ProtocolError(
        "protocol.too_large",
        "The other side sent a message larger than the protocol allows.",
        cause=cause,
        fix="Use a smaller picture.",
    )
