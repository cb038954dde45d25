"""What went wrong, in words for the artist: from exceptions and dead processes to a :class:`Failure`."""

from __future__ import annotations

import errno
import signal
import sqlite3

from ...protocol import limits
from ...protocol.errors import CameoError
from ...protocol.messages import Failure

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc", "defaultcpuallocator")


def failure_of(error: BaseException, job: str = "") -> Failure:
    """The message for any exception a job or a request can end in."""
    if isinstance(error, CameoError):
        return _failure(job, error.code, error.sentence, error.cause, error.fix)
    if (isinstance(error, OSError) and error.errno in _NO_ROOM) or "disk is full" in str(error):  # SQLite's words
        return disk_full(job, str(error))
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY):
        return out_of_memory(job, _named(error))
    if isinstance(error, OSError | sqlite3.Error):
        return _failure(
            job,
            "disk.error",
            "The backend could not read or write a file.",
            str(error),
            "Check that the disk is there and writable, then submit again.",
        )
    return _failure(
        job,
        "worker.bug",
        "The backend made a mistake.",
        _named(error),
        "Please report this, with the file worker.log from the backend's folder. Other pictures may still work.",
    )


def disk_full(job: str, cause: str) -> Failure:
    return _failure(
        job,
        "disk.full",
        "The disk is full.",
        cause,
        "Free some space (a job needs about 2 GB while it runs), then submit again.",
    )


def journal_stuck(error: sqlite3.Error) -> Failure:
    """What clients hear while nothing can be written down; events wait until it can."""
    if "disk is full" not in str(error):
        return failure_of(error)
    return _failure(
        "", "disk.full", "The disk is full.", str(error), "Free some space: the backend then goes on by itself."
    )


def out_of_memory(job: str, cause: str) -> Failure:
    return _failure(
        job,
        "worker.out_of_memory",
        "The memory of this computer was not enough.",
        cause,
        "Close other programs, or choose a smaller preset, then submit again.",
    )


def worker_died(job: str, returncode: int | None, log_tail: str) -> Failure:
    """For a worker process that ended by itself, again and again."""
    how = exit_words(returncode)
    if returncode == -signal.SIGABRT and "alloc" in log_tail:
        return out_of_memory(job, f"{how}\n{log_tail}")
    hint = "Most often memory ran out: close other programs or choose a smaller preset, then submit again."
    other = "Please report this, with the file worker.log from the backend's folder."
    killed = returncode == -getattr(signal, "SIGKILL", 9)
    cause = f"{how} Its last words:\n{log_tail}" if log_tail else how
    return _failure(job, "worker.died", "The worker process of the backend died.", cause, hint if killed else other)


def exit_words(returncode: int | None) -> str:
    """How a process ended, e.g. ``"It was stopped by the system (SIGKILL)."``"""
    if returncode is None:
        return "It stopped answering."
    if returncode < 0:
        known = {member.value for member in signal.Signals}
        name = signal.Signals(-returncode).name if -returncode in known else f"signal {-returncode}"
        return f"It was stopped by the system ({name})."
    return f"It ended with exit code {returncode}."


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _failure(job: str, code: str, sentence: str, cause: str, fix: str) -> Failure:
    """A failure that can be sent, whatever the texts hold: cut to size, free of what UTF-8 cannot say."""

    def sendable(text: str) -> str:
        return text.encode(errors="replace").decode()[: limits.TEXT_CHARS]

    return Failure(code, sendable(sentence), sendable(cause), sendable(fix), job)
