"""``run.py``: environments are made once, completed when interrupted, and failures say what to do."""

import os
import subprocess
import sys
import time
from pathlib import Path

import cameo
import pytest
from cameo.tools import environments
from cameo.tools.environments import Environment, SetupError

ROOT = Path(cameo.__path__[0])
THIS = "{}.{}".format(*sys.version_info)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one requirement that every machine has and a package of its own."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "tiny.txt").write_text("setuptools>=77\n")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "tiny"\nversion = "1"\n[tool.setuptools]\npy-modules = ["tiny"]\n'
    )
    (tmp_path / "tiny.py").touch()
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "HOME", tmp_path / ".cameo")
    return tmp_path


TINY = Environment("env-tiny", "Tiny", (THIS,), ("tiny.txt",), "import tiny")


def test_made_once_then_ready_at_once_and_made_whole_when_interrupted(checkout, capsys):
    python = environments.ensure(TINY)
    assert subprocess.run([python, "-c", "import tiny"], cwd="/").returncode == 0
    assert "making the environment" in capsys.readouterr().out

    started = time.monotonic()
    assert environments.ensure(TINY) == python
    assert time.monotonic() - started < 0.5 and capsys.readouterr().out == ""

    (TINY.folder / environments.MARKER).unlink()  # interrupted while packages were installed
    environments.ensure(TINY)
    assert "making the environment" not in capsys.readouterr().out

    for pip in TINY.folder.glob("lib/*/site-packages/pip"):  # interrupted while it was made
        pip.rename(pip.with_name("half"))
    (TINY.folder / environments.MARKER).unlink()
    environments.ensure(TINY)
    assert "making the environment" in capsys.readouterr().out

    (checkout / "requirements" / "tiny.txt").write_text("setuptools>=78\n")
    assert environments._stamp(TINY) not in (TINY.folder / environments.MARKER).read_text()


def test_a_python_counts_only_if_it_runs(tmp_path, monkeypatch):
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.99: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert environments.find_python(("3.99",)) is None
    found = environments.find_python(("3.99", THIS))
    assert found is not None and environments._version_of(found) == THIS


def test_without_a_fitting_python_the_sentence_names_it(checkout):
    with pytest.raises(SetupError, match=r"needs Python 3\.99.*\n.*Install Python 3\.99"):
        environments.ensure(Environment("env-none", "Nothing", ("3.99",), ("tiny.txt",), ""))


def test_a_package_that_is_not_there_is_named_and_nothing_is_marked_ready(checkout):
    (checkout / "requirements" / "tiny.txt").write_text("setuptools>=77\ncameo-no-such-package-000==9\n")
    with pytest.raises(SetupError, match=r"(?s)cameo-no-such-package-000.*run the same command again"):
        environments.ensure(TINY)
    assert not (TINY.folder / environments.MARKER).exists()


def test_a_missing_system_library_comes_with_the_line_that_installs_it(checkout, monkeypatch):
    monkeypatch.setattr(environments, "_install_libraries", lambda: False)
    broken = "raise ImportError('libXrender.so.1: cannot open shared object file')"
    with pytest.raises(SetupError, match=r"(?s)libXrender.*apt-get install .*libxrender1"):
        environments.ensure(Environment("env-tiny", "Tiny", (THIS,), ("tiny.txt",), broken))


def test_a_full_disk_is_found_before_anything_is_made(checkout, monkeypatch):
    monkeypatch.setattr(environments, "NEEDED_SPACE", 1 << 60)
    with pytest.raises(SetupError, match="Free some space"):
        environments.ensure(TINY)
    assert not TINY.folder.exists()


@pytest.mark.parametrize("arguments", [[], ["no-such-command"]])
def test_the_usage_is_shown(arguments):
    done = subprocess.run([sys.executable, ROOT / "run.py", *arguments], capture_output=True, text=True)
    assert done.returncode == 2 and "demo" in done.stderr and "test" in done.stderr


def test_the_cameo_command_gets_its_arguments_and_gives_its_exit_code():
    done = subprocess.run([sys.executable, ROOT / "run.py", "cameo", "weights", "list"], capture_output=True, text=True)
    assert done.returncode == 0 and "face_landmarker.task" in done.stdout + done.stderr
    done = subprocess.run(
        [sys.executable, ROOT / "run.py", "cameo", "generate", "no-such.jpg"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "portrait.missing" in done.stderr
