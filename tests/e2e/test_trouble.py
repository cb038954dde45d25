"""What may go wrong around a job: the artist gets a sentence, and nothing is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import bpy
import numpy as np
import pytest
from cameo.blender_addon import session
from cameo.blender_addon.link.state import LinkState
from cameo.blender_addon.panels.backend import self_test_summary
from cameo.protocol.jobs import JobState

from .artist import kill, kill_workers

FOREIGN_BACKEND = """
import sys
from cameo.protocol import version
version.PROTOCOL_VERSION = (9, 0)  # before anything reads it: a real backend of another release
from cameo.backend.cli import main
main(["serve", "--home", sys.argv[1]])
"""


def has_come(job):
    return lambda: job.path is not None or job.problem is not None


def at_work(job):
    return lambda: job.stage in ("engine", "reconstruction")


def test_a_backend_killed_in_each_stage_is_started_again_and_the_job_goes_on(artist, photo):
    """The server in the long stages, as often as it is started again; the worker in the last."""
    artist.start_backend()
    job, said = artist.generate(photo), set()
    for stage in ("portrait", "engine", "reconstruction"):
        artist.wait_for(lambda stage=stage: job.stage == stage, seconds=120)
        dead = artist.client.welcome.pid
        kill(dead)

        def back(dead=dead):
            said.add(artist.client.problem and artist.client.problem.sentence)
            return artist.client.welcome is not None and artist.client.welcome.pid != dead

        artist.wait_for(back)
    assert said == {None, "The backend has stopped."}, "nothing else was said on the way"
    artist.wait_for(lambda: job.stage == "bake", seconds=120)
    kill_workers(artist.client.welcome.pid)
    artist.wait_for(has_come(job), seconds=180)
    assert job.state is JobState.DONE and job.problem is None and job.path.stat().st_size > 100_000


def test_blender_killed_at_work_finds_the_result_later(artist, photo, home):
    """Another Blender submits and is killed; this one finds the finished head and fetches it."""
    code = f"""
import os, signal, sys, bpy
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from e2e.artist import Artist
import pathlib
artist = Artist()
artist.client.start(outlive_blender=True)
artist.wait_for(lambda: artist.client.state.value == "connected")
job = artist.generate(pathlib.Path({str(photo)!r}))
artist.wait_for(lambda: job.stage == "engine")
print("job", job.job, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stdout[-1000:] + done.stderr[-2000:]
    submitted = done.stdout.split("job ")[1].split()[0]

    session.reattach()  # the timer's first tick
    artist.wait_for(lambda: submitted in artist.client.jobs)
    job = artist.client.jobs[submitted]
    artist.wait_for(lambda: job.stage)
    assert job.state in (JobState.RUNNING, JobState.DONE), "what goes on is shown"
    artist.wait_for(lambda: job.result is not None, seconds=180)
    assert job.state is JobState.DONE or job.stage == "bake"
    assert job.path is None, "a head of an earlier session comes when it is asked for"
    bpy.ops.cameo.fetch_result(job=submitted)
    artist.wait_for(has_come(job))
    bpy.ops.cameo.import_avatar(filepath=str(job.path))
    assert any("cameo_avatar" in thing for thing in bpy.data.objects)


def test_a_hung_backend_shows_within_three_seconds_and_comes_back(artist):
    artist.start_backend()
    pid = artist.client.welcome.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        artist.wait_for(lambda: artist.client.state is LinkState.ERROR, seconds=10)
        assert time.monotonic() - stopped < 3.5
        assert artist.client.problem.code == "backend.silent" and artist.client.problem.fix
        artist.wait_for(lambda: time.monotonic() - stopped > 4)
    finally:
        os.kill(pid, signal.SIGCONT)
    repaired = time.monotonic()
    artist.wait_for(lambda: artist.client.state is LinkState.CONNECTED, seconds=10)
    assert time.monotonic() - repaired < 5
    assert np.percentile(artist.ticks, 99) < 0.016


def test_a_backend_of_another_release_is_one_sentence(artist, home, backend_python):
    backend = subprocess.Popen([backend_python, "-P", "-c", FOREIGN_BACKEND, home])
    try:
        wait_for_file(home / "connection.json")
        bpy.ops.cameo.connect()
        artist.wait_for(lambda: artist.client.state is LinkState.ERROR)
        assert artist.client.problem.code == "protocol.version_mismatch"
        # the same when only the handshake can tell
        path = home / "connection.json"
        path.write_text(path.read_text().replace("[9, 0]", "[1, 0]"))
        bpy.ops.cameo.connect()
        artist.wait_for(lambda: artist.client.problem is not None and artist.client.state is LinkState.ERROR)
        problem = artist.client.problem
        assert problem.code == "protocol.version_mismatch" and "9.0" in problem.sentence + problem.cause and problem.fix
    finally:
        backend.terminate()
        assert backend.wait(10) == 0


def test_no_backend_and_no_environment_have_their_sentences(artist, monkeypatch, tmp_path):
    bpy.ops.cameo.connect()
    artist.wait_for(lambda: artist.client.state is LinkState.ERROR)
    assert artist.client.problem.code == "backend.not_running" and "Start" in artist.client.problem.fix
    monkeypatch.setenv("CAMEO_BACKEND_PYTHON", str(tmp_path / "nowhere"))
    bpy.ops.cameo.start_backend()
    assert artist.client.problem.code == "backend.not_there" and artist.client.problem.fix


def test_a_home_that_cannot_be_written_is_named(artist, home):
    home.write_text("a file where the folder should be")
    bpy.ops.cameo.start_backend()
    assert artist.client.state is LinkState.ERROR and artist.client.problem.code == "backend.cannot_start"


def test_a_taken_port_is_named(home, backend_python):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [backend_python, "-P", "-m", "cameo.backend", "serve", "--home", home]
        done = subprocess.run(
            [*command, "--port", str(taken.getsockname()[1])], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert "service.port_taken" in done.stderr and "--port" in done.stderr


def test_cancel_stops_within_two_seconds(artist, photo):
    artist.start_backend()
    job = artist.generate(photo)
    artist.wait_for(at_work(job))
    asked = time.monotonic()
    bpy.ops.cameo.cancel(job=job.job)
    artist.wait_for(lambda: job.finished)
    assert job.state is JobState.CANCELLED and time.monotonic() - asked < 3


def test_pause_resume_and_forget(artist, photo, home):
    artist.start_backend()
    job = artist.generate(photo)
    artist.wait_for(at_work(job))
    bpy.ops.cameo.pause(job=job.job)
    artist.wait_for(lambda: job.state is JobState.PAUSED)
    with pytest.raises(RuntimeError, match=r"job\.not_ended"):
        bpy.ops.cameo.forget(job=job.job)
    bpy.ops.cameo.resume(job=job.job)
    artist.wait_for(has_come(job), seconds=180)
    assert job.state is JobState.DONE and job.path.exists()
    bpy.ops.cameo.forget(job=job.job)
    artist.wait_for(lambda: not any((home / "jobs").iterdir()))
    assert job.job not in artist.client.jobs and job.path.exists()


@pytest.mark.parametrize(
    ("content", "code"), [(b"this is no picture", "portrait."), (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "portrait.")]
)
def test_what_is_no_picture_fails_with_a_reason(artist, tmp_path, content, code):
    picture = tmp_path / "picture.png"
    picture.write_bytes(content)
    artist.start_backend()
    job = artist.generate(picture)
    artist.wait_for(lambda: job.finished and job.problem is not None)
    assert job.state is JobState.FAILED and job.problem.code.startswith(code) and job.problem.fix


def test_an_empty_or_missing_picture_is_refused_at_once(artist, tmp_path):
    artist.start_backend()
    (tmp_path / "empty.png").touch()
    for name, code in (("empty.png", "portrait.empty"), ("missing.png", "portrait.unreadable")):
        with pytest.raises(RuntimeError, match=code):
            artist.generate(tmp_path / name)
    assert artist.client.jobs == {}


def test_a_damaged_avatar_file_leaves_the_scene_alone(artist, tmp_path):
    broken = tmp_path / "broken.cameo"
    broken.write_bytes(b"PK\x03\x04 truncated")
    before = set(bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"avatar\."):
        bpy.ops.cameo.import_avatar(filepath=str(broken))
    assert set(bpy.data.objects) == before


def wait_for_file(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_self_test_starts_from_nothing_and_reports(artist):
    artist.start_backend()
    bpy.ops.cameo.disconnect()
    bpy.ops.cameo.test_backend()
    assert not artist.client.self_test.over and self_test_summary(artist.client.self_test)
    artist.wait_for(lambda: artist.client.self_test.over)
    test = artist.client.self_test
    assert artist.client.state is LinkState.CONNECTED and 0 < test.round_trip < 5
    assert any("torch" in finding.found for finding in test.findings)
    assert "ms" in self_test_summary(test) and all(fault.fix for fault in test.faults)
