"""The journal under ``kill -9`` of worker and server at random times: no job lost, doubled or wrong.

``CAMEO_CHAOS_KILLS=200`` runs the long version. The service, the journal and the stage runner are the real ones; the
stages are toys, so that a job takes a second and its right result is known.
"""

import os
import random
import sqlite3
import time

import psutil
import pytest
from cameo.protocol.jobs import JobState, new_job_id
from cameo.protocol.messages import Accepted, JobList, ListJobs, Result, StateChanged, Submit

from ..service.client import Client, toy_request, wait_for
from ..service.conftest import Backend
from ..service.toy_backend import expected

KILLS = int(os.environ.get("CAMEO_CHAOS_KILLS", "20"))
SECONDS_PER_KILL = 6  # what the test may take at most
STEPS = 40


@pytest.fixture
def backend(tmp_path):
    backend = Backend(tmp_path / "home", TOY_ATTEMPTS="1000").start()
    yield backend
    if backend.process.poll() is None:
        backend.kill()


def submit_all(backend: Backend, jobs: dict[str, int]) -> None:
    """Each three times over, as a client does that does not know whether it was heard."""
    with backend.client() as client:
        for job, seed in jobs.items():
            for _ in range(3):
                accepted = client.ask(Submit(job, toy_request(seed=seed, steps=STEPS, seconds=0.005)), Accepted)
                assert accepted.job == job


def kill_something(backend: Backend, rng: random.Random) -> str:
    """Kill the worker, or the server and start it again. Returns which."""
    if rng.random() < 0.3:
        backend.kill()
        backend.start()
        return "server"
    workers = psutil.Process(backend.process.pid).children()
    if not workers:
        return ""
    workers[0].kill()
    return "worker"


def unfinished(backend: Backend) -> int:
    with backend.client() as client:
        lines = client.ask(ListJobs(), JobList).jobs
    assert not [line for line in lines if line.state in (JobState.FAILED, JobState.CANCELLED)]
    return sum(line.state is not JobState.DONE for line in lines)


def check_job(client: Client, job: str, seed: int) -> None:
    events = client.follow(job)
    assert sum(isinstance(e, StateChanged) and e.state is JobState.DONE for e in events) == 1
    results = [event for event in events if isinstance(event, Result)]
    assert len(results) == 1
    content = b""
    while len(content) < results[0].size:
        content += client.fetch(results[0])
    assert content == expected(seed, STEPS)


def test_no_job_is_lost_doubled_or_wrong(backend):
    rng = random.Random(7)
    jobs: dict[str, int] = {}
    killed = {"worker": 0, "server": 0, "": 0}
    end = time.monotonic() + KILLS * SECONDS_PER_KILL
    while killed["worker"] + killed["server"] < KILLS:
        assert time.monotonic() < end
        if not jobs or unfinished(backend) < 2:
            new = {new_job_id(): rng.randrange(1000) for _ in range(3)}
            jobs |= new
            submit_all(backend, new)
        time.sleep(rng.uniform(0.05, 1.2))
        killed[kill_something(backend, rng)] += 1
    submit_all(backend, jobs)  # once more: all are known
    wait_for(lambda: unfinished(backend) == 0, 60)
    with backend.client() as client:
        assert {line.job for line in client.ask(ListJobs(), JobList).jobs} == set(jobs)
        for job, seed in jobs.items():
            check_job(client, job, seed)
    backend.stop()
    database = sqlite3.connect(backend.home / "journal.sqlite")
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert killed["worker"] >= KILLS // 4 and killed["server"] >= KILLS // 10
