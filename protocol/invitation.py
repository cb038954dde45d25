"""The invitation: one small file that lets a Blender on one computer use a backend on another.

It holds the backend's address, its public key, and a key pair for who is invited. Who has the file can use the backend.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .errors import CameoError
from .private_file import write_private

SUFFIX = ".cameo-key"
REMOTE_PORT = 27701
"""Of the main socket; the control socket has the next one. Of no other service, and not among the ports that systems
give away by themselves."""
_FORMAT, _VERSION = "cameo.invitation", 1
_SIZE_LIMIT = 16 << 10
_KEY = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")  # 32 bytes in Z85 (ZeroMQ RFC 32)
_HOST = re.compile(r"\[[0-9a-fA-F:.%\w]+\]|[\w][\w.-]*")


class InvitationError(CameoError):
    """An invitation or an address that cannot be used."""


@dataclass(frozen=True)
class ClientKeys:
    """What a client needs for a CURVE connection, each key in Z85: the server's public key, and a pair of its own."""

    server: str
    public: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Invitation:
    """For ``name``: the backend at ``host``, whose main socket has ``port``, and the keys."""

    name: str
    host: str
    port: int
    keys: ClientKeys

    @property
    def main(self) -> str:
        """ZeroMQ address of the main socket."""
        return f"tcp://{self.host}:{self.port}"

    @property
    def control(self) -> str:
        """ZeroMQ address of the control socket."""
        return f"tcp://{self.host}:{self.port + 1}"


def is_key(text: object) -> bool:
    """Whether this can be a CURVE key in Z85."""
    return isinstance(text, str) and _KEY.fullmatch(text) is not None


def split_address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST``, ``HOST:PORT``, ``[IPv6]`` or ``[IPv6]:PORT``.

    Raises:
        InvitationError: ``remote.bad_address``.
    """
    host, colon, port = text.strip().removeprefix("tcp://").rpartition(":")
    if not colon or port.endswith("]"):
        host, port = host + colon + port, str(REMOTE_PORT)
    if not _HOST.fullmatch(host) or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65535:
        raise InvitationError(
            "remote.bad_address",
            "This is no address of a computer.",
            cause=f"{text!r}",
            fix=f"Write a name or a number such as gpubox.local or 192.168.1.20; a port other than {REMOTE_PORT} "
            "follows after a colon.",
        )
    return host, int(port)


def write_invitation(path: Path, invitation: Invitation) -> None:
    """Write the file, readable by its owner only. Raises OSError."""
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "name": invitation.name,
        "address": f"{invitation.host}:{invitation.port}",
        "server_key": invitation.keys.server,
        "public_key": invitation.keys.public,
        "secret_key": invitation.keys.secret,
    }
    write_private(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_invitation(path: Path, address: str = "") -> Invitation:
    """
    Args:
        address: where the backend is now, ``HOST`` or ``HOST:PORT``; empty: where the invitation says.

    Raises:
        InvitationError: ``remote.no_invitation``, ``remote.bad_invitation``, ``remote.bad_address``.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            content = _checked(json.loads(stream.read(_SIZE_LIMIT)))
    except OSError as error:
        raise InvitationError(
            "remote.no_invitation",
            "The invitation to the backend on another computer cannot be read.",
            cause=error.strerror or str(error),
            fix="Choose the invitation again: the file that the backend's owner made with 'cameo keys invite'.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvitationError(
            "remote.bad_invitation",
            "This file is no invitation to a backend.",
            cause=f"{path.name} is damaged, or something else",
            fix="Ask the backend's owner for a new one: 'cameo keys invite' makes it.",
        ) from error
    host, port = split_address(address or content["address"])
    keys = ClientKeys(content["server_key"], content["public_key"], content["secret_key"])
    return Invitation(content["name"], host, port, keys)


def _checked(content: object) -> dict[str, str]:
    """What the file holds, if it is an invitation. Never says what is in it: that is secret. Raises ValueError."""
    if not isinstance(content, dict) or content.get("format") != _FORMAT or content.get("version") != _VERSION:
        raise ValueError("another format")
    if not all(is_key(content.get(name)) for name in ("server_key", "public_key", "secret_key")):
        raise ValueError("a key is damaged")
    if not isinstance(content.get("name"), str) or not isinstance(content.get("address"), str):
        raise ValueError("name or address is missing")
    return content
