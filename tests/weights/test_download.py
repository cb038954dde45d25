"""Downloads over real HTTP from a server that misbehaves."""

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest
from cameo.backend.errors import AssetError, JobCancelled
from cameo.backend.weights import download
from cameo.backend.weights.download import Download
from local_server import serving

CONTENT = random.Random(5).randbytes(700_000)
SIZE = len(CONTENT)
HASH = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "RETRY_WAITS_S", (0.01, 0.01, 0.01))
    with serving({"/model.bin": CONTENT}) as running:
        yield running


@pytest.fixture
def target(tmp_path):
    return tmp_path / "deep" / "model.bin"


def fetch(server, target, size=SIZE, sha256=HASH, tell=lambda _: None):
    Download(f"{server.address}/model.bin", target, size, sha256).run(tell)
    assert [path.name for path in target.parent.iterdir()] == ["model.bin"]
    return target.read_bytes()


def error_of(server, target, **known):
    with pytest.raises(AssetError) as caught:
        fetch(server, target, **known)
    assert not target.exists()
    assert caught.value.cause and caught.value.fix
    return caught.value


@pytest.mark.parametrize("known", [{}, {"sha256": None}, {"size": None}, {"size": None, "sha256": None}])
def test_a_file_arrives_and_its_growth_is_told(server, target, known):
    told = []
    assert fetch(server, target, tell=told.append, **known) == CONTENT
    assert told == sorted(told) and told[-1] == len(CONTENT)


@pytest.mark.parametrize("sha256", [HASH, None])
def test_cut_connections_are_continued_where_they_ended(server, target, sha256):
    server.cuts = [100_000, 1, 300_000]
    assert fetch(server, target, sha256=sha256) == CONTENT
    ranges = [asked[1] for asked in server.asked]
    assert ranges == [None, "bytes=100000-", "bytes=100001-", "bytes=400001-"]
    assert all(asked[2] == server.etag for asked in server.asked[1:])


def test_a_server_that_sends_us_elsewhere(server, target):
    """As Hugging Face does, for every request."""
    server.moved["/model.bin"], server.files["/store"] = "/store", CONTENT
    server.cuts = [100_000]
    assert fetch(server, target) == CONTENT
    assert [asked[:2] for asked in server.asked[2:]] == [
        ("/model.bin", "bytes=100000-"),
        ("/store", "bytes=100000-"),
    ]


def test_a_server_without_ranges_starts_again(server, target):
    server.ranges, server.cuts = False, [100_000]
    assert fetch(server, target) == CONTENT
    assert len(server.asked) == 2


def test_without_a_mark_and_a_hash_nothing_is_continued(server, target):
    """Two versions would be glued together."""
    server.etag, server.cuts = "", [100_000]
    assert fetch(server, target, sha256=None) == CONTENT
    assert [asked[1] for asked in server.asked] == [None, None]


def test_a_changed_file_is_fetched_anew(server, target):
    other = bytes(len(CONTENT))

    def change(have):
        if have >= 100_000 and server.etag == '"first"':
            server.etag, server.files["/model.bin"] = '"second"', other

    server.cuts = [100_000]
    assert fetch(server, target, sha256=None, tell=change) == other
    assert server.asked[1][1:] == ("bytes=100000-", '"first"')


def test_a_damaged_part_is_noticed_by_the_hash_and_fetched_anew(server, target):
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(bytes(200_000))
    assert fetch(server, target) == CONTENT
    assert [asked[1] for asked in server.asked] == ["bytes=200000-", None]


def test_a_whole_part_needs_no_server(server, target):
    """The process was killed between the last byte and the file's name."""
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(CONTENT)
    server.statuses = [500] * 9
    assert fetch(server, target) == CONTENT
    assert server.asked == []


def test_a_part_that_is_too_long_is_thrown_away(server, target):
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(CONTENT + b"more")
    assert fetch(server, target) == CONTENT
    assert [asked[1] for asked in server.asked] == [f"bytes={len(CONTENT) + 4}-", None]


@pytest.mark.parametrize("sha256", [HASH, None])
def test_a_file_cut_short_is_noticed_by_its_length(server, target, sha256):
    """The server says how long it is and never sends all."""
    server.ranges, server.cuts = False, [1000] * 20
    error = error_of(server, target, sha256=sha256)
    assert error.code == "weights.interrupted" and "1000 of 700000" in error.cause
    assert target.with_name("model.bin.part").exists()


def test_passing_troubles_pass(server, target):
    server.statuses = [503, 429, 500]
    assert fetch(server, target) == CONTENT


@pytest.mark.parametrize(
    ("change", "code", "cause"),
    [
        ({"statuses": [404]}, "weights.refused_by_server", "404"),
        ({"statuses": [403]}, "weights.refused_by_server", "403"),
        ({"statuses": [503] * 9}, "weights.interrupted", "503"),
        ({"kind": "text/html; charset=utf-8"}, "weights.web_page", "login"),
        ({"claimed": 700_001, "cuts": [0] * 9}, "weights.wrong_size", "700001"),
        ({"files": {"/model.bin": CONTENT[:-1] + b"!"}}, "asset.checksum", HASH[:16]),
        ({"files": {"/model.bin": CONTENT[:-1]}}, "weights.wrong_size", "699999"),
        ({"files": {"/model.bin": CONTENT + b"!"}, "chunked": True}, "weights.interrupted", "700001"),
    ],
)
def test_what_cannot_be_helped_is_said(server, target, change, code, cause):
    for name, value in change.items():
        setattr(server, name, value)
    error = error_of(server, target)
    assert error.code == code and cause in error.cause


def test_no_server_at_all(server, target):
    server.address = "http://127.0.0.1:9"  # the discard port: nobody listens
    assert error_of(server, target).code == "weights.interrupted"


def test_a_server_that_falls_silent_is_asked_anew(server, target, monkeypatch):
    monkeypatch.setattr(download, "SILENCE_S", 0.05)
    server.pace = 0.3
    assert fetch(server, target) == CONTENT
    assert len(server.asked) > 5


def test_a_server_that_says_nothing_is_given_up(server, target, monkeypatch):
    monkeypatch.setattr(download, "SILENCE_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server.address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = error_of(server, target)
    assert error.code == "weights.interrupted" and "timed out" in error.cause


def test_a_full_disk(server, target):
    """A limit on the size of files gives the error of a full disk without filling one."""
    script = f"""
import resource
from pathlib import Path
from cameo.backend.errors import AssetError
from cameo.backend.weights.download import Download
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    Download({server.address + "/model.bin"!r}, Path({str(target)!r}), None, None).run(lambda have: None)
except AssetError as error:
    print(error.code)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "asset.disk_full\n", done.stderr


def test_stopping_keeps_what_arrived(server, target):
    def stop(have):
        if have > 100_000:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        fetch(server, target, tell=stop)
    have = target.with_name("model.bin.part").stat().st_size
    assert fetch(server, target) == CONTENT
    assert server.asked[-1][1] == f"bytes={have}-"


def test_a_killed_process_is_continued_by_the_next(server, target):
    """kill -9 in the middle of a slow download."""
    server.pace = 0.05
    script = f"""
from pathlib import Path
from cameo.backend.weights.download import Download
Download({server.address + "/model.bin"!r}, Path({str(target)!r}), {len(CONTENT)}, {HASH!r}).run(lambda have: None)
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    part, end = target.with_name("model.bin.part"), time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 100_000):
        assert time.monotonic() < end and process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    have = part.stat().st_size
    assert 0 < have < len(CONTENT) and not target.exists()
    server.pace = 0.0
    assert fetch(server, target) == CONTENT
    assert server.asked[-1] == ("/model.bin", f"bytes={have}-", server.etag)
