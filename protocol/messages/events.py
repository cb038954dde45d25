"""What happens to a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import limits
from ..jobs import JobState, is_job_id
from .base import Colors, JobEvent, JobMessage, Message, Picture, Points, Radii, require


@dataclass(frozen=True, eq=False)
class StateChanged(JobEvent):
    """Server: the job has a new state."""

    KIND: ClassVar[str] = "state"
    state: JobState
    attempt: int = 0


@dataclass(frozen=True, eq=False)
class Progress(JobEvent):
    """Server: how far the job is. The journal keeps the newest only."""

    KIND: ClassVar[str] = "progress"
    stage: str
    fraction: float
    """Of the whole job, 0..1."""
    stage_fraction: float = 0.0
    eta_seconds: float | None = None
    message: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.fraction <= 1 and 0 <= self.stage_fraction <= 1, "a fraction is outside 0..1")


@dataclass(frozen=True, eq=False)
class Notice(JobEvent):
    """Server: a warning that does not stop the job, e.g. ``portrait.several_faces``."""

    KIND: ClassVar[str] = "notice"
    code: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Preview(JobMessage):
    """Server: how the avatar looks so far. Latest wins; may be dropped; never journalled.

    Attributes:
        image: uint8 [H,W,3] sRGB, or None.
        means: float32 [N,3] metres, head frame, neutral pose; or None.
        scales: float32 [N], radius of each splat in metres.
        colors: uint8 [N,3] sRGB.
    """

    KIND: ClassVar[str] = "preview"
    image: Picture | None = None
    means: Points | None = None
    scales: Radii | None = None
    colors: Colors | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = {-1 if part is None else len(part) for part in (self.means, self.scales, self.colors)}
        require(len(counts) == 1 and max(counts) <= limits.PREVIEW_SPLATS, "the splats disagree or are too many")


@dataclass(frozen=True, eq=False)
class Result(JobEvent):
    """Server: the avatar file is ready. It waits on the server; :class:`Fetch` brings it in pieces."""

    KIND: ClassVar[str] = "result"
    size: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Failure(Message):
    """Server: something failed. With ``job`` and ``seq`` it is an event of that job, else the answer to a request."""

    KIND: ClassVar[str] = "failure"
    code: str
    sentence: str
    cause: str = ""
    fix: str = ""
    job: str = ""
    seq: int = 0

    def __post_init__(self) -> None:
        require(self.job == "" or is_job_id(self.job), "job is neither empty nor a canonical UUID")
