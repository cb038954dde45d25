"""The whole backend as it ships: ``cameo serve``, its worker, every real stage, a real photo, at toy size."""

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from cameo.backend.weights.fetch import asset_path
from cameo.protocol import limits
from cameo.protocol.avatar import ARRAYS, AvatarData, read_avatar
from cameo.protocol.jobs import JobState, new_job_id
from cameo.protocol.messages import (
    Accepted,
    Cancel,
    Failure,
    GenerateAvatar,
    Hello,
    Preview,
    Progress,
    Result,
    StateChanged,
    Submit,
    Subscribe,
    Welcome,
)

from .client import Client, wait_for_backend

pytestmark = pytest.mark.slow
ENVIRONMENT = {**os.environ, "COLUMNS": "200"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "cameo.backend", "serve", "--home", folder, "--parent-pid", str(os.getpid())]
    process = subprocess.Popen(command, env=ENVIRONMENT)
    wait_for_backend(folder, 60)
    yield folder
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def client(home):
    with Client(wait_for_backend(home).endpoint) as client:
        yield client


def astronaut(**settings) -> GenerateAvatar:
    return GenerateAvatar(np.fromfile(asset_path("astronaut.png"), np.uint8), preset="toy", **settings)


def wait_for_stage(client: Client, stage: str) -> None:
    while client.take(Progress, 120).stage != stage:
        pass


def kill_worker(client: Client) -> None:
    server = psutil.Process(client.ask(Hello("test"), Welcome).pid)
    server.children()[0].kill()


def different_arrays(a: AvatarData, b: AvatarData) -> list[str]:
    names = [name for name in ARRAYS if hasattr(a, name)] + ["unit_dirs", "posedirs"]
    return [name for name in names if not np.array_equal(getattr(a, name), getattr(b, name))]


def test_a_killed_job_ends_in_the_same_avatar_as_an_undisturbed_one(client, tmp_path):
    job = new_job_id()
    client.ask(Submit(job, astronaut(options={"hair": "auto", "seed": 0})), Accepted)
    client.send(Subscribe(job))
    wait_for_stage(client, "engine")
    kill_worker(client)
    wait_for_stage(client, "reconstruction")
    events = client.follow(job, seconds=180)
    assert events[-1].state is JobState.DONE
    assert sum(isinstance(e, StateChanged) and e.state is JobState.RUNNING for e in events) == 2
    result = next(event for event in events if isinstance(event, Result))
    received = read_avatar(client.fetch(result, limits.CHUNK_BYTES))
    assert [stage["name"] for stage in received.provenance["stages"]] == ["portrait", "engine", "reconstruction"]
    assert any(isinstance(message, Preview) for message in [*client.waiting, *events])

    output = tmp_path / "undisturbed.cameo"
    command = [sys.executable, "-m", "cameo.backend", "generate", asset_path("astronaut.png"), "-o", output]
    subprocess.run([*command, "--preset", "toy"], env=ENVIRONMENT, check=True, timeout=300, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    assert different_arrays(received, read_avatar(output)) == []


def test_cancel_in_a_real_stage_is_effective_within_two_seconds(client):
    job = new_job_id()
    client.ask(Submit(job, astronaut(options={"seed": 1})), Accepted)
    client.send(Subscribe(job))
    wait_for_stage(client, "engine")
    start = time.monotonic()
    client.send(Cancel(job))
    assert client.follow(job)[-1].state is JobState.CANCELLED
    assert time.monotonic() - start < 2.5  # promised: 2 s; the rest is for busy test machines


def test_a_picture_without_a_face_fails_with_words_and_the_backend_lives_on(client):
    job = new_job_id()
    client.ask(Submit(job, GenerateAvatar(np.frombuffer(b"not a picture", np.uint8), preset="toy")), Accepted)
    events = client.follow(job, seconds=120)
    failure = next(event for event in events if isinstance(event, Failure))
    assert failure.code.startswith("portrait.") and failure.sentence and failure.fix
    assert client.ask(Hello("test"), Welcome).software
