"""Sending to clients without ever waiting for one: a ROUTER socket that says when a peer is gone or too slow."""

from __future__ import annotations

from collections import deque

import zmq

from ...protocol import limits
from ...protocol.codec import encode
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
            self.gone.add(peer)
            self._waiting.pop(peer, None)
            return False
        return True

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


def bind_router(context: zmq.Context[zmq.Socket[bytes]], port: int = 0) -> tuple[zmq.Socket[bytes], str]:
    """A ROUTER on the loopback interface, at ``port`` or a free one, with the protocol's limits. Returns its address.

    Raises:
        zmq.ZMQError: EADDRINUSE.
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
    except zmq.ZMQError:
        socket.close(0)
        raise
    return socket, socket.get_string(zmq.LAST_ENDPOINT)
