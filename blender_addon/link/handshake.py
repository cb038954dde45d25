"""Why an encrypted connection to another computer does not come about, as far as ZeroMQ and the network tell."""

from __future__ import annotations

import socket as network
import time
from enum import Enum
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import recv_monitor_message

_FAILING_SECONDS = 2.0  # some first attempts fail for another reason than the ones after
_UNREACHED_SECONDS = 3.0
_SILENT_SECONDS = 8.0
_PROBE_SECONDS = 4.0
_FAILED = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED
_EVENTS = (
    _FAILED
    | zmq.EVENT_CONNECTED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
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


class Handshake:
    """Watches one socket until its first handshake has succeeded. Used in the socket's thread."""

    def __init__(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        self._socket = socket
        self._endpoint = endpoint
        self._monitor = socket.get_monitor_socket(_EVENTS)
        self._begun = time.monotonic()
        self._reached = self._failing = self._succeeded = False

    def obstacle(self) -> Obstacle | None:
        """What is in the way, once that is known. May take seconds where the network has to be asked."""
        while not self._succeeded and self._monitor.poll(0):
            match recv_monitor_message(self._monitor)["event"]:
                case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    self._succeeded = True
                case zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                    return Obstacle.KEY_REFUSED
                case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                    return Obstacle.NOT_CAMEO
                case zmq.EVENT_CONNECTED:
                    self._reached = True
                case _:
                    self._failing = True
        if self._succeeded or time.monotonic() - self._begun < self._patience():
            return None
        if self._reached:
            return Obstacle.OTHER_KEYS if self._failing else Obstacle.NO_ANSWER
        return _asked_the_network(self._endpoint)

    def _patience(self) -> float:
        if self._failing:
            return _FAILING_SECONDS
        return _SILENT_SECONDS if self._reached else _UNREACHED_SECONDS

    def close(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close(0)


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
