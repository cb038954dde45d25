"""Errors written for the person who meets them: a stable code, what happened, why, what to do next."""

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


class PortraitError(CameoError):
    """The picture cannot become an avatar (no face, not a picture, too small, ...)."""


class StageError(CameoError):
    """A pipeline stage failed."""


class AssetError(CameoError):
    """A model or example file could not be had: missing, wrong checksum, no network, no disk space."""


class JobCancelled(CameoError):
    """The artist cancelled the job. Not a failure; the worker reports it as ``cancelled``."""

    def __init__(self) -> None:
        super().__init__("job.cancelled", "The job was cancelled.")
