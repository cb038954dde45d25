"""Who may come in from another computer: the server's own key pair, and the list of those who are invited."""

from __future__ import annotations

import datetime
import json
import logging
import os
import re
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

import zmq

from ...protocol.errors import CameoError
from ...protocol.invitation import ClientKeys, is_key
from ...protocol.private_file import write_private

_SERVER, _GUESTS = "server.json", "guests.json"
_NAME = re.compile(r"\w[\w .@-]{0,63}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerKeys:
    """The backend's own CURVE key pair, Z85."""

    public: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Guest:
    """Somebody who is invited. ``public``: the key, Z85. ``added``: the day, ISO 8601."""

    name: str
    public: str
    added: str


class KeyRing:
    """The folder ``keys`` of a backend's home. Its files are private; a running server notices when they change."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "keys"
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._admitted: frozenset[str] = frozenset()

    def server(self) -> ServerKeys | None:
        """The server's keys; None where none were made. Raises CameoError ``keys.damaged``."""
        content = self._read(_SERVER)
        if content is None:
            return None
        if not isinstance(content, dict) or not is_key(content.get("public")) or not is_key(content.get("secret")):
            raise _damaged(self.folder / _SERVER, "the keys are incomplete")
        return ServerKeys(content["public"], content["secret"])

    def guests(self) -> tuple[Guest, ...]:
        """Those who are invited, in the order in which they were. Raises CameoError ``keys.damaged``."""
        content = self._read(_GUESTS)
        if content is None:
            return ()
        try:
            if not isinstance(content, list):
                raise TypeError("no list")
            guests = tuple(Guest(**row) for row in content)
        except TypeError as error:
            raise _damaged(self.folder / _GUESTS, "it is no list of guests") from error
        if not all(is_key(guest.public) and isinstance(guest.name, str) for guest in guests):
            raise _damaged(self.folder / _GUESTS, "a key is damaged")
        return guests

    def invite(self, name: str) -> ClientKeys:
        """Make a key pair for a new guest (and the server's, if there is none yet). The secret part is not kept.

        Raises:
            CameoError: ``keys.bad_name``, ``keys.name_taken``, ``keys.damaged``.
            OSError: the folder cannot be written.
        """
        guests = self.guests()
        if not _NAME.fullmatch(name):
            fix = "Use letters, digits, spaces and . @ - _, at most 64 of them."
            raise CameoError("keys.bad_name", "This name cannot be used.", cause=repr(name), fix=fix)
        if any(guest.name == name for guest in guests):
            fix = f"Choose another name, or first take this one away: cameo keys remove {name!r}"
            raise CameoError("keys.name_taken", f"{name} is invited already.", fix=fix)
        server = self.server() or self._make_server()
        public, secret = _new_pair()
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        self._write_guests((*guests, Guest(name, public, today)))
        return ClientKeys(server.public, public, secret)

    def remove(self, name: str) -> None:
        """Nobody comes in with this guest's key any more.

        Raises:
            CameoError: ``keys.unknown_name``, ``keys.damaged``.
            OSError: the folder cannot be written.
        """
        guests = self.guests()
        left = tuple(guest for guest in guests if guest.name != name)
        if left == guests:
            fix = "'cameo keys list' shows who is."
            raise CameoError("keys.unknown_name", f"Nobody named {name!r} is invited.", fix=fix)
        self._write_guests(left)

    def admits(self, public: str) -> bool:
        """Whether the key is on the list as it is now. From any thread. A list that cannot be read admits nobody."""
        with self._lock:
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._stamp, self._admitted = stamp, frozenset()
                try:
                    self._admitted = frozenset(guest.public for guest in self.guests())
                except CameoError as error:
                    _log.error("nobody is admitted: %s", error)
            return public in self._admitted

    def _stamp_now(self) -> tuple[int, int, int] | None:
        """Changes whenever the list is written: a new file takes the old one's place."""
        try:
            found = os.stat(self.folder / _GUESTS)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _make_server(self) -> ServerKeys:
        keys = ServerKeys(*_new_pair())
        self._write(_SERVER, asdict(keys))
        return keys

    def _write_guests(self, guests: tuple[Guest, ...]) -> None:
        self._write(_GUESTS, [asdict(guest) for guest in guests])

    def _write(self, name: str, content: object) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.folder / name, json.dumps(content, indent=1, ensure_ascii=False))

    def _read(self, name: str) -> object:
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(self.folder / name, type(error).__name__) from error


def _new_pair() -> tuple[str, str]:
    public, secret = zmq.curve_keypair()
    return public.decode("ascii"), secret.decode("ascii")


def _damaged(path: Path, cause: str) -> CameoError:
    return CameoError(
        "keys.damaged",
        "The backend's keys cannot be read.",
        cause=f"{path}: {cause}",
        fix="Put the file back as it was, or move its folder away and invite everybody again.",
    )
