"""The root of Cameo's errors, and those both sides can meet: a stable code, what happened, why, what to do next."""

from __future__ import annotations


class CameoError(Exception):
    """An error that reaches the artist.

    Attributes:
        code: stable, e.g. ``"portrait.no_face"``; documentation and tests refer to it.
        sentence: what happened, one sentence.
        cause: why, as far as it is known (may be empty).
        fix: what to do next.
    """

    def __init__(self, code: str, sentence: str, *, cause: str = "", fix: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.cause = cause
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.sentence]
        if self.cause:
            parts.append(f"Cause: {self.cause}")
        if self.fix:
            parts.append(f"What to do: {self.fix}")
        return " ".join(parts) + f" [{self.code}]"


class ProtocolError(CameoError):
    """Bytes that are not a message of this protocol. The decoder raises this and nothing else."""


class ConnectionFileError(CameoError):
    """No backend can be found: the connection file is missing, stale, damaged or of another protocol."""


class AvatarFileError(CameoError):
    """An avatar file that cannot be used.

    Codes: ``avatar.not_an_avatar``, ``avatar.truncated``, ``avatar.corrupt``, ``avatar.newer_version``.
    """
