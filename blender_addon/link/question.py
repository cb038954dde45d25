"""A question about a picture: what a job would see in it. The newest is the only one; it survives a reconnection."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from ...protocol.jobs import new_job_id
from ...protocol.messages import Examine, Examined, Failure, GenerateAvatar
from .problem import Problem
from .socket_thread import Incoming, SocketThread

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


class Questions:
    """Asks, and sorts the answers.

    Attributes:
        newest: the question whose answer counts, or None.
    """

    def __init__(self) -> None:
        self.newest: Question | None = None
        self._old: deque[str] = deque(maxlen=100)  # what still comes of them is of no use
        self._line: SocketThread | None = None  # to a backend that has answered

    def ask(self, request: GenerateAvatar) -> Question:
        """Ask now, or as soon as there is a connection."""
        if self.newest is not None:
            self._old.append(self.newest.job)
        self.newest = Question(request)
        self._send()
        return self.newest

    def attach(self, line: SocketThread) -> None:
        """The backend has answered: ask it what is open."""
        self._line = line
        self._send()

    def detach(self) -> None:
        """The connection is gone."""
        self._line = None

    def ask_again_if_lost(self) -> None:
        if self.newest is not None and self.newest.lost:
            self._send()

    def hear(self, message: Incoming) -> bool:
        """Take an answer; False when it belongs to no question."""
        if not isinstance(message, Examined | Failure):
            return False
        return message.job in self._old or (self.newest is not None and self.newest.hear(message))

    def _send(self) -> None:
        if self._line is not None and self.newest is not None and not self.newest.over:
            self._line.send(self.newest.message())
