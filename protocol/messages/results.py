"""Results, and lists of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import limits
from ..jobs import JobState
from .base import Bytes, JobMessage, Message, require


@dataclass(frozen=True, eq=False)
class Fetch(JobMessage):
    """Client: bytes of the result from ``offset`` on. Answer: one :class:`Chunk`; ask again until it is whole."""

    KIND: ClassVar[str] = "fetch"
    offset: int = 0
    length: int = limits.CHUNK_BYTES

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.offset >= 0 and 0 < self.length <= limits.CHUNK_BYTES, "offset or length is not allowed")


@dataclass(frozen=True, eq=False)
class Chunk(JobMessage):
    """Server: ``data`` uint8 [n] are the bytes from ``offset`` of the result's ``size`` bytes."""

    KIND: ClassVar[str] = "chunk"
    offset: int
    size: int
    data: Bytes


@dataclass(frozen=True)
class JobInfo:
    """One line of the list of jobs. ``submitted``: seconds since 1970. ``seq``: its newest event."""

    job: str
    name: str
    state: JobState
    fraction: float
    submitted: float
    seq: int


@dataclass(frozen=True, eq=False)
class ListJobs(Message):
    """Client: which jobs are there? Answer: :class:`JobList`."""

    KIND: ClassVar[str] = "list_jobs"


@dataclass(frozen=True, eq=False)
class JobList(Message):
    """Server: the newest jobs, newest first."""

    KIND: ClassVar[str] = "job_list"
    jobs: tuple[JobInfo, ...] = ()
