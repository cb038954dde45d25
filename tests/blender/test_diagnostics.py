"""The file for those who help says what is wrong, and not who the artist is."""

import getpass
import json
import socket
import zipfile
from pathlib import Path

import bpy
import cameo
import pytest
from cameo.blender_addon import session
from cameo.blender_addon.diagnostics import Scrubber, log_tail
from cameo.blender_addon.link.state import LinkState
from cameo.blender_addon.portrait.preflight import PREFLIGHT
from fake_backend import FakeBackend
from looking import wait_until

SECRETS = (
    "hunter2",
    "hf_AbCdEfGhIjKlMnOp",
    "s3cr3tvalue",
    "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "eyJhbGciOi.x.y",
)


@pytest.fixture
def home(empty_scene, monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "users" / "margaret"))
    monkeypatch.setenv("LOGNAME", "margaret")
    (tmp_path / "home").mkdir()
    cameo.register()
    yield tmp_path / "home"
    cameo.unregister()


def fill_logs(home: Path) -> None:
    user = Path.home()
    lines = [
        f"reading {user / 'Pictures' / 'bride.png'}",
        f"C:\\Users\\margaret\\AppData and /people/Margaret/x on {socket.gethostname()}",
        f"home {home / 'jobs'}",
        f"token={SECRETS[1]} password: {SECRETS[0]}",
        f"http://me:{SECRETS[2]}@proxy:8080/",
        f"server key: {SECRETS[3]}",
        f"Authorization: Bearer {SECRETS[4]}",
        "RuntimeError: out of memory",
    ]
    for name in ("backend.log", "worker.log", "examiner.log", "painter.log"):
        (home / name).write_text("\n".join(lines), encoding="utf-8")


def written(path: Path) -> tuple[str, dict]:
    """All text of the bundle, and its report."""
    with zipfile.ZipFile(path) as bundle:
        texts = {name: bundle.read(name) for name in bundle.namelist()}
    assert set(texts) == {"report.json", "backend.log", "worker.log", "examiner.log", "painter.log"}
    return "\n".join(text.decode() for text in texts.values()), json.loads(texts["report.json"])


def test_it_says_what_is_wrong_and_not_who_works_here(home, tmp_path):
    photo = tmp_path / "Clients" / "Jane Doe.png"
    photo.parent.mkdir()
    photo.write_bytes(b"\x89PNG no picture")
    backend = FakeBackend(home, examine="fail")
    try:
        bpy.ops.cameo.connect()
        wait_until(lambda: session.client().state is LinkState.CONNECTED)
        bpy.ops.cameo.pick_image(filepath=str(photo))
        wait_until(lambda: PREFLIGHT.problem is not None)
        bpy.ops.cameo.generate()
        bpy.ops.cameo.test_backend()
        wait_until(lambda: session.client().self_test.over)
        fill_logs(home)
        bpy.ops.cameo.write_diagnostics(filepath=str(tmp_path / "bundle"))
    finally:
        backend.kill()
    text, report = written(tmp_path / "bundle.zip")
    assert getpass.getuser() == "margaret"
    for private in (*SECRETS, "margaret", "Jane", "Clients", str(tmp_path), str(home), socket.gethostname()):
        assert private.lower() not in text.lower(), private
    assert "out of memory" in text and "~" in text and "<head 1>" in text
    assert (
        report["connection"]["state"] == "connected" and report["connection"]["question"]["code"] == "portrait.no_face"
    )
    assert report["findings"][1] == {"good": False, "found": "1 GB free", "fix": "2 GB are needed."}
    assert report["blender"]["version"] == bpy.app.version_string and report["computer"]["numpy"]


def test_without_a_backend_it_says_so(home, tmp_path):
    fill_logs(home)
    bpy.ops.cameo.write_diagnostics(filepath=str(tmp_path / "bundle.zip"))
    _, report = written(tmp_path / "bundle.zip")
    assert report["connection"]["state"] == "disconnected" and report["findings"] == "The backend did not say."
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError, match=r"output\.unwritable"):
        bpy.ops.cameo.write_diagnostics(filepath=str(tmp_path / "file" / "bundle.zip"))


def test_words_that_hold_a_short_name_stay(home):
    scrubber = Scrubber({"ann": "<user>", "/people/ann": "~"})
    assert scrubber.scrub("cannot open /people/ann/x for Ann") == "cannot open ~/x for <user>"
    assert "12 seconds" in scrubber.scrub("the tokenizer took 12 seconds")


def test_of_a_long_log_only_whole_lines_of_the_end(tmp_path):
    path = tmp_path / "worker.log"
    path.write_text("".join(f"line {number:07}\n" for number in range(20_000)))
    tail = log_tail(path)
    assert len(tail) <= 64 << 10 and tail.startswith("line ") and tail.endswith("line 0019999\n")
