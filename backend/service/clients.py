"""The desk where clients are served: requests answered at once, events passed on from the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

import numpy as np

from ...protocol.codec import decode, peer_version
from ...protocol.errors import CameoError
from ...protocol.jobs import JobState
from ...protocol.messages import (
    Accepted,
    Cancel,
    Chunk,
    Closing,
    Draw,
    Examine,
    Failure,
    Fetch,
    Forget,
    Hello,
    JobList,
    ListJobs,
    Message,
    Pause,
    Ping,
    Pong,
    Prefer,
    Preview,
    Resume,
    Shutdown,
    Submit,
    Subscribe,
    Welcome,
)
from ...protocol.version import check_peer
from .entrances import Entrances
from .failures import failure_of
from .journal import Journal
from .outbox import Outbox, receive
from .questions import Question, Questions
from .refusals import require_from_here, require_no_paths
from .store import JobStore
from .supervisor import Supervisor, unknown_job


class ClientDesk:
    """Everything that goes over the main socket. Used by the server's main thread alone."""

    def __init__(
        self,
        entrances: Entrances,
        journal: Journal,
        store: JobStore,
        supervisor: Supervisor,
        questions: Mapping[type[Question], Questions],
        welcome: Callable[[], Welcome],
        shutdown: Callable[[], None],
    ) -> None:
        self._entrances = entrances
        self._outbox = Outbox(entrances.main)
        self._journal = journal
        self._store = store
        self._supervisor = supervisor
        self._questions = questions
        self._welcome = welcome
        self._shutdown = shutdown
        self._peers: dict[bytes, str] = {}  # who spoke to it, and with which key
        self._sent: dict[tuple[bytes, str], int] = {}  # (peer, job) it subscribed to -> newest seq it was sent
        self._seen_change = -1

    def receive(self) -> None:
        """Take one message from the socket and answer it. Whatever is wrong with it becomes a Failure; who is no
        longer invited gets no answer."""
        peer, caller, frames = receive(self._entrances.main)
        if not self._entrances.admits(caller):
            return
        self._peers[peer] = caller
        job = ""
        try:
            message = decode(frames)
            job = getattr(message, "job", "")
            if isinstance(message, Hello):
                check_peer(peer_version(frames), message.software)
            answer = self._answer(peer, caller, message)
        except (CameoError, OSError, sqlite3.Error) as error:
            answer = failure_of(error, job)
        if answer is not None:
            self._outbox.answer(peer, answer)

    def send_preview(self, preview: Preview) -> None:
        """To the job's subscribers, unless they are too slow for it."""
        for peer, job in self._sent:
            if job == preview.job:
                self._outbox.send(peer, preview)

    def send_events(self) -> None:
        """What the journal has and subscribers have not; who reads slowly gets the rest next time."""
        for peer, caller in self._peers.items():
            if not self._entrances.admits(caller):
                self._outbox.drop(peer)
        self._forget_gone()
        self._outbox.retry()
        if self._journal.changes != self._seen_change:
            self._seen_change = self._journal.changes
            for key in self._sent:
                if not self._catch_up(*key):
                    self._seen_change = -1
        self._forget_gone()

    def send_answers(self) -> None:
        """What was found out, to who asked."""
        for questions in self._questions.values():
            for peer, answer in questions.answers():
                if peer in self._peers:
                    self._outbox.answer(peer, answer)

    def tell_all(self, message: Message) -> None:
        """To every client; who reads slowly may miss it."""
        for peer in self._peers:
            self._outbox.send(peer, message)

    def say_goodbye(self) -> None:
        self.tell_all(Closing("The backend was stopped."))

    def _answer(self, peer: bytes, caller: str, message: Message) -> Message | None:
        match message:
            case Hello():
                return self._welcome()
            case Ping(nonce=nonce):
                return Pong(nonce)
            case Submit():
                require_no_paths(caller, message.request)
                return self._submit(message)
            case Subscribe(job=job, after=after):
                self._require_job(job)
                self._sent[peer, job] = after
                self._seen_change = -1
                return None
            case Cancel(job=job):
                return Accepted(job, self._supervisor.cancel(job), known=True)
            case Pause(job=job):
                return Accepted(job, self._supervisor.pause(job), known=True)
            case Resume(job=job):
                return Accepted(job, self._supervisor.resume(job), known=True)
            case Prefer(job=job):
                return Accepted(job, self._supervisor.prefer(job), known=True)
            case Forget(job=job):
                return self._forget(job)
            case Examine():
                require_no_paths(caller, message.request)
                self._questions[Examine].ask(peer, message)
                return None  # the answer comes when the picture has been looked at
            case Draw():
                self._questions[Draw].ask(peer, message)
                return None  # or drawn
            case Fetch():
                return self._fetch(message)
            case ListJobs():
                return JobList(self._journal.jobs())
            case Shutdown():
                require_from_here(caller)
                self._shutdown()
                return None  # everybody hears Closing
        return Failure(
            "protocol.wrong_direction",
            "The backend was sent a message that only a backend sends.",
            cause=message.KIND,
            fix="Install the add-on and the backend of the same Cameo release.",
        )

    def _submit(self, message: Submit) -> Accepted:
        if row := self._journal.find(message.job):
            return Accepted(message.job, row.state, known=True)
        self._store.save_request(message)
        state, known = self._journal.submit(message.job, message.name)
        return Accepted(message.job, state, known)

    def _forget(self, job: str) -> JobList:
        self._supervisor.forget(job)
        self._sent = {key: seq for key, seq in self._sent.items() if key[1] != job}
        return JobList(self._journal.jobs())

    def _fetch(self, message: Fetch) -> Chunk:
        if self._require_job(message.job) is not JobState.DONE:
            raise CameoError(
                "job.no_result",
                "This job has no result.",
                cause="it is not done",
                fix="Wait until it is done.",
            )
        content, size = self._store.read_result(message.job, message.offset, message.length)
        return Chunk(message.job, message.offset, size, np.frombuffer(content, np.uint8))

    def _require_job(self, job: str) -> JobState:
        if row := self._journal.find(job):
            return row.state
        raise unknown_job(job)

    def _catch_up(self, peer: bytes, job: str) -> bool:
        """Send the peer the job's events it lacks. Returns whether it now has all."""
        for event in self._journal.events_after(job, self._sent[peer, job]):
            if not self._outbox.send(peer, event):
                return peer in self._outbox.gone
            self._sent[peer, job] = event.seq
        return True

    def _forget_gone(self) -> None:
        if self._outbox.gone:
            self._peers = {peer: caller for peer, caller in self._peers.items() if peer not in self._outbox.gone}
            self._sent = {key: seq for key, seq in self._sent.items() if key[0] not in self._outbox.gone}
            self._outbox.gone.clear()
