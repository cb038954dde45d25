"""The connection, the backend's health, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Message


@dataclass(frozen=True, eq=False)
class Ping(Message):
    """Either side: are you there? ``nonce`` comes back."""

    KIND: ClassVar[str] = "ping"
    nonce: int = 0


@dataclass(frozen=True, eq=False)
class Pong(Message):
    """The answer to :class:`Ping`."""

    KIND: ClassVar[str] = "pong"
    nonce: int = 0


@dataclass(frozen=True, eq=False)
class Diagnose(Message):
    """Client, on the control socket: is all there that a backend needs? Answer: :class:`Diagnosis`."""

    KIND: ClassVar[str] = "diagnose"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and if that is not good, what to do."""

    good: bool
    found: str
    fix: str = ""


@dataclass(frozen=True, eq=False)
class Diagnosis(Message):
    """Server: what it found."""

    KIND: ClassVar[str] = "diagnosis"
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Shutdown(Message):
    """Client: stop the backend. Running jobs stay in the journal and resume at the next start."""

    KIND: ClassVar[str] = "shutdown"


@dataclass(frozen=True, eq=False)
class Closing(Message):
    """Server: I am about to stop, in order; ``reason`` for the artist."""

    KIND: ClassVar[str] = "closing"
    reason: str = ""
