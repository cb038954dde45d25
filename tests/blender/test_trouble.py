"""What may go wrong around a job, in this Blender, by real operators, with real server processes: each time the right
state, a sentence with its button, and the finished job collected in the end."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import bpy
import cameo
import pytest
from cameo.blender_addon import session
from cameo.blender_addon.link import local_backend
from cameo.blender_addon.link.client import BackendClient
from cameo.blender_addon.link.state import LinkState
from cameo.blender_addon.panels import backend as backend_panel
from cameo.blender_addon.panels import jobs as jobs_panel
from cameo.protocol.connection import Connection, home_is_held, write_connection
from cameo.protocol.jobs import JobState
from fake_backend import FakeBackend
from looking import tick_for, wait_until
from paper import drawn
from toy_server import (
    STAGES,
    expected,
    generate,
    has_come,
    kill,
    server_pid,
    toy_picture,
    toy_python,
    wait_gone,
    worker_pids,
)


@pytest.fixture
def home(empty_scene, monkeypatch, tmp_path) -> Path:
    """The backend's folder, with an add-on that starts toy backends in it."""
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAMEO_BACKEND_PYTHON", str(toy_python(tmp_path)))
    cameo.register()
    yield tmp_path / "home"
    cameo.unregister()
    if (tmp_path / "home" / "connection.json").exists():
        kill(server_pid(tmp_path / "home"))


def start():
    bpy.ops.cameo.start_backend()
    wait_until(lambda: session.client().state is LinkState.CONNECTED)


def refused(code):
    """The panel shows this problem with a button that helps."""
    wait_until(lambda: session.client().state is LinkState.ERROR)
    problem = session.client().problem
    assert problem.code == code and problem.fix, problem
    paper = drawn(backend_panel.BackendPanel)
    assert problem.sentence in paper.text and "Error" in paper.text
    return paper


def gone_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


# Killed --------------------------------------------------------------------------------------------------------------


def test_a_worker_killed_in_each_stage_costs_nothing(home, tmp_path):
    start()
    job = generate(toy_picture(tmp_path, 1))
    for stage in STAGES:
        wait_until(lambda stage=stage: job.stage == stage)
        attempt = job.seq
        kill(worker_pids(server_pid(home))[0])
        wait_until(lambda attempt=attempt: job.seq > attempt + 1 and job.state is JobState.RUNNING)
        assert session.client().state is LinkState.CONNECTED and job.problem is None
    wait_until(has_come(job))
    assert job.state is JobState.DONE and job.path.read_bytes() == expected(1)


def test_a_server_killed_in_each_stage_is_started_again_and_the_job_goes_on(home, tmp_path):
    start()
    job, seen = generate(toy_picture(tmp_path, 2)), set()
    for stage in STAGES:
        wait_until(lambda stage=stage: job.stage == stage)
        dead = server_pid(home)
        workers = worker_pids(dead)
        kill(dead)
        wait_until(lambda: session.client().state is not LinkState.CONNECTED)

        def back(dead=dead):
            problem = session.client().problem
            seen.add(problem and problem.sentence)
            return session.client().state is LinkState.CONNECTED and session.client().welcome.pid != dead

        wait_until(back)
        for worker in workers:
            wait_gone(worker)
    assert seen == {None, "The backend has stopped."}
    wait_until(has_come(job))
    assert job.state is JobState.DONE and job.path.read_bytes() == expected(2)
    assert len(list(job.path.parent.iterdir())) == 1, "nothing is left beside it"


def test_a_server_killed_while_the_head_is_on_its_way_brings_it_after_all(home, tmp_path):
    start()
    job = generate(toy_picture(tmp_path, 11, steps=2, padding_bytes=60_000_000))
    wait_until(lambda: job.fetching)
    kill(server_pid(home))
    wait_until(has_come(job))
    assert job.problem is None and job.path.read_bytes() == expected(11, 2) + bytes(60_000_000)
    assert list(job.path.parent.iterdir()) == [job.path]


_OTHER_BLENDER = """
import os, signal, sys
sys.path[:0] = {paths!r}
import conftest, bpy, cameo
from cameo.blender_addon import session
from looking import wait_until
from toy_server import generate
import pathlib
bpy.ops.wm.read_factory_settings(use_empty=True)
cameo.register()
session.client().start(outlive_blender=False)
wait_until(lambda: session.client().state.value == "connected")
job = generate(pathlib.Path({picture!r}))
wait_until(lambda: job.stage == "second")
print("job", job.job, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_backend_dies_with_its_blender_and_the_next_one_collects_the_head(home, tmp_path):
    """Unless it was told to stay (``tests/e2e/test_trouble.py``); its next start goes on where it was."""
    code = _OTHER_BLENDER.format(paths=[str(Path(__file__).parent)], picture=str(toy_picture(tmp_path, 3)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    submitted = done.stdout.split("job ")[1].split()[0]
    wait_until(lambda: not (home / "connection.json").exists())
    bpy.ops.cameo.connect()
    assert "Start Backend" in refused("backend.not_running").buttons
    start()
    wait_until(lambda: submitted in session.client().jobs)
    job = session.client().jobs[submitted]
    wait_until(lambda: job.result is not None)
    assert job.path is None and not job.mine, "a head of an earlier Blender comes when it is asked for"
    assert jobs_panel.FETCH in drawn(jobs_panel.JobsPanel).buttons
    bpy.ops.cameo.fetch_result(job=submitted)
    wait_until(has_come(job))
    assert job.state is JobState.DONE and job.path.read_bytes() == expected(3)


def test_two_blenders_with_one_backend_survive_its_end_together(home, tmp_path):
    start()
    other = BackendClient(home, tmp_path / "elsewhere", "another Blender")
    both = (session.client(), other)

    def until(condition):
        def holds():
            other.poll()
            return condition()

        wait_until(holds)

    job = generate(toy_picture(tmp_path, 4, steps=30))
    until(lambda: job.stage == "first")
    other.start(str(tmp_path / "python"))
    until(lambda: all(client.state is LinkState.CONNECTED and job.job in client.jobs for client in both))
    theirs = other.jobs[job.job]
    until(lambda: theirs.stage)
    dead = server_pid(home)
    kill(dead)
    said = set()

    def back():
        said.update(client.problem.sentence for client in both if client.problem is not None)
        return all(client.welcome is not None and client.welcome.pid != dead for client in both)

    until(back)
    assert said == {"The backend has stopped."}
    assert len({client.welcome.pid for client in both}) == 1, "one backend in a folder"
    until(lambda: has_come(job)() and theirs.result is not None)
    assert theirs.path is None and not theirs.mine
    other.jobs.fetch(job.job)
    until(lambda: theirs.path is not None)
    assert job.path != theirs.path and job.path.read_bytes() == theirs.path.read_bytes() == expected(4, 30)
    other.disconnect(1.0)


# Disks ---------------------------------------------------------------------------------------------------------------


def test_a_full_disk_of_the_backend_fails_its_job_in_words_and_not_the_next(home, tmp_path, monkeypatch):
    """A limit on the size of files stands for the full disk."""
    monkeypatch.setenv("CAMEO_BACKEND_PYTHON", str(toy_python(tmp_path, "ulimit -f 800")))
    start()
    refused_job = generate(toy_picture(tmp_path, 5, padding="x" * 1_000_000))
    wait_until(lambda: refused_job.finished)
    failing = generate(toy_picture(tmp_path, 6, padding_bytes=1_000_000))
    wait_until(lambda: failing.finished and failing.problem is not None)
    for job in (refused_job, failing):
        assert job.state is JobState.FAILED and job.problem.code == "disk.full" and "Free some space" in job.problem.fix
    paper = drawn(jobs_panel.JobsPanel)
    assert paper.texts.count("The disk is full.") == 2 and paper.texts.count("toy_5: failed") == 1
    fine = generate(toy_picture(tmp_path, 7))
    wait_until(has_come(fine))
    assert fine.path.read_bytes() == expected(7) and session.client().state is LinkState.CONNECTED


def test_a_disk_that_takes_nothing_while_a_head_is_made_is_told_until_it_does(home, tmp_path):
    start()
    job = generate(toy_picture(tmp_path, 10, steps=40))
    wait_until(lambda: job.stage == "first")
    server = server_pid(home)
    before = resource.prlimit(server, resource.RLIMIT_FSIZE)
    resource.prlimit(server, resource.RLIMIT_FSIZE, (1000, before[1]))
    wait_until(lambda: session.client().problem is not None)
    problem = session.client().problem
    assert problem.code.startswith("disk.") and problem.sentence in drawn(backend_panel.BackendPanel).text
    assert session.client().state is LinkState.CONNECTED and job.state is JobState.RUNNING
    resource.prlimit(server, resource.RLIMIT_FSIZE, before)
    wait_until(has_come(job))
    assert session.client().problem is None and job.path.read_bytes() == expected(10, 40)


def test_a_disk_without_room_to_start_is_named(home, tmp_path, monkeypatch):
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")  # it could not even write why
    monkeypatch.setattr(local_backend.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    bpy.ops.cameo.start_backend()
    assert "Start Backend" in refused("disk.full").buttons


def test_a_full_folder_for_avatars_loses_nothing(home, tmp_path):
    """The head stays with the backend until there is room."""
    start()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # of this Blender's process; it stands for the disk
    try:
        job = generate(toy_picture(tmp_path, 8, padding_bytes=3_000_000))
        wait_until(has_come(job))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert job.state is JobState.DONE and job.problem.code == "avatar.unwritable" and job.path is None
    folder = session.client().jobs.avatar_folder
    assert not list(folder.iterdir()), "no half file is left"
    paper = drawn(jobs_panel.JobsPanel)
    assert jobs_panel.FETCH in paper.buttons and "cannot be written" in paper.text
    wanted = folder / "head.cameo"
    (folder / f"head.cameo.{gone_process()}.part").write_text("of a Blender that was killed while it fetched")
    bpy.ops.cameo.fetch_result(job=job.job, filepath=str(wanted))
    wait_until(lambda: job.path is not None)
    assert job.problem is None and wanted.read_bytes() == expected(8) + bytes(3_000_000)
    assert list(folder.iterdir()) == [job.path]
    (tmp_path / "file").write_text("not a folder")
    bpy.ops.cameo.fetch_result(job=job.job, filepath=str(tmp_path / "file" / "head.cameo"))
    wait_until(lambda: job.problem is not None)
    assert job.problem.code == "avatar.unwritable"


# The connection file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pid", ["gone", "of another program"])
def test_a_stale_connection_file_misleads_nobody(home, pid):
    home.mkdir()
    (home / "lock").touch()  # its holder was killed
    write_connection(
        home, Connection("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", gone_process() if pid == "gone" else os.getpid())
    )
    bpy.ops.cameo.connect()
    assert "Start Backend" in refused("backend.not_running").buttons
    start()
    assert session.client().welcome.pid == server_pid(home)


def test_a_damaged_connection_file_is_named_and_replaced(home):
    home.mkdir()
    (home / "connection.json").write_text('{"endpoint": ')
    bpy.ops.cameo.connect()
    assert "Start Backend" in refused("connection.damaged").buttons
    start()


def test_a_home_that_cannot_be_written_is_named(home):
    home.write_text("a file where the folder should be")
    bpy.ops.cameo.start_backend()
    refused("backend.cannot_start")


@pytest.mark.parametrize("version", [(9, 0), (0, 9)])
def test_another_major_version_is_one_sentence(home, version):
    backend = FakeBackend(home, protocol=version)
    try:
        for told_by in ("file", "handshake"):
            bpy.ops.cameo.connect()
            paper = refused("protocol.version_mismatch")
            problem = session.client().problem
            assert (
                problem.sentence.startswith("The Blender add-on and the backend")
                and "{}.{}".format(*version) in problem.cause
            )
            assert {"Stop Backend", "Upgrade Backend"} <= set(paper.buttons)
            if told_by == "file":
                content = json.loads((home / "connection.json").read_text())
                (home / "connection.json").write_text(json.dumps({**content, "protocol": [1, 0]}))
    finally:
        backend.kill()


@pytest.mark.parametrize("version", [(1, 0), (1, 9)])
def test_another_minor_version_is_understood(home, photo, version):
    backend = FakeBackend(home, protocol=version)
    try:
        bpy.ops.cameo.connect()
        wait_until(lambda: session.client().state is LinkState.CONNECTED)
        job = generate(photo)
        wait_until(lambda: job.state is JobState.RUNNING)
        assert session.client().problem is None
    finally:
        backend.kill()


# Buttons pressed at bad moments --------------------------------------------------------------------------------------


def test_start_pressed_twice_and_stop_then_start_at_once(home):
    bpy.ops.cameo.start_backend()
    tick_for(0.1)
    bpy.ops.cameo.start_backend()
    wait_until(lambda: session.client().state is not LinkState.STARTING)
    assert session.client().state is LinkState.CONNECTED, session.client().problem
    first = server_pid(home)
    bpy.ops.cameo.stop_backend()
    bpy.ops.cameo.start_backend()
    wait_until(lambda: session.client().state is not LinkState.STARTING)
    assert session.client().state is LinkState.CONNECTED, session.client().problem
    assert session.client().welcome.pid == server_pid(home) != first


def test_an_upgrade_waits_for_a_busy_backend_and_takes_the_place_of_an_idle_one(home, tmp_path, monkeypatch):
    start()
    first, managed = server_pid(home), session.managed()
    successes = []  # an installation takes half a minute; test_managed.py makes one
    monkeypatch.setattr(managed, "take_success", lambda: bool(successes) and successes.pop())
    former = SimpleNamespace(python=Path(os.environ["CAMEO_BACKEND_PYTHON"]))
    monkeypatch.setattr(managed.folder, "previous", lambda: former)
    job = generate(toy_picture(tmp_path, 4))
    wait_until(lambda: job.stage == "second")
    successes.append(True)
    wait_until(has_come(job))
    assert not successes and server_pid(home) == first
    successes.append(True)
    wait_until(lambda: session.client().welcome is not None and session.client().welcome.pid != first)
    assert server_pid(home) == session.client().welcome.pid


def test_a_hung_backend_can_be_stopped_and_started(home, tmp_path):
    start()
    job = generate(toy_picture(tmp_path, 9))
    wait_until(lambda: job.stage == "second")
    hung = server_pid(home)
    os.kill(hung, signal.SIGSTOP)
    assert "Stop Backend" in refused("backend.silent").buttons
    bpy.ops.cameo.stop_backend()
    wait_gone(hung)
    wait_until(lambda: home_is_held(home) is False)
    start()
    wait_until(has_come(job))
    assert job.path.read_bytes() == expected(9)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_backend_that_blender_starts_uses_the_network_only_where_blender_may(home, tmp_path, allowed):
    bpy.context.preferences.system.use_online_access = allowed
    (tmp_path / "python").write_text('#!/bin/sh\necho "offline: $CAMEO_OFFLINE." >&2\nexit 1\n')
    bpy.ops.cameo.start_backend()
    refused("backend.stopped")
    assert ("offline: 1." in session.client().problem.cause) == (not allowed)


def test_a_program_that_is_no_backend_says_what_it_said(home, tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\necho 'no such module' >&2\nexit 1\n")
    bpy.ops.cameo.start_backend()
    refused("backend.stopped")
    assert "no such module" in session.client().problem.cause
    tick_for(0.8)
    refused("backend.stopped")
    assert (home / "backend.log").read_text().count("no such module") == 1, "it is not tried again and again"
