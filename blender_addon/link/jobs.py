"""The jobs as this Blender knows them: what the artist asks of them, and what is heard of them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from ...protocol.jobs import FINAL, JobState, new_job_id
from ...protocol.messages import (
    Accepted,
    Cancel,
    Failure,
    Forget,
    GenerateAvatar,
    JobInfo,
    JobList,
    Pause,
    Prefer,
    Resume,
    Submit,
    Subscribe,
)
from .download import Download, Downloaded, DownloadFailed
from .job_view import JobView
from .problem import Problem
from .socket_thread import Incoming, SocketThread

_RESUBSCRIBE_SECONDS = 3.0


class Jobs(dict[str, JobView]):
    """By id, in the order in which they became known.

    Attributes:
        avatar_folder: where finished avatars go.
    """

    def __init__(self, avatar_folder: Path) -> None:
        super().__init__()
        self.avatar_folder = avatar_folder
        self._line: SocketThread | None = None  # to a backend that has answered
        self._forgotten: set[str] = set()  # taken off the list here, and perhaps not yet there

    # What the artist asks for ----------------------------------------------------------------------------------------

    def submit(self, request: GenerateAvatar, name: str = "") -> str:
        """Ask for an avatar; returns the job's id. Sent as soon as there is a connection.

        Args:
            name: what the artist calls it.
        """
        submission = Submit(new_job_id(), request, name)
        view = JobView(submission.job, name, mine=True, submission=submission)
        self[view.job] = view
        self._ask_about(view)
        return view.job

    def cancel(self, job: str) -> None:
        if self._line is not None:
            self._line.send(Cancel(job), control=True)

    def pause(self, job: str) -> None:
        """Let a job rest."""
        self._send(Pause(job))

    def resume(self, job: str) -> None:
        """Let a paused job go on."""
        self._send(Resume(job))

    def prefer(self, job: str) -> None:
        """Put a waiting job before the others."""
        self._send(Prefer(job))

    def forget(self, job: str) -> None:
        """Take a finished job off the list, here and in the backend, even if the connection breaks meanwhile."""
        self._forgotten.add(job)
        self._send(Forget(job))
        del self[job]

    def drop_unsent(self, job: str) -> None:
        """Take a job off the list that no backend has heard of."""
        del self[job]

    def fetch(self, job: str, path: Path | None = None) -> None:
        """Bring the finished avatar of ``job`` into a file; its view's ``path`` is set when it is there."""
        view = self[job]
        if self._line is None or view.result is None or view.fetching:
            return
        view.fetching, view.problem = True, None
        target = path or self.avatar_folder / file_name(view)
        result, piece = view.result, self._line.piece_bytes
        self._line.download(Download(job, result.size, result.sha256, target, piece))

    # The connection --------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether what is asked for reaches the backend."""
        return self._line is not None

    def knows(self, job: str) -> bool:
        """Whether it is on the list, or was until lately."""
        return job in self or job in self._forgotten

    def keep_unsent(self) -> None:
        """Another backend from now on: it knows nothing of the jobs of the one before."""
        self._forgotten.clear()
        for view in [view for view in self.values() if not view.unsent]:
            del self[view.job]

    @property
    def unfinished(self) -> bool:
        """Whether there is work left for the backend: a head to make, or one to bring."""
        return any(not view.finished or _is_awaited(view) for view in self.values())

    def attach(self, line: SocketThread) -> None:
        """The backend has answered: take up every job where it was."""
        self._line = line
        for job in self._forgotten:
            line.send(Forget(job))
        for view in self.values():
            if not view.finished or view.result is None:
                self._ask_about(view)
            self._fetch_if_wanted(view)

    def detach(self) -> None:
        """The connection is gone."""
        self._line = None
        for view in self.values():
            view.fetching = False

    def ask_after_silent(self, now: float) -> None:
        """A connection that broke and healed unseen has lost its subscriptions."""
        for view in self.values():
            if not view.finished and now - view.heard > _RESUBSCRIBE_SECONDS:
                self._ask_about(view)

    def _send(self, message: Pause | Resume | Prefer | Forget) -> None:
        if self._line is not None:
            self._line.send(message)

    def _ask_about(self, view: JobView) -> None:
        """(Re)submit what the backend may not have, and take up the job's events after the last one seen."""
        view.heard = time.monotonic()
        if self._line is None:
            return
        if view.submission is not None:
            self._line.send(view.submission)
        self._line.send(Subscribe(view.job, view.seq))

    # What came -------------------------------------------------------------------------------------------------------

    def hear(self, incoming: Incoming) -> None:
        """Take in what is about jobs; anything else is ignored."""
        match incoming:
            case JobList(jobs=listed):
                self._take_list(listed)
            case Accepted(job=job, state=state):
                self._be_accepted(job, state)
            case Downloaded() | DownloadFailed():
                self._end_download(incoming)
            case Failure(seq=0, job=job) if job in self._forgotten:
                self._forgotten.discard(
                    job
                )  # the backend does not have it, or its state has changed: then it is listed
            case Failure(seq=0, job=job) if job in self:
                self._be_refused(self[job], Problem.of(incoming))
            case Problem():
                return
            case _:
                view = self.get(getattr(incoming, "job", ""))
                if view is not None:
                    view.hear(incoming)
                    self._fetch_if_wanted(view)

    def _take_list(self, listed: Sequence[JobInfo]) -> None:
        self._forgotten.intersection_update(info.job for info in listed)
        for info in listed:
            if info.job in self._forgotten:
                continue
            known = info.job in self
            view = self.setdefault(info.job, JobView(info.job))
            view.describe(info)
            if not known:
                self._ask_about(view)

    def _be_accepted(self, job: str, state: JobState) -> None:
        view = self.get(job)
        if view is not None:
            view.submission = None
            if state in FINAL or view.seq == 0:
                view.state = state

    def _be_refused(self, view: JobView, problem: Problem) -> None:
        view.submission, view.fetching = None, False
        if not view.finished or view.problem is None:  # the first reason counts: a refused job is unknown afterwards
            view.problem = problem
        if not view.finished:
            view.state = JobState.FAILED

    def _end_download(self, incoming: Downloaded | DownloadFailed) -> None:
        view = self.get(incoming.job)
        if view is None:
            return  # forgotten in the meantime
        view.fetching = False
        if isinstance(incoming, Downloaded):
            view.path = incoming.path
        else:
            view.problem = incoming.problem

    def _fetch_if_wanted(self, view: JobView) -> None:
        if _is_awaited(view):
            self.fetch(view.job)


def _is_awaited(view: JobView) -> bool:
    """An avatar asked for in this session comes by itself; one that failed to arrive waits for the artist."""
    return view.mine and view.result is not None and view.path is None and view.problem is None


def file_name(view: JobView) -> str:
    """Of the job's avatar: what the artist called it, and a part of its id, by which two of one name differ."""
    spoken = re.sub(r"[^\w .-]", "_", view.name).strip(" .")[:60]
    return f"{spoken or 'Head'} {view.job[:8]}.cameo"
