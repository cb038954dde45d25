"""Why an encrypted connection to another computer does not come about, as far as ZeroMQ and the network tell."""

from __future__ import annotations

import socket as network
import time
from enum import Enum
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import recv_monitor_message

_PROBE_SECONDS = 4.0
_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
)


class Obstacle(Enum):
    """What is in the way."""

    UNKNOWN_HOST = "there is no computer of this name"
    CLOSED_PORT = "the computer is there, but nothing listens at this port"
    UNREACHABLE = "no way leads to the computer"
    NO_ANSWER = "something takes the connection and says nothing"
    NOT_CAMEO = "something answers that is no backend with keys"
    OTHER_KEYS = "the encrypted greeting is broken off: the server has other keys"
    KEY_REFUSED = "the server knows what it was shown, and refuses this client's key"


class _Stage(Enum):
    """How the newest attempt went, and for how many seconds it may stand so before it is an obstacle: some first
    attempts fail for another reason than the ones after."""

    NOTHING = 3.0
    NO_CONNECTION = 2.0
    CONNECTED = 8.0
    BROKEN_OFF = 2.1
    HUNG_UP = 2.2
    STANDS = float("inf")


class Handshake:
    """Watches the handshakes of one socket; ZeroMQ connects it again by itself. Used in the socket's thread.

    Attributes:
        successes: how often it has succeeded.
    """

    def __init__(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        self.successes = 0
        self._socket = socket
        self._endpoint = endpoint
        self._monitor = socket.get_monitor_socket(_EVENTS)
        self._begun = time.monotonic()
        self._stage = _Stage.NOTHING

    @property
    def stands(self) -> bool:
        """Whether the newest handshake has succeeded."""
        return self._stage is _Stage.STANDS

    def obstacle(self) -> Obstacle | None:
        """What is in the way, once that is known. May take seconds where the network has to be asked."""
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                return Obstacle.KEY_REFUSED
            if event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                return Obstacle.NOT_CAMEO
            self._take(event)
        if time.monotonic() - self._begun < self._stage.value:
            return None
        match self._stage:
            case _Stage.BROKEN_OFF:
                return Obstacle.OTHER_KEYS
            case _Stage.HUNG_UP:
                return Obstacle.NOT_CAMEO
            case _Stage.CONNECTED:
                return Obstacle.NO_ANSWER
        return _asked_the_network(self._endpoint)

    def close(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close(0)

    def _take(self, event: int) -> None:
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._stage = _Stage.STANDS
            self.successes += 1
        elif event == zmq.EVENT_CONNECTED:
            self._stage = _Stage.CONNECTED
        elif event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            self._stage = _Stage.BROKEN_OFF
        elif event == zmq.EVENT_CLOSED:
            self._stage = _Stage.NO_CONNECTION
        elif event == zmq.EVENT_DISCONNECTED and self._stage is _Stage.STANDS:
            self._begun, self._stage = time.monotonic(), _Stage.NOTHING
        elif event == zmq.EVENT_DISCONNECTED and self._stage is _Stage.CONNECTED:
            self._stage = _Stage.HUNG_UP


def _asked_the_network(endpoint: str) -> Obstacle:
    """Why there is no plain connection, either. (One that comes about now after all has found nothing at work.)"""
    parts = urlsplit(endpoint)
    try:
        network.create_connection((parts.hostname or "", parts.port or 0), _PROBE_SECONDS).close()
    except network.gaierror:
        return Obstacle.UNKNOWN_HOST
    except ConnectionRefusedError:
        return Obstacle.CLOSED_PORT
    except OSError:
        return Obstacle.UNREACHABLE
    return Obstacle.NO_ANSWER
