"""A plain client for tests: one DEALER, blocking, through the real protocol and the real connection file."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zmq
from cameo.protocol import limits
from cameo.protocol.codec import decode, encode
from cameo.protocol.connection import Connection, read_connection
from cameo.protocol.errors import ConnectionFileError
from cameo.protocol.invitation import ClientKeys
from cameo.protocol.messages import Chunk, Fetch, GenerateAvatar, Message, Result, StateChanged, Submit, Subscribe


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Poll until ``condition`` holds; fail the test when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def wait_for_backend(home: Path, seconds: float = 20.0) -> Connection:
    end = time.monotonic() + seconds
    while True:
        try:
            return read_connection(home)
        except ConnectionFileError:
            assert time.monotonic() < end, "no backend came up"
            time.sleep(0.02)


def free_ports() -> int:
    """A port that is free now, and so is the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def toy_request(**spec) -> GenerateAvatar:
    content = json.dumps({"seed": 1, "steps": 10, **spec}).encode()
    return GenerateAvatar(np.frombuffer(content, np.uint8))


class Client:
    def __init__(self, endpoint: str, keys: ClientKeys | None = None) -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.heartbeat_ivl = limits.HEARTBEAT_INTERVAL_MS
        self.socket.heartbeat_timeout = limits.HEARTBEAT_TIMEOUT_MS
        if keys is not None:
            self.socket.curve_serverkey = keys.server.encode()
            self.socket.curve_publickey, self.socket.curve_secretkey = keys.public.encode(), keys.secret.encode()
        self.socket.connect(endpoint)
        self.waiting: list[Message] = []

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, message: Message) -> None:
        self.socket.send_multipart(encode(message))

    def receive(self, seconds: float = 20.0) -> Message:
        assert self.socket.poll(seconds * 1000), "no message came"
        return decode(self.socket.recv_multipart())

    def take(self, kind: type, seconds: float = 20.0) -> Message:
        """The next message of ``kind``; others are kept in ``waiting``."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(end - time.monotonic(), 0))
            if isinstance(message, kind):
                return message
            self.waiting.append(message)

    def ask(self, message: Message, kind: type, seconds: float = 20.0) -> Message:
        self.send(message)
        return self.take(kind, seconds)

    def submit(self, job: str, request: GenerateAvatar) -> Message:
        self.send(Submit(job, request))
        return self.receive()

    def follow(self, job: str, after: int = 0, seconds: float = 30.0) -> list[Message]:
        """Every event of the job up to its final state."""
        self.send(Subscribe(job, after))
        events: list[Message] = []
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(end - time.monotonic(), 0))
            if getattr(message, "job", None) == job:
                events.append(message)
            if isinstance(message, StateChanged) and message.state in ("done", "failed", "cancelled"):
                return events

    def fetch(self, result: Result, length: int = 7) -> bytes:
        content = b""
        while len(content) < result.size:
            chunk = self.ask(Fetch(result.job, len(content), length), Chunk)
            assert chunk.offset == len(content) and chunk.size == result.size
            content += bytes(chunk.data)
        return content
