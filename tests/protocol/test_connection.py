"""The connection file: private, whole, and never misleading."""

import os
import stat
import subprocess
import sys

import pytest
from cameo.protocol.connection import (
    FILE_NAME,
    LOCK_NAME,
    Connection,
    default_home,
    home_is_held,
    process_exists,
    read_connection,
    remove_connection,
    write_connection,
)
from cameo.protocol.errors import ConnectionFileError
from cameo.protocol.locks import try_lock

HERE = Connection("tcp://127.0.0.1:5001", "tcp://127.0.0.1:5002", os.getpid())


def code(home) -> str:
    with pytest.raises(ConnectionFileError) as caught:
        read_connection(home)
    assert caught.value.sentence and caught.value.fix
    return caught.value.code


def gone_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_round_trip_and_mode(tmp_path):
    path = write_connection(tmp_path, HERE)
    assert read_connection(tmp_path) == HERE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]


def test_missing_and_stale(tmp_path):
    assert code(tmp_path) == "connection.none"
    write_connection(tmp_path, Connection("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", gone_process()))
    assert code(tmp_path) == "connection.stale"


def test_a_file_whose_process_id_another_program_has_got_is_stale(tmp_path):
    """As after a power cut: the file is there, and some program has the number. The lock tells."""
    write_connection(tmp_path, HERE)
    assert home_is_held(tmp_path) is None and read_connection(tmp_path) == HERE, "no lock, as in older releases"
    with open(tmp_path / LOCK_NAME, "ab") as lock:
        assert try_lock(lock)
        assert home_is_held(tmp_path) and read_connection(tmp_path) == HERE
    assert home_is_held(tmp_path) is False
    assert code(tmp_path) == "connection.stale"
    with open(tmp_path / LOCK_NAME, "ab") as lock:
        assert try_lock(lock), "looking does not keep it"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"endpoint":"tcp://a","control":"tcp://b","pid":0,"protocol":[1,0],"software":"1"}',
        "[" * 9999,
        '{"endpoint":"file:///etc","control":"tcp://b","pid":1,"protocol":[1,0],"software":"1"}',
    ],
)
def test_damaged(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    assert code(tmp_path) == "connection.damaged"


def test_only_its_own_file_is_removed(tmp_path):
    write_connection(tmp_path, HERE)
    remove_connection(tmp_path, os.getpid() + 1)
    assert read_connection(tmp_path) == HERE
    remove_connection(tmp_path, os.getpid())
    remove_connection(tmp_path, os.getpid())
    assert code(tmp_path) == "connection.none"


def test_process_exists():
    assert process_exists(os.getpid())
    assert not process_exists(gone_process())


def test_home_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path))
    assert default_home() == tmp_path
