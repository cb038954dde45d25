"""The journal of jobs: what was promised to a client stands here, on disk, before the client hears of it.

SQLite in WAL mode with ``synchronous=FULL``: a commit outlasts a kill and a power cut. One instance may be used by
several threads.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...protocol.codec import MAGIC, decode, encode
from ...protocol.jobs import JobState, allowed
from ...protocol.messages import Failure, JobEvent, JobInfo, Progress, StateChanged
from ...protocol.version import PROTOCOL_VERSION

_LIST_LENGTH = 100
_WITHOUT_SERVER = {
    JobState.RUNNING: JobState.QUEUED,
    JobState.PAUSING: JobState.PAUSED,
    JobState.CANCELLING: JobState.CANCELLED,
}
_SCHEMA = """
create table if not exists jobs(
    id text primary key, name text not null, state text not null, submitted real not null,
    attempt integer not null default 0, deaths integer not null default 0, fraction real not null default 0,
    furthest real not null default 0, place real not null default 0);
create table if not exists events(
    seq integer primary key autoincrement, job text not null references jobs(id), kind text not null,
    time real not null, message text not null);
create index if not exists events_of_job on events(job, seq);
"""

Event = JobEvent | Failure


@dataclass(frozen=True)
class JobRow:
    """A job as the journal knows it. ``attempt`` counts starts, ``deaths`` the workers lost in the present stage."""

    id: str
    state: JobState
    attempt: int
    deaths: int


class Journal:
    """Jobs and their events. Every method is one transaction."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self.changes = 0
        """Counts this instance's transactions: while it stands still there is nothing new to send."""
        self._database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=full")
        self._database.executescript(_SCHEMA)
        columns = {row[1] for row in self._database.execute("pragma table_info(jobs)")}
        if "place" not in columns:  # a journal of protocol 1.0
            self._database.execute("alter table jobs add column place real not null default 0")

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def submit(self, job: str, name: str) -> tuple[JobState, bool]:
        """Enter a new job as queued. Returns its state and whether it was known already (then nothing changes)."""
        with self._transaction():
            if row := self._find(job):
                return row.state, True
            self._database.execute(
                "insert into jobs(id, name, state, submitted) values(?, ?, ?, ?)",
                (job, name, JobState.QUEUED, time.time()),
            )
            self._append(StateChanged(job, 0, JobState.QUEUED))
        return JobState.QUEUED, False

    def find(self, job: str) -> JobRow | None:
        with self._lock:
            return self._find(job)

    def next_queued(self) -> JobRow | None:
        """The preferred job, else the one that has waited longest."""
        with self._lock:
            query = "select id, state, attempt, deaths from jobs where state = ? order by place, rowid limit 1"
            row = self._database.execute(query, (JobState.QUEUED,)).fetchone()
            return row and JobRow(row[0], JobState(row[1]), row[2], row[3])

    def move(self, job: str, new: JobState, *, last: Event | None = None) -> bool:
        """Take the job to ``new`` and write the event of it, after ``last`` where given: all or nothing.

        Returns:
            False, and nothing is written, if the table of transitions does not allow it from the job's present state.
        """
        with self._transaction():
            row = self._find(job)
            if row is None or not allowed(row.state, new):
                return False
            attempt = row.attempt + (new is JobState.RUNNING)
            self._database.execute("update jobs set state = ?, attempt = ? where id = ?", (new, attempt, job))
            if new is JobState.DONE:
                self._database.execute("update jobs set fraction = 1 where id = ?", (job,))
            if last is not None:
                self._append(last)
            self._append(StateChanged(job, 0, new, attempt))
        return True

    def prefer(self, job: str) -> None:
        """Put the job before all others."""
        with self._transaction():
            query = "update jobs set place = (select min(place) from jobs) - 1 where id = ?"
            self._database.execute(query, (job,))

    def forget(self, job: str) -> None:
        """Take a job and its events out of the journal."""
        with self._transaction():
            self._database.execute("delete from events where job = ?", (job,))
            self._database.execute("delete from jobs where id = ?", (job,))

    def count_death(self, job: str) -> int:
        """A worker died on this job. Returns how many did since the job first entered its present stage."""
        with self._transaction():
            self._database.execute("update jobs set deaths = deaths + 1 where id = ?", (job,))
            (deaths,) = self._database.execute("select deaths from jobs where id = ?", (job,)).fetchone()
        return deaths

    def record(self, event: Event) -> None:
        """Append what happened in a running job. Of progress only the newest is kept."""
        with self._transaction():
            if isinstance(event, Progress):
                self._record_progress(event)
            self._append(event)

    def events_after(self, job: str, seq: int) -> list[Event]:
        """The job's events with a greater number, oldest first."""
        with self._lock:
            query = "select seq, message from events where job = ? and seq > ? order by seq"
            return [_read(number, text) for number, text in self._database.execute(query, (job, seq))]

    def newest_seq(self, job: str) -> int:
        with self._lock:
            query = "select coalesce(max(seq), 0) from events where job = ?"
            return self._database.execute(query, (job,)).fetchone()[0]

    def jobs(self) -> tuple[JobInfo, ...]:
        """The newest jobs, newest first."""
        newest = "(select coalesce(max(seq), 0) from events where job = id)"
        query = f"select id, name, state, fraction, submitted, {newest} from jobs order by rowid desc limit ?"
        with self._lock:
            rows = self._database.execute(query, (_LIST_LENGTH,)).fetchall()
        return tuple(JobInfo(row[0], row[1], JobState(row[2]), *row[3:]) for row in rows)

    def states(self) -> dict[str, JobState]:
        """The state of every job there ever was."""
        with self._lock:
            rows = self._database.execute("select id, state from jobs").fetchall()
        return {job: JobState(state) for job, state in rows}

    def recover(self) -> None:
        """At the start of a server: what ran when the last one died waits again; what was to stop has stopped."""
        for job, state in self.states().items():
            if state in _WITHOUT_SERVER:
                self.move(job, _WITHOUT_SERVER[state])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("begin immediate")
            with self._database:  # commits, or rolls back when something was raised
                yield
            self.changes += 1

    def _find(self, job: str) -> JobRow | None:
        row = self._database.execute("select id, state, attempt, deaths from jobs where id = ?", (job,)).fetchone()
        return row and JobRow(row[0], JobState(row[1]), row[2], row[3])

    def _record_progress(self, event: Progress) -> None:
        old = self._database.execute(
            "select seq, message from events where job = ? and kind = ?", (event.job, Progress.KIND)
        ).fetchone()
        previous = _read(*old) if old else None
        if isinstance(previous, Progress):
            self._database.execute("delete from events where seq = ?", (previous.seq,))
            if previous.stage != event.stage:  # a stage never reached before gives the job new attempts
                query = "update jobs set deaths = 0, furthest = ? where id = ? and furthest < ?"
                self._database.execute(query, (event.fraction, event.job, event.fraction))
        self._database.execute("update jobs set fraction = ? where id = ?", (event.fraction, event.job))

    def _append(self, event: Event) -> None:
        text = bytes(encode(event)[1]).decode()
        self._database.execute(
            "insert into events(job, kind, time, message) values(?, ?, ?, ?)",
            (event.job, event.KIND, time.time(), text),
        )


def _read(seq: int, text: str) -> Event:
    message = decode([MAGIC + bytes(PROTOCOL_VERSION), text.encode()])
    assert isinstance(message, JobEvent | Failure)  # nothing else is ever appended
    return dataclasses.replace(message, seq=seq)
