"""Errors written for the person who meets them: a stable code, what happened, why, what to do next."""

from __future__ import annotations

from ..protocol.errors import CameoError

__all__ = ["AssetError", "CameoError", "JobCancelled", "PortraitError", "StageError"]


class PortraitError(CameoError):
    """The picture cannot become an avatar (no face, not a picture, too small, ...)."""


class StageError(CameoError):
    """A pipeline stage failed."""


class AssetError(CameoError):
    """A model or example file could not be had: missing, wrong checksum, no network, no disk space."""


class JobCancelled(CameoError):  # noqa: N818 - nobody erred
    """The artist cancelled the job. Not a failure; the worker reports it as ``cancelled``."""

    def __init__(self) -> None:
        super().__init__("job.cancelled", "The job was cancelled.")
