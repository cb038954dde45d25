"""The handshake: who is there, and what a backend is and has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .base import LEFT_OUT_WHEN_DEFAULT, Message


@dataclass(frozen=True, eq=False)
class Hello(Message):
    """Client, first: who I am. Answered by :class:`Welcome`, or by :class:`Failure` ``protocol.version_mismatch``."""

    KIND: ClassVar[str] = "hello"
    software: str
    """Version of Cameo."""
    client: str = ""
    """The program, for the log: ``"Blender 5.2.3"``."""


@dataclass(frozen=True)
class EngineInfo:
    """A way of making an avatar. ``ready`` is false while something is missing; ``missing`` says what.

    ``terms`` (1.1) says in one sentence what its models' licences allow for paid work.
    """

    name: str
    title: str
    ready: bool = True
    missing: str = ""
    terms: str = field(default="", metadata=LEFT_OUT_WHEN_DEFAULT)


@dataclass(frozen=True)
class PresetInfo:
    """A quality setting. ``cost`` says in words what it takes."""

    name: str
    title: str
    cost: str = ""


@dataclass(frozen=True)
class WeightsInfo:
    """A model file: present on this machine or not, and under which licence."""

    name: str
    present: bool
    licence: str
    bytes: int = 0


@dataclass(frozen=True, eq=False)
class Welcome(Message):
    """Server: what this backend is and has."""

    KIND: ClassVar[str] = "welcome"
    software: str
    pid: int
    device: str
    """``"cpu"`` or the GPU's name."""
    memory_bytes: int
    """Memory of the device."""
    engines: tuple[EngineInfo, ...] = ()
    presets: tuple[PresetInfo, ...] = ()
    weights: tuple[WeightsInfo, ...] = ()
