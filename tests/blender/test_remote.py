"""A backend on another computer, as the artist meets it: a real server with keys, real operators, real troubles. What
its stages make is numbers (``tests/service/toy_backend.py``); that real stages make a head is another file's matter.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import time
import zipfile
from pathlib import Path

import bpy
import cameo
import numpy as np
import pytest
from cameo.backend.service.keys import KeyRing
from cameo.blender_addon import preferences, session
from cameo.blender_addon.link.state import LinkState
from cameo.blender_addon.panels import backend as panel
from cameo.protocol.invitation import ClientKeys, Invitation, read_invitation, write_invitation
from cameo.protocol.jobs import JobState
from paper import drawn
from toy_server import BACKEND, TOY, expected, generate, has_come, kill, toy_picture

from ..service.client import free_ports, wait_for_backend


class Box:
    """The other computer: a backend of its own home, reached through its door alone."""

    def __init__(self, folder: Path) -> None:
        self.home, self.port = folder / "box", free_ports()
        self.process: subprocess.Popen | None = None

    def cameo(self, *arguments: object) -> list[str]:
        return [str(BACKEND), "-P", "-m", "cameo.backend", *map(str, arguments), "--home", str(self.home)]

    def invite(self, name: str, file: Path) -> Path:
        command = self.cameo("keys", "invite", name, f"127.0.0.1:{self.port}", "-o", file)
        subprocess.run(command, check=True, capture_output=True)
        file.chmod(0o644)  # as a mail program or a browser leaves it
        return file

    def serve(self) -> None:
        environment = {**os.environ, "TOY_DOOR": str(self.port), "TOY_PARENT": str(os.getpid())}
        command = [str(BACKEND), "-P", str(TOY), "serve", str(self.home)]
        with open(self.home / "backend.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self.connection = wait_for_backend(self.home, 30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other_computer")
    box = Box(folder)
    box.file = box.invite("grace", folder / "grace.cameo-key")
    box.serve()
    yield box
    box.stop()


class Guest:
    """An artist whose Blender has preferences, as when the add-on is installed."""

    def __init__(self) -> None:
        self.client, self.ticks = session.client(), []

    def wait_for(self, condition, seconds=30.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.client.state, self.client.problem, self.client.jobs)
            started = time.perf_counter()
            session.poll()
            self.ticks.append(time.perf_counter() - started)
            time.sleep(0.01)

    def problem_with(self, invitation: Path):
        bpy.ops.cameo.use_invitation(filepath=str(invitation))
        assert self.client.state is LinkState.STARTING
        self.wait_for(lambda: self.client.state is not LinkState.STARTING)
        assert self.client.state is LinkState.ERROR and self.client.problem.fix
        problem, paper = self.client.problem, drawn(panel.BackendPanel)
        assert problem.sentence in paper.text and "Connect Again" in paper.buttons
        return problem

    def make_head(self, picture: Path):
        job = generate(picture)
        self.wait_for(has_come(job))
        assert job.state is JobState.DONE
        return job


@pytest.fixture
def guest(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(preferences.INVITATION_VARIABLE, "")
    cameo.register()
    addon = bpy.context.preferences.addons.new()
    addon.module = preferences.PACKAGE
    yield Guest()
    bpy.context.preferences.addons.remove(addon)
    cameo.unregister()


def test_a_head_comes_from_another_computer_and_no_key_gets_out(guest, box, tmp_path):
    bpy.ops.cameo.use_invitation(filepath=str(box.file))
    assert stat.S_IMODE(box.file.stat().st_mode) == 0o600
    assert preferences.current().invitation == str(box.file)
    guest.wait_for(lambda: guest.client.state is LinkState.CONNECTED)
    assert not (tmp_path / "home" / "journal.sqlite").exists(), "nothing is started here"
    paper = drawn(panel.BackendPanel)
    assert f"127.0.0.1:{box.port}" in paper.text
    assert paper.buttons == ["cameo.disconnect", "cameo.use_this_computer"]
    assert not panel.InstalledPanel.poll(bpy.context)
    for operator in ("start_backend", "stop_backend"):
        assert not getattr(bpy.ops.cameo, operator).poll()
        with pytest.raises(RuntimeError):
            getattr(bpy.ops.cameo, operator)()
    job = guest.make_head(toy_picture(tmp_path, 1, padding_bytes=8_000_000))
    assert job.pictures > 0 and job.path.read_bytes() == expected(1) + bytes(8_000_000)
    bpy.ops.cameo.test_backend()
    guest.wait_for(lambda: guest.client.self_test.over)
    assert 0 < guest.client.self_test.round_trip < 5 and guest.client.self_test.findings
    assert np.percentile(guest.ticks, 99) < 0.016
    secrets = read_invitation(box.file).keys
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"), compress=False)
    bpy.ops.cameo.write_diagnostics(filepath=str(tmp_path / "bundle.zip"))
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        report = bundle.read("report.json")
    logs = [path.read_bytes() for path in box.home.glob("*.log")]
    for content in (report, (tmp_path / "scene.blend").read_bytes(), *logs):
        assert secrets.secret.encode() not in content and secrets.server.encode() not in content
    assert b"127.0.0.1" not in report and str(tmp_path).encode() not in report
    assert json.loads(report)["connection"]["remote"] and len(logs) > 1
    bpy.ops.cameo.use_this_computer()
    assert guest.client.state is LinkState.DISCONNECTED and guest.client.remote is None and guest.client.jobs == {}
    assert box.process.poll() is None and bpy.ops.cameo.start_backend.poll()


def test_each_trouble_has_its_own_sentence(guest, box, tmp_path):
    good = read_invitation(box.file)
    codes = {}

    def trouble(name: str, host: str, port: int, keys: ClientKeys = good.keys) -> None:
        write_invitation(tmp_path / name, Invitation("grace", host, port, keys))
        problem = guest.problem_with(tmp_path / name)
        codes[name] = problem.code
        assert host in problem.sentence and keys.secret not in str(problem)

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        trouble("closed", "127.0.0.1", nobody.getsockname()[1])
    removed = KeyRing(box.home).invite("removed")
    KeyRing(box.home).remove("removed")
    trouble("removed", "127.0.0.1", box.port, removed)
    wrong = ClientKeys(removed.public, good.keys.public, good.keys.secret)
    trouble("other keys", "127.0.0.1", box.port, wrong)
    trouble("no keys", "127.0.0.1", int(box.connection.endpoint.rpartition(":")[2]))
    trouble("misspelt", "gpubox.invalid", box.port)
    # on a busy computer the greeting of a port without keys can look as if it was broken off
    assert codes.pop("no keys") in ("remote.not_cameo", "remote.other_keys")
    assert codes == {
        "closed": "remote.closed_port",
        "removed": "remote.key_refused",
        "other keys": "remote.other_keys",
        "misspelt": "remote.unknown_host",
    }
    (tmp_path / "misspelt").write_text("no invitation")
    guest.wait_for(lambda: guest.client.problem.code == "remote.bad_invitation")
    for path in (tmp_path / "none", tmp_path / "misspelt"):
        with pytest.raises(RuntimeError, match=r"remote\.(no|bad)_invitation"):
            bpy.ops.cameo.use_invitation(filepath=str(path))
    assert np.percentile(guest.ticks, 99) < 0.016


def test_it_comes_back_by_itself_and_the_address_may_change(guest, box, tmp_path):
    chosen = preferences.current()
    chosen.invitation, chosen.remote_address = str(box.file), f"127.0.0.1:{box.port}"
    session.reattach()
    guest.wait_for(lambda: guest.client.state is LinkState.CONNECTED)
    job = guest.make_head(toy_picture(tmp_path, 2, steps=2)).job
    box.process.send_signal(signal.SIGSTOP)
    bpy.ops.cameo.forget(job=job)
    guest.wait_for(lambda: guest.client.problem is not None and guest.client.problem.code == "remote.slow", 5)
    kill(box.process.pid)
    box.serve()
    guest.wait_for(lambda: guest.client.problem is None, 10)
    guest.wait_for(lambda: not (box.home / "jobs" / job).exists())
    assert guest.client.state is LinkState.CONNECTED and job not in guest.client.jobs
    box.stop()
    guest.wait_for(lambda: guest.client.state is LinkState.ERROR, 5)
    assert guest.client.problem.code == "remote.stopped"
    for operator in ("pause", "resume", "prefer", "forget", "cancel", "fetch_result"):
        assert not getattr(bpy.ops.cameo, operator).poll()
    box.serve()
    started = time.monotonic()
    guest.wait_for(lambda: guest.client.state is LinkState.CONNECTED, 15)
    assert time.monotonic() - started < 8
    chosen.remote_address = "no address"
    guest.wait_for(lambda: guest.client.state is LinkState.ERROR, 5)
    assert guest.client.problem.code == "remote.bad_address"
    chosen.remote_address = ""
    guest.wait_for(lambda: guest.client.state is LinkState.CONNECTED)
