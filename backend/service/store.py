"""A backend's home folder: one at a time may use it, and every job has a folder in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from ...protocol.connection import LOCK_NAME
from ...protocol.errors import CameoError
from ...protocol.jobs import FINAL, JobState, is_job_id
from ...protocol.locks import try_lock
from ...protocol.messages import Result, Submit
from .pipe import read_message, write_message

_REQUEST = "request.bin"
_RESULT = "avatar.cameo"
_LOCK_SECONDS = 0.3  # a client that looks whether the folder is deserted holds the lock for a moment


class HomeLock:
    """Held by the one server of a home folder; the system lets go of it when the process ends, however it ends."""

    def __init__(self, home: Path) -> None:
        """Raises CameoError ``service.home_unwritable`` or ``service.already_running``."""
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._stream = open(home / LOCK_NAME, "ab")  # noqa: SIM115 - closed by release()
        except OSError as error:
            raise CameoError(
                "service.home_unwritable",
                f"The backend cannot write into its folder {home}.",
                cause=str(error),
                fix="Make the folder writable, or choose another one: --home, or Jobs in the add-on's preferences.",
            ) from error
        end = time.monotonic() + _LOCK_SECONDS
        while not try_lock(self._stream):
            if time.monotonic() > end:
                self._stream.close()
                raise CameoError(
                    "service.already_running",
                    "A backend is already running in this folder.",
                    cause=f"the lock in {home} is held",
                    fix="Use the one that runs, stop it, or choose another folder: --home, or Jobs in the preferences.",
                )
            time.sleep(_LOCK_SECONDS / 10)

    def release(self) -> None:
        self._stream.close()


class JobStore:
    """The folders of the jobs: request, stages, result. Only canonical job ids become paths."""

    def __init__(self, home: Path) -> None:
        self._root = home / "jobs"
        self._root.mkdir(parents=True, exist_ok=True)

    def folder(self, job: str) -> Path:
        if not is_job_id(job):
            raise ValueError(f"not a job id: {job!r}")
        return self._root / job

    def save_request(self, submit: Submit) -> None:
        """Keep the request, on disk, whole. Raises OSError (nothing is left behind)."""
        folder = self.folder(submit.job)
        folder.mkdir(exist_ok=True)
        temporary = folder / f".{_REQUEST}.tmp"
        try:
            with open(temporary, "wb") as stream:
                write_message(stream, submit)
                os.fsync(stream.fileno())
            os.replace(temporary, folder / _REQUEST)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def load_request(self, job: str) -> Submit:
        """Raises CameoError ``job.request_lost``."""
        try:
            with open(self.folder(job) / _REQUEST, "rb") as stream:
                message = read_message(stream)
        except (OSError, CameoError) as error:
            raise _request_lost(str(error)) from error
        if not isinstance(message, Submit):
            raise _request_lost("the file holds something else")
        return message

    def result_path(self, job: str) -> Path:
        return self.folder(job) / _RESULT

    def publish(self, job: str, made: Path, result: Result) -> None:
        """Give the file a worker made its final name, once it is what the worker said. May be repeated.

        Raises:
            OSError, ValueError: it is not there, or it is something else.
        """
        path = made if made.exists() else self.result_path(job)
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != result.sha256 or path.stat().st_size != result.size:
            raise ValueError("the worker's result has changed on disk")
        os.replace(path, self.result_path(job))

    def read_result(self, job: str, offset: int, length: int) -> tuple[bytes, int]:
        """Bytes of the result from ``offset`` on, and its whole size. Raises OSError."""
        with open(self.result_path(job), "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(min(offset, size))
            return stream.read(length), size

    def discard_work(self, job: str) -> None:
        """After the job's end: keep the result, free the rest."""
        folder = self.folder(job)
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name != _RESULT:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)

    def remove(self, job: str) -> None:
        """Everything of the job, its result too."""
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def discard_leftovers(self, states: Mapping[str, JobState]) -> None:
        """At a server's start: folders of jobs that never got into the journal, and the work of those that ended."""
        for folder in self._root.iterdir():
            if not is_job_id(folder.name):
                continue
            if folder.name not in states:
                shutil.rmtree(folder, ignore_errors=True)
            elif states[folder.name] in FINAL:
                self.discard_work(folder.name)


def _request_lost(cause: str) -> CameoError:
    return CameoError(
        "job.request_lost",
        "The picture of this job is no longer on the backend's disk.",
        cause=cause,
        fix="Submit the picture again.",
    )
