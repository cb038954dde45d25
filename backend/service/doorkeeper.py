"""The door to other computers: CURVE sockets, and who may come in (ZAP, ZeroMQ RFC 27).

ZeroMQ asks a handler whether a key may come in. Without one, CURVE would admit any key: ``zap_enforce_domain`` makes it
admit nobody instead. So a handler that has died keeps the door shut.
"""

from __future__ import annotations

import errno
import logging
import threading

import zmq
from zmq.utils import z85

from ...protocol import limits
from ...protocol.errors import CameoError
from .keys import KeyRing, ServerKeys
from .outbox import no_port

_ZAP = "inproc://zeromq.zap.01"
_DOMAIN = b"cameo"
_POLL_MS = 100
_HANDSHAKE_MS = 5000
_log = logging.getLogger(__name__)


class Doorkeeper:
    """Lets those in who are on the list as it is at that moment."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], ring: KeyRing) -> None:
        """Open for business; :meth:`open_door` makes doors.

        Raises:
            CameoError: ``service.no_keys``, nobody could come in; ``keys.damaged``.
        """
        self._ring = ring
        self._keys = _keys_of(ring)
        self._handler = context.socket(zmq.REP)
        self._handler.linger = 0
        self._handler.bind(_ZAP)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="cameo-door", daemon=True)
        self._thread.start()

    def open_door(self, socket: zmq.Socket[bytes], host: str, port: int) -> None:
        """Let ``socket`` listen at ``host``, encrypted and guarded. What it listens at already stays as it is: a
        listener has the options that its socket had when it was bound.

        Raises:
            CameoError: ``service.port_taken``, ``service.no_such_interface``.
        """
        socket.curve_server = 1
        socket.curve_secretkey = self._keys.secret.encode("ascii")
        socket.zap_domain = _DOMAIN
        socket.zap_enforce_domain = 1
        socket.handshake_ivl = _HANDSHAKE_MS
        socket.maxmsgsize = limits.REMOTE_FRAME_BYTES
        socket.sndhwm = limits.REMOTE_QUEUED_MESSAGES
        socket.heartbeat_ivl = limits.REMOTE_HEARTBEAT_INTERVAL_MS
        socket.heartbeat_timeout = limits.REMOTE_HEARTBEAT_TIMEOUT_MS
        socket.heartbeat_ttl = limits.REMOTE_HEARTBEAT_TTL_MS
        socket.ipv6 = host.startswith("[")
        try:
            socket.bind(f"tcp://{host}:{port}")
        except zmq.ZMQError as error:
            if error.errno in (zmq.EADDRINUSE, errno.EACCES):
                raise no_port(port, error) from error
            raise CameoError(
                "service.no_such_interface",
                "This computer has no such address.",
                cause=f"{host}: {error.strerror or error}",
                fix="--bind takes an address of this computer, such as 192.168.1.20; 0.0.0.0 stands for all of them.",
            ) from error

    def admits(self, key: str) -> bool:
        """Whether the key is on the list now. A connection outlives its key's removal; what comes through it does not.
        From any thread."""
        return self._ring.admits(key)

    def stop(self) -> None:
        """From now on nobody comes in."""
        self._stopped.set()
        self._thread.join()

    def _serve(self) -> None:
        try:
            while not self._stopped.is_set():
                if self._handler.poll(_POLL_MS):
                    self._handler.send_multipart(self._answer(self._handler.recv_multipart()))
        except Exception:  # noqa: BLE001 - the thread's border: it is said, and the door is shut
            _log.critical("nobody is admitted from other computers any more", exc_info=True)
        finally:
            self._handler.close()

    def _answer(self, request: list[bytes]) -> list[bytes]:
        version, number, _domain, address, _identity, mechanism, *credentials = request
        key = z85.encode(credentials[0]).decode("ascii") if mechanism == b"CURVE" and len(credentials) == 1 else ""
        if key and self._ring.admits(key):
            return [version, number, b"200", b"OK", key.encode("ascii"), b""]
        _log.warning("refused a key that is not on the list, from %s", address.decode("ascii", "replace"))
        return [version, number, b"400", b"This key is not on the list.", b"", b""]


def _keys_of(ring: KeyRing) -> ServerKeys:
    keys = ring.server()
    if keys is None or not ring.guests():
        raise CameoError(
            "service.no_keys",
            "The backend may be reached from other computers only by those who are invited, and nobody is.",
            cause=f"the list in {ring.folder} is empty",
            fix="Invite somebody first: cameo keys invite NAME ADDRESS-OF-THIS-COMPUTER",
        )
    return keys
