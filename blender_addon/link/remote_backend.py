"""A backend on another computer, reached with an invitation. It is started, stopped and installed there."""

from __future__ import annotations

import time
from pathlib import Path

from ...protocol.invitation import Invitation, InvitationError, read_invitation
from .handshake import Obstacle
from .local_backend import Look
from .problem import Problem
from .socket_thread import Address, SocketThread

SLOW = Problem(
    "remote.slow",
    "The backend has said nothing for a while.",
    "the network may be slow or broken",
    "Wait a moment: what is under way goes on.",
)
_SLOW_SECONDS = 2.5
SILENCE_SECONDS = 15.0
_RETRY_SECONDS = 3.0
_BY_ITSELF = "The connection comes about by itself as soon as it can."


class RemoteBackend:
    """The backend that an invitation names. Nothing in here waits.

    Attributes:
        path: the invitation.
        address: where the backend is, ``HOST`` or ``HOST:PORT``; empty: where the invitation says.
        invitation: as it was read last; None: it cannot be read.
    """

    def __init__(self, path: Path, address: str = "") -> None:
        self.path = path
        self.address = address
        self.invitation: Invitation | None = None
        self._next_try = 0.0
        self._read()

    @property
    def title(self) -> str:
        """What to call the computer: its name, and the port."""
        if self.invitation is None:
            return self.address or self.path.stem
        return f"{self.invitation.host}:{self.invitation.port}"

    @property
    def whereabouts(self) -> Address | None:
        """Its sockets and keys, as the invitation was read last; None: it cannot be read."""
        invited = self.invitation
        return None if invited is None else Address(invited.main, invited.control, invited.keys)

    def private_words(self) -> tuple[str, ...]:
        """What says whose computer it is, and the keys: of no use to those who help."""
        invited = self.invitation
        places = (str(self.path), self.path.stem, self.address)
        if invited is None:
            return places
        keys = invited.keys
        return (*places, invited.host, invited.name, keys.server, keys.public, keys.secret)

    def want(self) -> None:
        """The artist asks for it."""
        self._next_try = 0.0

    def has_answered(self) -> None:
        return

    def when_closed(self) -> Problem:
        """It said goodbye."""
        sentence = f"The backend on {self.title} was stopped."
        return Problem("remote.stopped", sentence, fix=f"Ask its owner to start it. {_BY_ITSELF}")

    def look(self, *, starting: bool, work_left: bool) -> Look:
        """Where it is; looked for now and then, however things stand here."""
        if time.monotonic() < self._next_try:
            return None
        self._next_try = time.monotonic() + _RETRY_SECONDS
        return self._read() or self.whereabouts

    def lost(self, line: SocketThread, *, connected: bool) -> Problem | None:
        """What has become of it, once the line is of no use any more."""
        if line.obstacle is not None:
            return self._explained(*line.obstacle)
        if line.seconds_silent() > SILENCE_SECONDS:
            return self._explained(Obstacle.NO_ANSWER, self.title)
        return None

    def worry(self, line: SocketThread) -> Problem | None:
        """What the artist should know while the line may still be good."""
        return SLOW if line.seconds_silent() > _SLOW_SECONDS else None

    def _read(self) -> Problem | None:
        try:
            self.invitation = read_invitation(self.path, self.address)
        except InvitationError as error:
            self.invitation = None
            return Problem.of(error)
        return None

    def _explained(self, obstacle: Obstacle, endpoint: str) -> Problem:
        host, port = self.title.rpartition(":")[0], endpoint.rpartition(":")[2]
        match obstacle:
            case Obstacle.UNKNOWN_HOST:
                return Problem(
                    "remote.unknown_host",
                    f"There is no computer named {host} in this network.",
                    "the name may be misspelt, or known in another network only",
                    "Write the computer's number (such as 192.168.1.20) into Address in the add-on's preferences.",
                )
            case Obstacle.CLOSED_PORT:
                return Problem(
                    "remote.closed_port",
                    f"{host} is there, but no backend listens at its port {port}.",
                    "the backend does not run, or runs without --bind, or at another port",
                    f"Ask its owner to type: cameo serve --bind 0.0.0.0. {_BY_ITSELF}",
                )
            case Obstacle.UNREACHABLE:
                return Problem(
                    "remote.unreachable",
                    f"{host} cannot be reached at port {port}.",
                    "it is off, in another network, or a firewall is between you",
                    f"Ask its owner to open the ports of the backend in the firewall. {_BY_ITSELF}",
                )
            case Obstacle.NOT_CAMEO:
                return Problem(
                    "remote.not_cameo",
                    f"What answers at port {port} of {host} is no Cameo backend that takes invitations.",
                    "another program uses the port, or it is the port for the computer itself",
                    "Check the address; the one in the invitation is that of 'cameo serve --bind'.",
                )
            case Obstacle.OTHER_KEYS:
                return Problem(
                    "remote.other_keys",
                    f"The backend on {host} does not know this invitation.",
                    "it has other keys than when the invitation was made, or a tunnel leads nowhere",
                    "Ask its owner for a new invitation. If you use a tunnel, check that the backend runs.",
                )
            case Obstacle.KEY_REFUSED:
                return Problem(
                    "remote.key_refused",
                    f"The backend on {host} does not let you in.",
                    "your key was taken off its list",
                    "Ask its owner for a new invitation.",
                )
            case Obstacle.NO_ANSWER:
                return Problem(
                    "remote.silent",
                    f"The backend on {host} does not answer.",
                    "it hangs, the network is broken, or another program uses the port",
                    f"Wait a moment. {_BY_ITSELF}",
                )
