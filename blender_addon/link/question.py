"""A question about a picture: what a job would see in it. The newest is the only one; it survives a reconnection."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ...protocol.jobs import new_job_id
from ...protocol.messages import Examine, Examined, Failure, GenerateAvatar
from .problem import Problem

ASK_AGAIN_SECONDS = 20.0
"""A question that is not answered for so long got lost while the connection broke and healed unseen."""
_OLD_BACKEND = Problem(
    "portrait.cannot_look",
    "This backend cannot look at a picture before a head is made.",
    cause="It is older than this add-on.",
    fix="Generate without looking first, or upgrade the backend.",
)


@dataclass
class Question:
    """One question. Over when it has an ``answer`` or a ``problem``.

    Attributes:
        asked: when it was last sent, ``time.monotonic()``; None: not yet.
    """

    request: GenerateAvatar
    job: str = field(default_factory=new_job_id)
    asked: float | None = None
    answer: Examined | None = None
    problem: Problem | None = None

    @property
    def over(self) -> bool:
        return self.answer is not None or self.problem is not None

    @property
    def lost(self) -> bool:
        """Whether it is time to ask again."""
        return not self.over and self.asked is not None and time.monotonic() - self.asked > ASK_AGAIN_SECONDS

    def message(self) -> Examine:
        """What goes to the backend now."""
        self.asked = time.monotonic()
        return Examine(self.job, self.request)

    def hear(self, message: Examined | Failure) -> bool:
        """Take an answer; False when it belongs to another question."""
        if isinstance(message, Failure) and message.code == "protocol.unknown_message" and not message.job:
            if not self.over and self.asked is not None:
                self.problem = _OLD_BACKEND
            return self.problem is _OLD_BACKEND
        if message.job != self.job or self.over:
            return message.job == self.job
        if isinstance(message, Examined):
            self.answer = message
        else:
            self.problem = Problem.of(message)
        return True
