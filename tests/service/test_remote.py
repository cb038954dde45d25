"""The door to other computers: who is invited does everything but stop the backend, nobody else gets a byte.

``CAMEO_STRANGERS=1000`` runs the long version.
"""

import logging
import os
import stat
import time
from pathlib import Path

import pytest
import zmq
from cameo.backend import cli
from cameo.backend.service.doorkeeper import Doorkeeper
from cameo.backend.service.entrances import Entrances
from cameo.backend.service.keys import KeyRing
from cameo.backend.service.outbox import receive
from cameo.protocol import limits
from cameo.protocol.codec import encode
from cameo.protocol.connection import read_connection
from cameo.protocol.errors import CameoError
from cameo.protocol.invitation import ClientKeys, InvitationError, read_invitation, split_address
from cameo.protocol.jobs import JobState, new_job_id
from cameo.protocol.messages import (
    Accepted,
    Cancel,
    Closing,
    Diagnose,
    Diagnosis,
    Examine,
    Failure,
    Forget,
    Hello,
    JobList,
    ListJobs,
    Ping,
    Pong,
    Preview,
    Result,
    Shutdown,
    Submit,
    Subscribe,
    Welcome,
)

from .client import Client, free_ports, toy_request
from .conftest import Backend
from .toy_backend import expected

STRANGERS = int(os.environ.get("CAMEO_STRANGERS", "36"))


def new_keys(server: str) -> ClientKeys:
    public, secret = zmq.curve_keypair()
    return ClientKeys(server, public.decode(), secret.decode())


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A toy backend with a door, for which grace has an invitation."""
    home, port = tmp_path_factory.mktemp("box"), free_ports()
    file = home / "grace.cameo-key"
    cli.main(["keys", "invite", "grace", f"127.0.0.1:{port}", "-o", str(file), "--home", str(home)])
    backend = Backend(home, TOY_DOOR=str(port)).start()
    backend.invitation = read_invitation(file)
    yield backend
    backend.kill()


def remote(box: Backend, keys: ClientKeys | None = None) -> Client:
    return Client(box.invitation.main, keys or box.invitation.keys)


def test_the_whole_of_a_job_from_another_computer(box):
    job = new_job_id()
    with remote(box) as client, Client(box.invitation.control, box.invitation.keys) as control:
        assert client.ask(Hello("test"), Welcome).software
        large = toy_request(padding="x" * (limits.FRAME_BYTES + 1))  # the first frame is as large as frames may be
        assert isinstance(client.submit(job, large), Accepted)
        result = next(event for event in client.follow(job) if isinstance(event, Result))
        assert client.fetch(result) == expected(1, 10)
        assert control.ask(Ping(5), Pong).nonce == 5
        found = control.ask(Diagnose(), Diagnosis).findings
        assert found and str(Path.home()) not in "".join(finding.found + finding.fix for finding in found)
        other = new_job_id()
        client.submit(other, toy_request(steps=10_000, seconds=0.01))
        assert control.ask(Cancel(other), Accepted).state in (JobState.CANCELLING, JobState.CANCELLED)
        assert client.follow(other)[-1].state is JobState.CANCELLED
        assert job in {line.job for line in client.ask(Forget(other), JobList).jobs}


def test_what_is_refused_to_who_is_not_here(box):
    with remote(box) as client, Client(box.invitation.control, box.invitation.keys) as control, box.client() as local:
        for line in (client, control):
            refused = line.ask(Shutdown(), Failure)
            assert refused.code == "service.not_yours" and refused.fix
        request = toy_request()
        for option in ("head_model_path", "engine.head_model_path"):
            request.options[option] = "/etc/passwd"
            for message in (Submit(new_job_id(), request), Examine(new_job_id(), request)):
                refused = client.ask(message, Failure)
                assert (refused.code, refused.job) == ("request.path_from_afar", message.job) and refused.fix
            assert isinstance(local.submit(new_job_id(), request), Accepted), "on this computer it is a file"
            request.options.clear()
        assert box.process.poll() is None and not local.waiting


def test_strangers_get_nothing(box):
    """Keys that are not on the list, a wrong key for the server, no keys at all; on both sockets."""
    context, poller, strangers = zmq.Context(), zmq.Poller(), []
    context.max_sockets = STRANGERS + 10
    for number in range(STRANGERS):
        keys = [
            new_keys(box.invitation.keys.server),
            ClientKeys(new_keys("").public, box.invitation.keys.public, box.invitation.keys.secret),
            None,
        ][number % 3]
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        if keys is not None:
            socket.curve_serverkey = keys.server.encode()
            socket.curve_publickey, socket.curve_secretkey = keys.public.encode(), keys.secret.encode()
        socket.connect((box.invitation.main, box.invitation.control)[number // 3 % 2])
        for message in (Hello("stranger"), ListJobs(), Ping(), Shutdown()):
            socket.send_multipart(encode(message))
        poller.register(socket, zmq.POLLIN)
        strangers.append(socket)
    assert poller.poll(1000 + 10 * STRANGERS) == []
    context.destroy(0)
    with remote(box) as client:
        assert client.ask(Hello("test"), Welcome, 30).software, "and those who are invited come in as before"


def test_a_key_that_is_taken_away_counts_at_once(box):
    ring = KeyRing(box.home)
    ada = ring.invite("ada")
    job = new_job_id()
    with remote(box) as grace, remote(box, ada) as removed:
        removed.submit(job, toy_request(steps=100_000, seconds=0.01))
        removed.send(Subscribe(job))
        removed.take(Preview)
        cli.main(["keys", "remove", "ada", "--home", str(box.home)])
        grace.ask(Ping(), Pong)
        time.sleep(0.3)  # what was on its way
        while removed.socket.poll(0):
            removed.socket.recv_multipart()
        for message in (Ping(), Hello("test"), ListJobs(), Cancel(job)):
            removed.send(message)
        with remote(box, ada) as again:
            again.send(Hello("test"))
            assert not again.socket.poll(700)
        assert not removed.socket.poll(0)
        assert grace.ask(Cancel(job), Accepted).state in (JobState.CANCELLING, JobState.CANCELLED)


def test_a_dead_doorkeeper_admits_nobody(tmp_path, caplog, monkeypatch):
    ring = KeyRing(tmp_path)
    keys, port = ring.invite("grace"), free_ports()
    monkeypatch.setattr(Doorkeeper, "_answer", lambda *_: 1 / 0)
    entrances = Entrances(0, ("127.0.0.1", port), ring)
    with caplog.at_level(logging.CRITICAL):
        for number in (0, 1):
            with Client(f"tcp://127.0.0.1:{port + number}", keys) as client:
                client.send(Ping())
                assert not (entrances.main, entrances.control)[number].poll(500)
    assert "nobody is admitted" in caplog.text and not entrances._doorkeeper._thread.is_alive()
    with Client(entrances.endpoint) as here:
        here.send(Ping())
        assert entrances.main.poll(5000) and receive(entrances.main)[1] == ""
    entrances.close()


def test_a_damaged_list_admits_nobody(tmp_path, caplog):
    ring = KeyRing(tmp_path)
    public = ring.invite("grace").public
    assert ring.admits(public) and not ring.admits(new_keys("").public)
    (ring.folder / "guests.json").write_text("[{]")
    assert not ring.admits(public) and "keys.damaged" in caplog.text
    for content in ("{}", '[{"name": "x"}]', '[{"name": "x", "public": "short", "added": ""}]'):
        (ring.folder / "guests.json").write_text(content)
        assert not ring.admits(public)
        with pytest.raises(CameoError, match=r"keys\.damaged"):
            ring.guests()


def test_no_door_without_keys_and_somebody_to_use_them(tmp_path):
    ring = KeyRing(tmp_path)
    for prepare in (lambda: None, lambda: ring.invite("grace") and ring.remove("grace")):
        prepare()
        with pytest.raises(CameoError, match=r"service\.no_keys"):
            Entrances(0, ("127.0.0.1", free_ports()), ring)
    ring.invite("grace")
    with pytest.raises(CameoError, match=r"service\.no_such_interface"):
        Entrances(0, ("203.0.113.1", free_ports()), ring)
    taken = Entrances(0, None, ring)
    with pytest.raises(CameoError, match=r"service\.port_taken"):
        Entrances(0, ("127.0.0.1", int(taken.endpoint.rpartition(":")[2])), ring)
    taken.close()


def said(capsys) -> str:
    output = capsys.readouterr()
    return output.out + output.err


def test_keys_from_the_command_line(tmp_path, capsys, monkeypatch):
    home, file = tmp_path / "home", tmp_path / "grace.cameo-key"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMEO_HOME", str(home))
    cli.main(["keys", "invite", "grace", "gpubox.local"])
    invitation = read_invitation(file)
    assert (invitation.main, invitation.control) == ("tcp://gpubox.local:27701", "tcp://gpubox.local:27702")
    secrets = (invitation.keys.secret, KeyRing(home).server().secret)
    printed = said(capsys)
    assert "gpubox.local" in printed and not any(secret in printed for secret in secrets)
    assert not any(secret in repr((invitation, KeyRing(home).server())) for secret in secrets)
    assert secrets[0] not in "".join(path.read_text() for path in home.rglob("*.json")), "the guest's half is not kept"
    for path in (file, home / "keys" / "server.json", home / "keys" / "guests.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700
    cli.main(["keys", "list"])
    assert "grace" in said(capsys)
    for arguments, code in (
        (["invite", "grace", "gpubox", "-o", "other"], "keys.name_taken"),
        (["invite", "ada", "gpubox", "-o", str(file)], "keys.file_exists"),
        (["invite", "../ada", "gpubox"], "keys.bad_name"),
        (["invite", "ada", "two words"], "remote.bad_address"),
        (["invite", "ada", "gpubox", "-o", "no/such/folder/x"], "disk.error"),
        (["remove", "ada"], "keys.unknown_name"),
    ):
        with pytest.raises(SystemExit):
            cli.main(["keys", *arguments])
        assert f"({code})" in said(capsys)
    assert [guest.name for guest in KeyRing(home).guests()] == ["grace"]
    cli.main(["keys", "remove", "grace"])
    assert KeyRing(home).guests() == ()
    with pytest.raises(SystemExit):
        cli.main(["serve", "--bind", "0.0.0.0"])
    assert "(service.no_keys)" in said(capsys)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gpubox", ("gpubox", 27701)),
        (" tcp://192.168.1.20:5000 ", ("192.168.1.20", 5000)),
        ("[fe80::1]", ("[fe80::1]", 27701)),
        ("[::1]:5000", ("[::1]", 5000)),
        *(
            (bad, None)
            for bad in ("", "a b", "gpubox:", "gpubox:x", "gpubox:70000", "http://x", "fe80::1", "x;y", "gpubox:²")
        ),
    ],
)
def test_addresses(text, found):
    if found:
        assert split_address(text) == found
    else:
        with pytest.raises(InvitationError, match=r"remote\.bad_address"):
            split_address(text)


def test_invitations_that_are_none(tmp_path):
    with pytest.raises(InvitationError, match=r"remote\.no_invitation"):
        read_invitation(tmp_path / "none")
    file = tmp_path / "file"
    keys = f'"server_key": "{"a" * 40}", "public_key": "{"b" * 40}", "secret_key": "{"c" * 39}"'
    for content in ("", "[", "[]", "{}", f'{{"format": "cameo.invitation", "version": 1, {keys}}}', "\0" * 100_000):
        file.write_text(content)
        with pytest.raises(InvitationError, match=r"remote\.bad_invitation") as caught:
            read_invitation(file)
        assert "c" * 39 not in str(caught.value)
    file.write_bytes(b"\xff\xfe\0")
    with pytest.raises(InvitationError, match=r"remote\.bad_invitation"):
        read_invitation(file)


def test_programs_on_this_computer_need_no_key_and_may_stop_it(box):
    with box.client() as local, remote(box) as client:
        assert local.ask(Hello("test"), Welcome).pid == read_connection(box.home).pid
        client.ask(Ping(), Pong)
        local.send(Shutdown())
        assert local.take(Closing).reason and client.take(Closing).reason
    assert box.process.wait(10) == 0
