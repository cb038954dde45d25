"""What the artist's side knows of one job: brought up to date by every event."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...protocol.jobs import FINAL, JobState
from ...protocol.messages import Failure, JobInfo, Message, Notice, Preview, Progress, Result, StateChanged, Submit
from .problem import Problem


@dataclass
class JobView:
    """One job.

    Attributes:
        job: its id. name: what the artist calls it.
        mine: ordered or fetched in this session, so its avatar is wanted as soon as it is there.
        submission: kept until the backend has it in its journal, to be sent again after a reconnection.
        seq: newest event seen. heard: when, ``time.monotonic()``.
        fraction: of the whole job. stage_fraction: of ``stage``. eta_seconds: None while unknown.
        picture: newest preview picture, uint8 [H,W,3], or None. pictures: how many came.
        splats: newest preview cloud, or None.
        path: where its avatar file lies on this side.
    """

    job: str
    name: str = ""
    mine: bool = False
    submission: Submit | None = None
    state: JobState = JobState.QUEUED
    seq: int = 0
    heard: float = field(default_factory=time.monotonic)
    stage: str = ""
    fraction: float = 0.0
    stage_fraction: float = 0.0
    eta_seconds: float | None = None
    message: str = ""
    notices: list[Problem] = field(default_factory=list)
    problem: Problem | None = None
    picture: np.ndarray | None = None
    pictures: int = 0
    splats: Preview | None = None
    result: Result | None = None
    fetching: bool = False
    path: Path | None = None

    @property
    def unsent(self) -> bool:
        """Whether no backend has it yet, as far as is known."""
        return self.submission is not None

    @property
    def finished(self) -> bool:
        return self.state in FINAL

    def describe(self, info: JobInfo) -> None:
        """Take over a line of the backend's list."""
        self.name = self.name or info.name
        self.state = info.state
        self.fraction = max(self.fraction, info.fraction)

    def hear(self, event: Message) -> None:
        """Take over one event or preview; events seen before are ignored."""
        self.heard = time.monotonic()
        seq = getattr(event, "seq", 0)
        if 0 < seq <= self.seq:
            return
        self.seq = max(self.seq, seq)
        match event:
            case StateChanged(state=state):
                self.state = state
            case Progress():
                self.stage, self.message = event.stage, event.message
                self.fraction, self.stage_fraction = event.fraction, event.stage_fraction
                self.eta_seconds = event.eta_seconds
            case Notice(code=code, sentence=sentence):
                self.notices.append(Problem(code, sentence))
            case Preview():
                self._see(event)
            case Result():
                self.result = event
            case Failure():
                self.problem = Problem.of(event)

    def _see(self, preview: Preview) -> None:
        if preview.image is not None:
            self.picture = preview.image
            self.pictures += 1
        if preview.means is not None:
            self.splats = preview
