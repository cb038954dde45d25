"""Real environments, real pip, a toy release: installed, cut off, broken, renewed, taken away."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import cameo
import pytest
from cameo.blender_addon.managed import install, machine
from cameo.blender_addon.managed.folder import MARKER, ManagedFolder
from cameo.blender_addon.managed.install import Installation
from cameo.blender_addon.managed.manager import ManagedBackend, Work
from cameo.blender_addon.managed.refusal import Refused

THIS = sys.executable
Usage = namedtuple("Usage", "total used free")


def run_install(root: Path, release, lines=None):
    def report(fraction, line):
        assert 0 <= fraction <= 1
        if lines is not None:
            lines.append((fraction, line))

    choices = replace(release.choices, python=THIS)
    return Installation(ManagedFolder(root), release.lock(), choices, report).run()


def version_in(installed) -> str:
    code = "import tinylib, cameo.backend; print(cameo.backend.VERSION)"
    done = subprocess.run([installed.python, "-I", "-c", code], capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed_root(shared_release, tmp_path_factory):
    root = tmp_path_factory.mktemp("user") / "backend"
    lines = []
    run_install(root, shared_release, lines)
    return root, lines


def test_a_fresh_installation_works_and_says_what_it_does(installed_root):
    root, lines = installed_root
    folder = ManagedFolder(root)
    current = folder.current()
    assert version_in(current) == "0.1.0" and current.variant == "cpu"
    assert [fraction for fraction, _ in lines] == sorted(fraction for fraction, _ in lines)
    said = " | ".join(line for _, line in lines)
    for part in ("Making an environment", "tinylib", "Installing Cameo", "doctor"):
        assert part in said
    assert "doctor" in folder.log.read_text() and "tinylib" in folder.log.read_text()
    assert folder.interrupted() == [] and folder.previous() is None
    assert not folder.cache.exists() and sorted(path.name for path in root.iterdir()) == [
        "current.json",
        "env-1",
        "install.log",
        "installing.lock",
    ]


def test_a_broken_release_leaves_the_old_one_at_work(installed_root, release):
    root, _ = installed_root
    release.set_backend("0.2.0", doctor_code=1)
    with pytest.raises(Refused) as refused:
        run_install(root, release)
    assert refused.value.problem.code == "install.verify_failed" and refused.value.problem.fix
    folder = ManagedFolder(root)
    assert version_in(folder.current()) == "0.1.0" and not (root / "env-2").exists()
    wheel = next(release.wheelhouse.glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes()[:100])  # a copy that broke off
    release.set_backend("0.2.0")
    with pytest.raises(Refused) as refused:
        run_install(root, release)
    assert refused.value.problem.code == "install.package_damaged"
    assert version_in(folder.current()) == "0.1.0" and not (root / "env-2").exists()


def test_an_upgrade_switches_and_can_be_taken_back_until_it_has_answered(installed_root, release, tmp_path):
    root = tmp_path / "backend"
    shutil.copytree(installed_root[0], root, symlinks=True)
    release.set_backend("0.2.0")
    managed = ManagedBackend(root, release.lock)
    assert managed.state.outdated and managed.state.installed.software == "0.1.0"
    managed.install("cpu", replace(release.choices, python=THIS))
    wait(managed)
    assert managed.state.problem is None and not managed.state.outdated
    assert version_in(managed.state.installed) == "0.2.0" and managed.state.can_roll_back
    assert managed.roll_back() and managed.state.installed.software == "0.1.0" and managed.state.outdated
    assert managed.roll_back() and managed.state.installed.software == "0.2.0"
    managed.confirm()
    wait(managed)
    assert not managed.state.can_roll_back and [path.name for path in root.glob("env-*")] == ["env-2"]
    managed.uninstall()
    wait(managed)
    assert managed.state.installed is None and not root.exists()
    (root / "cache").mkdir(parents=True)  # a download that came to nothing
    managed.look()
    assert managed.state.interrupted
    managed.uninstall()
    wait(managed)
    assert not managed.state.interrupted and not root.exists()


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from toy_release import ToyRelease
from test_install import run_install
class Loud(list):
    def append(self, item):
        print(item[1], flush=True)
release = ToyRelease(Path({folder!r}) / "another")
run_install(Path({folder!r}) / "backend", release, Loud())
"""


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killed_in_the_middle_then_tried_again(release, tmp_path):
    code = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    paths = os.pathsep.join([str(Path(cameo.__path__[0]).parent), *sys.path])
    process = subprocess.Popen(
        [THIS, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    for line in process.stdout:
        if "tinylib" in line:  # pip is at work
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    folder = ManagedFolder(tmp_path / "backend")
    assert folder.current() is None and len(folder.interrupted()) == 1
    end = time.monotonic() + 10
    while works_in(tmp_path / "backend"):
        assert time.monotonic() < end, "pip outlived who started it"
        time.sleep(0.05)
    managed = ManagedBackend(tmp_path / "backend", release.lock)
    assert managed.state.interrupted and managed.state.installed is None
    managed.install("cpu", replace(release.choices, python=THIS))
    wait(managed)
    assert version_in(managed.state.installed) == "0.1.0" and not managed.state.interrupted
    assert len(list((tmp_path / "backend").glob("env-*"))) == 1


def works_in(folder: Path) -> list[str]:
    """Processes whose program lies in ``folder``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if command.startswith(bytes(folder)):
            found.append(command.decode("utf-8", "replace"))
    return found


def test_cancelled_at_once_leaves_nothing(release, tmp_path):
    managed = ManagedBackend(tmp_path / "backend", release.lock)
    managed.install("cpu", replace(release.choices, python=THIS))
    end = time.monotonic() + 30
    while "Making" not in managed.state.line:
        assert time.monotonic() < end
        time.sleep(0.01)
    asked = time.monotonic()
    managed.cancel()
    wait(managed)
    assert time.monotonic() - asked < 2
    assert managed.state.problem is None and managed.state.installed is None
    assert list((tmp_path / "backend").glob("env-*")) == []


def wait(managed, seconds=60):
    end = time.monotonic() + seconds
    while managed.state.work is not Work.NONE:
        assert time.monotonic() < end, managed.state
        time.sleep(0.01)


# What is refused before anything is made ---------------------------------------------------------------------------


def refusal(root, release, **changes):
    choices = replace(release.choices, python=THIS, **changes)
    with pytest.raises(Refused) as refused:
        Installation(ManagedFolder(root), release.lock(), choices, lambda *_: None).run()
    assert refused.value.problem.sentence and refused.value.problem.fix
    assert not list(root.glob("env-*"))
    return refused.value.problem


def test_a_full_disk(release, tmp_path, monkeypatch):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(1 << 40, 1 << 40, 1000))
    problem = refusal(tmp_path / "backend", release)
    assert problem.code == "install.disk_full" and "GB are needed" in problem.cause
    assert not (tmp_path / "backend").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_fills_on_the_way(release, tmp_path, monkeypatch):
    (tmp_path / "backend").mkdir()
    os.symlink("/dev/full", tmp_path / "backend" / "install.log")
    assert refusal(tmp_path / "backend", release).code == "install.disk_full"


def test_no_network_allowed(release, tmp_path):
    problem = refusal(tmp_path / "backend", release, wheelhouse=None, online=False)
    assert problem.code == "install.offline" and "Online Access" in problem.cause


def test_an_empty_wheelhouse(release, tmp_path):
    assert refusal(tmp_path / "backend", release, wheelhouse=tmp_path).code == "install.no_wheelhouse"


def test_a_folder_that_cannot_be_written(release, tmp_path):
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "backend", release).code == "install.unwritable"


def test_another_blender_installs(release, tmp_path):
    folder = ManagedFolder(tmp_path / "backend")
    folder.begin()
    assert refusal(folder.root, release).code == "install.busy"
    folder.end()
    folder.begin()
    folder.end()


def test_an_environment_without_its_marker_or_its_python_does_not_count(installed_root, tmp_path):
    root = tmp_path / "backend"
    shutil.copytree(installed_root[0], root, symlinks=True)
    folder = ManagedFolder(root)
    assert folder.current() is not None
    folder.current().python.rename(root / "gone")
    assert folder.current() is None
    (root / "env-1" / MARKER).write_text("{ half")
    assert folder.current() is None and len(folder.interrupted()) == 1
    (root / "current.json").write_text('{"current": "../../elsewhere"}')
    assert folder.current() is None


def test_the_path_is_too_long_for_windows(release, tmp_path, monkeypatch):
    monkeypatch.setattr(install, "path_is_too_long", lambda _: True)
    assert refusal(tmp_path / "backend", release).code == "install.path_too_long"
