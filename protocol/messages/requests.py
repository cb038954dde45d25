"""Asking for work, and what is to become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .. import limits
from ..jobs import JobState
from .base import Bytes, JobMessage, Scalar, require


@dataclass(frozen=True, eq=False)
class GenerateAvatar:
    """Everything that changes the result, in one structure: it is also the key of what is cached.

    Attributes:
        image: uint8 [n], the bytes of a PNG, JPEG or WebP file as the artist has it.
        preset: quality setting, one of the backend's presets.
        engine: one of the backend's engines.
        face: which face where several are found, counted from the largest (0); None: the largest, with a notice.
        options: further settings by name, for engines that know them.
    """

    image: Bytes
    preset: str = "preview"
    engine: str = "builtin"
    face: int | None = None
    options: dict[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(0 < self.image.nbytes <= limits.IMAGE_BYTES, "the picture is empty or larger than allowed")
        require(self.face is None or 0 <= self.face < 1000, "face is not a small number")


@dataclass(frozen=True, eq=False)
class Submit(JobMessage):
    """Client: make an avatar. The id is the client's: sending it again is no second job. Answer: :class:`Accepted`."""

    KIND: ClassVar[str] = "submit"
    request: GenerateAvatar
    name: str = ""
    """What the artist calls it; shown in lists, never used as a path."""


@dataclass(frozen=True, eq=False)
class Accepted(JobMessage):
    """Server: what was asked of the job is in the journal. It now survives anything but the loss of the disk."""

    KIND: ClassVar[str] = "accepted"
    state: JobState
    known: bool = False
    """Submit: this id was submitted before; nothing new was started."""


@dataclass(frozen=True, eq=False)
class Subscribe(JobMessage):
    """Client: send me this job's events with ``seq > after``, those that wait and those to come, and its previews."""

    KIND: ClassVar[str] = "subscribe"
    after: int = 0


@dataclass(frozen=True, eq=False)
class Cancel(JobMessage):
    """Client: stop this job. Answer: :class:`Accepted`; it has stopped when its state is final (at most 2 s)."""

    KIND: ClassVar[str] = "cancel"


@dataclass(frozen=True, eq=False)
class Pause(JobMessage):
    """Client: stop this job and keep what it has made. Answer: :class:`Accepted`; it rests when it is ``paused``."""

    KIND: ClassVar[str] = "pause"


@dataclass(frozen=True, eq=False)
class Resume(JobMessage):
    """Client: let a paused job go on. Answer: :class:`Accepted`."""

    KIND: ClassVar[str] = "resume"


@dataclass(frozen=True, eq=False)
class Prefer(JobMessage):
    """Client: of the jobs that wait, take this one next. Answer: :class:`Accepted`."""

    KIND: ClassVar[str] = "prefer"


@dataclass(frozen=True, eq=False)
class Forget(JobMessage):
    """Client: take a job that has ended, and its result, off the disk. Answer: :class:`JobList`."""

    KIND: ClassVar[str] = "forget"
