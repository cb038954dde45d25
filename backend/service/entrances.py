"""Where the server listens: two sockets on this computer, and, if its owner wishes, their doors to other computers."""

from __future__ import annotations

import zmq

from ...protocol.errors import CameoError
from .doorkeeper import Doorkeeper
from .keys import KeyRing
from .outbox import bind_router


class Entrances:
    """The two sockets, bound.

    Attributes:
        main, control: ROUTER sockets.
        endpoint, control_endpoint: their addresses on the loopback interface.
    """

    def __init__(self, port: int, door: tuple[str, int] | None, ring: KeyRing) -> None:
        """
        Args:
            port: of the main socket on the loopback interface; 0 takes a free one.
            door: address and port of the main socket for other computers; the control socket has the next port.

        Raises:
            CameoError: ``service.port_taken``; with ``door`` ``.no_keys``, ``.no_such_interface``, ``keys.damaged``.
        """
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._doorkeeper: Doorkeeper | None = None
        self._sockets: list[zmq.Socket[bytes]] = []
        try:
            self._doorkeeper = Doorkeeper(self._context, ring) if door else None
            self.main, self.endpoint = self._bind(port)
            self.control, self.control_endpoint = self._bind(0)
            if self._doorkeeper and door:
                for number, socket in enumerate(self._sockets):
                    self._doorkeeper.open_door(socket, door[0], door[1] + number)
        except (CameoError, zmq.ZMQError):
            self.close()
            raise

    def admits(self, caller: str) -> bool:
        """Whether who sent a message (as ``outbox.receive`` tells) may be here now. From any thread."""
        return not caller or (self._doorkeeper is not None and self._doorkeeper.admits(caller))

    def close(self) -> None:
        """Shut everything; the threads that use the sockets have ended."""
        if self._doorkeeper is not None:
            self._doorkeeper.stop()
        for socket in self._sockets:
            socket.close()
        self._context.term()

    def _bind(self, port: int) -> tuple[zmq.Socket[bytes], str]:
        socket, endpoint = bind_router(self._context, port)
        self._sockets.append(socket)
        return socket, endpoint
