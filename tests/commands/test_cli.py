"""The ``cameo`` command as a user meets it: a process, its exit code, and what it says when something is wrong."""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cameo.backend.commands.generate import require_writable
from cameo.backend.errors import CameoError
from cameo.backend.weights.fetch import asset_path
from cameo.protocol.connection import Connection, write_connection


def cameo(*arguments: object, home: Path, **keywords) -> subprocess.CompletedProcess:
    environment = {**os.environ, "CAMEO_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "cameo.backend", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, **keywords)


def complaint(result: subprocess.CompletedProcess) -> str:
    """What it said on failing; never a traceback."""
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr and "What to do:" in result.stderr
    return result.stderr


@pytest.fixture
def photo() -> Path:
    return asset_path("astronaut.png")


def test_help_names_every_command(tmp_path):
    result = cameo("--help", home=tmp_path)
    assert result.returncode == 0
    assert all(name in result.stdout for name in ("serve", "generate", "weights", "doctor"))


def test_doctor_and_weights(tmp_path):
    result = cameo("doctor", home=tmp_path)
    assert "a server can start" in result.stdout and "torch" in result.stdout
    assert result.returncode == (1 if "bad" in result.stdout else 0)
    listing = cameo("weights", "list", home=tmp_path).stdout
    assert "face_landmarker.task" in listing and "Apache-2.0" in listing and "fr_feature" not in listing


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.png", None, "portrait.missing"),
        ("empty.png", b"", "portrait.empty_file"),
        ("text.png", b"This is no picture at all.", "portrait.not_a_picture"),
    ],
)
def test_pictures_that_are_none(tmp_path, name, content, code):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = cameo("generate", tmp_path / name, "-o", tmp_path / "out.cameo", "--preset", "toy", home=tmp_path)
    assert f"({code}" in complaint(result)
    assert sorted(p.name for p in tmp_path.iterdir()) == ([name] if content is not None else [])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--preset", "best"), "request.unknown_preset"),
        (("--engine", "magic"), "engine.unknown"),
        (("--hair", "green"), "request.bad_option"),
        (("--set", "engine.views=3"), "request.unknown_option"),
        (("--set", "seed"), "request.bad_option"),
        (("--preset", "toy", "--stop-after", "magic"), "request.unknown_stage"),
    ],
)
def test_settings_that_do_not_exist(tmp_path, photo, arguments, code):
    result = cameo("generate", photo, "-o", tmp_path / "out.cameo", *arguments, home=tmp_path)
    assert f"({code})" in complaint(result)
    assert list(tmp_path.iterdir()) == []


def test_one_stage_at_a_time(tmp_path, photo):
    out = tmp_path / "out.cameo"
    result = cameo("generate", photo, "-o", out, "--preset", "toy", "--stop-after", "portrait", home=tmp_path)
    assert result.returncode == 0 and "Stopped after portrait" in result.stderr, result.stderr
    (kept,) = tmp_path.iterdir()
    assert [path.name.partition("-")[0] for path in (kept / "stages").iterdir()] == ["portrait"]


def test_an_unwritable_output_is_found_before_computing(tmp_path, photo):
    for output in ("/proc/out.cameo", "/dev/null/out.cameo", tmp_path):
        with pytest.raises(CameoError) as caught:
            require_writable(Path(output))
        assert caught.value.code == "output.unwritable" and caught.value.fix
    result = cameo("generate", photo, "-o", "/proc/out.cameo", home=tmp_path)
    assert "(output.unwritable)" in complaint(result)
    require_writable(tmp_path / "new" / "folder" / "out.cameo")


def test_a_full_disk_is_said_to_be_full(tmp_path, photo):
    """The limit on file sizes gives the error of a full disk without filling one."""
    for model in ("face_landmarker.task", "selfie_segmenter.tflite"):
        asset_path(model)  # fetching them is another test's matter

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    output = tmp_path / "out.cameo"
    result = cameo("generate", photo, "-o", output, "--preset", "toy", home=tmp_path, preexec_fn=limit)
    assert "(disk.full)" in complaint(result)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_and_a_taken_folder(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cameo("serve", "--port", port, home=tmp_path)
    assert "(service.port_taken)" in complaint(result) and str(port) in result.stderr
    unwritable = cameo("serve", "--home", "/proc/cameo", home=tmp_path)
    assert "(service.home_unwritable)" in complaint(unwritable)


def test_a_damaged_journal_is_explained(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"this is not a database, " * 100)
    assert "(service.journal_damaged)" in complaint(cameo("serve", home=tmp_path))


def test_doctor_sees_a_running_backend(tmp_path):
    write_connection(tmp_path, Connection("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", os.getpid()))
    assert f"process {os.getpid()}" in cameo("doctor", home=tmp_path).stdout
