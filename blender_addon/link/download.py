"""A result on its way from the backend into a file. Runs in the socket thread, so the disk never holds up Blender."""

from __future__ import annotations

import glob
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ...protocol import limits
from ...protocol.connection import process_exists
from ...protocol.messages import Chunk, Fetch
from .problem import Problem


@dataclass(frozen=True)
class Downloaded:
    """The avatar file of ``job`` lies at ``path``, whole and checked."""

    job: str
    path: Path


@dataclass(frozen=True)
class DownloadFailed:
    """The result of ``job`` could not be brought or written; it still waits on the backend."""

    job: str
    problem: Problem


class Download:
    """Asks for one piece after the other, writes beside the target, and renames the whole when its sum is right."""

    def __init__(self, job: str, size: int, sha256: str, path: Path, piece: int = limits.CHUNK_BYTES) -> None:
        """``piece``: bytes to ask for at a time."""
        self.job = job
        self._piece = piece
        self._size = size
        self._sha256 = sha256
        self._path = path
        self._partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        self._digest = hashlib.sha256()
        self._offset = 0

    def next_request(self) -> Fetch:
        """What to ask for now; asked again after a reconnection it goes on where it was."""
        return Fetch(self.job, self._offset, self._piece)

    def take(self, chunk: Chunk) -> Fetch | Downloaded | DownloadFailed | None:
        """Keep a piece. None: it was an answer to an older question."""
        if chunk.offset != self._offset:
            return None
        try:
            return self._keep(chunk)
        except OSError as error:
            self._discard()
            return DownloadFailed(
                self.job,
                Problem(
                    "avatar.unwritable",
                    f"The avatar file {self._path} cannot be written.",
                    str(error),
                    "Choose another folder for avatars in the add-on's preferences, or free some space.",
                ),
            )

    def _keep(self, chunk: Chunk) -> Fetch | Downloaded | DownloadFailed:
        if self._offset == 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._clear_away()
        with open(self._partial, "ab" if self._offset else "wb") as stream:
            stream.write(chunk.data.data)
        self._digest.update(chunk.data.data)
        self._offset += chunk.data.size
        if self._offset < self._size and chunk.data.size:
            return self.next_request()
        if self._digest.hexdigest() != self._sha256:
            self._discard()
            return DownloadFailed(
                self.job,
                Problem("avatar.damaged_on_the_way", "The avatar arrived damaged.", fix="Fetch it again."),
            )
        os.replace(self._partial, self._path)
        return Downloaded(self.job, self._path)

    def _clear_away(self) -> None:
        """Take away what a Blender left that was killed while it fetched the same avatar."""
        for part in self._path.parent.glob(f"{glob.escape(self._path.name)}.*.part"):
            number = part.name.split(".")[-2]
            if number.isdecimal() and not process_exists(int(number)):
                part.unlink(missing_ok=True)

    def _discard(self) -> None:
        try:
            self._partial.unlink()
        except OSError:
            return  # never made, or the place that cannot be written
