"""One setting of a stage changed by its path: ``shape_views.inversion.latent_steps`` = 100."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ...protocol.messages import Scalar
from ..errors import CameoError

_T = TypeVar("_T")


def overridden(config: _T, path: str, value: Scalar, *, inside: str = "") -> _T:
    """``config``, a dataclass of settings and further dataclasses, with the setting at ``path`` changed.

    Args:
        path: names of fields, joined by dots.
        inside: the path so far, for the messages.

    Raises:
        CameoError: ``request.unknown_option``, ``request.bad_option``.
    """
    name, _, rest = path.partition(".")
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}  # pyright: ignore[reportArgumentType]
    here = f"{inside}.{name}" if inside else name
    if name not in fields or (rest and not dataclasses.is_dataclass(fields[name])):
        raise CameoError(
            "request.unknown_option",
            f"There is no setting named {inside + '.' if inside else ''}{path}.",
            fix=f"The settings there are: {', '.join(sorted(fields))}.",
        )
    if rest:
        new = overridden(fields[name], rest, value, inside=here)
    else:
        new = _checked(value, get_type_hints(type(config))[name], here)
    return dataclasses.replace(config, **{name: new})  # pyright: ignore[reportArgumentType]


def _checked(value: Scalar, hint: Any, where: str) -> object:
    """``value`` as the setting's type wants it; a whole number passes for a fraction, text with commas for a list."""
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,) and isinstance(value, str):
        return tuple(_item(text, get_args(hint)[0], where) for text in value.split(",") if text)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if get_origin(hint) is Literal and value in get_args(hint):
        return value
    if hint in (bool, int, float, str) and type(value) is hint:
        return value
    wanted = " or ".join(map(repr, get_args(hint))) if get_origin(hint) is Literal else getattr(hint, "__name__", hint)
    raise _bad(where, value, str(wanted))


def _item(text: str, kind: Any, where: str) -> object:
    """One item of a list."""
    try:
        return kind(text)
    except (TypeError, ValueError) as error:
        raise _bad(where, text, f"a list of {getattr(kind, '__name__', kind)}, with commas") from error


def _bad(where: str, value: object, wanted: str) -> CameoError:
    return CameoError(
        "request.bad_option", f"The setting {where} cannot be {value!r}.", fix=f"What it can be: {wanted}."
    )
