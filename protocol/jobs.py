"""The states of a job and the ways between them."""

from __future__ import annotations

import uuid
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands. The journal holds it; clients see it in every event of kind ``state``."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED}),
    # Back to queued: the worker or the server died; the job resumes from its stored stages.
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.PAUSING, JobState.CANCELLING, JobState.DONE, JobState.FAILED}
    ),
    # Done or failed: it came to its end before it could stop.
    JobState.PAUSING: frozenset({JobState.PAUSED, JobState.CANCELLING, JobState.DONE, JobState.FAILED}),
    JobState.PAUSED: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.CANCELLING: frozenset({JobState.CANCELLED}),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}

FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)


def allowed(old: JobState, new: JobState) -> bool:
    """Whether a job in ``old`` may go to ``new``."""
    return new in TRANSITIONS[old]


def new_job_id() -> str:
    """A job id, chosen by the client before it submits, so that a repeated submit is the same job."""
    return str(uuid.uuid4())


def is_job_id(text: str) -> bool:
    """Whether ``text`` is a UUID written the canonical way: safe as a file name, and only one way to write it."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
