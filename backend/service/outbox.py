"""ROUTER sockets: who sent what, and sending without ever waiting for a peer that is gone or too slow."""

from __future__ import annotations

from collections import deque

import zmq

from ...protocol import limits
from ...protocol.codec import encode
from ...protocol.errors import CameoError
from ...protocol.messages import Message

_WAITING_ANSWERS = 8


class Outbox:
    """What goes out through one ROUTER socket."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._waiting: dict[bytes, deque[Message]] = {}
        self.gone: set[bytes] = set()
        """Peers found to be gone; the owner takes them out."""

    def send(self, peer: bytes, message: Message) -> bool:
        """Send now or not at all. Returns whether it went."""
        try:
            self._socket.send_multipart([peer, *encode(message)], zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self.drop(peer)
            return False
        return True

    def drop(self, peer: bytes) -> None:
        """The peer is gone, or is to hear nothing any more."""
        self.gone.add(peer)
        self._waiting.pop(peer, None)

    def answer(self, peer: bytes, message: Message) -> None:
        """Send, or keep it until the peer reads again. One that asks on without reading loses the oldest answers."""
        waiting = self._waiting.get(peer)
        if (waiting or not self.send(peer, message)) and peer not in self.gone:
            self._waiting.setdefault(peer, deque(maxlen=_WAITING_ANSWERS)).append(message)

    def retry(self) -> None:
        """Send what waits, as far as the peers take it."""
        for peer, waiting in list(self._waiting.items()):
            while waiting and self.send(peer, waiting[0]):
                waiting.popleft()
            if not waiting:
                self._waiting.pop(peer, None)


def receive(socket: zmq.Socket[bytes]) -> tuple[bytes, str, list[bytes]]:
    """The next message: the peer's id, whose key it came with (empty: a program on this computer), and its frames."""
    peer, *frames = socket.recv_multipart(copy=False)
    return peer.bytes, _caller_of((peer, *frames)[-1]), [frame.bytes for frame in frames]


def _caller_of(frame: zmq.Frame) -> str:
    try:
        return str(frame.get("User-Id"))  # what the doorkeeper said of the connection that it came through
    except zmq.ZMQError:  # it came through none of its doors
        return ""


def bind_router(context: zmq.Context[zmq.Socket[bytes]], port: int = 0) -> tuple[zmq.Socket[bytes], str]:
    """A ROUTER on the loopback interface, at ``port`` or a free one, with the protocol's limits. Returns its address.

    Raises:
        CameoError: ``service.port_taken``.
    """
    socket = context.socket(zmq.ROUTER)
    socket.linger = 200  # the last words of a server that stops
    socket.router_mandatory = 1
    socket.maxmsgsize = limits.FRAME_BYTES
    socket.sndhwm = socket.rcvhwm = limits.QUEUED_MESSAGES
    socket.heartbeat_ivl = limits.HEARTBEAT_INTERVAL_MS
    socket.heartbeat_timeout = limits.HEARTBEAT_TIMEOUT_MS
    socket.heartbeat_ttl = limits.HEARTBEAT_TTL_MS
    try:
        socket.bind(f"tcp://127.0.0.1:{port or '*'}")
    except zmq.ZMQError as error:
        socket.close(0)
        raise no_port(port, error) from error
    return socket, socket.get_string(zmq.LAST_ENDPOINT)


def no_port(port: int, error: zmq.ZMQError) -> CameoError:
    return CameoError(
        "service.port_taken",
        f"The port {port} cannot be used.",
        cause=error.strerror or str(error),
        fix="Leave out --port to take a free one, choose another, or stop the program that uses it.",
    )
