"""``cameo keys``: who may use this backend from another computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from ...protocol.connection import default_home
from ...protocol.errors import CameoError
from ...protocol.invitation import SUFFIX, Invitation, split_address, write_invitation
from ..service.keys import KeyRing


@dataclass(frozen=True, kw_only=True)
class _Home:
    """
    Attributes:
        home: Folder of the backend; default: $CAMEO_HOME, else the user's data folder.
    """

    home: Path | None = None

    def ring(self) -> KeyRing:
        return KeyRing(self.home or default_home())


@dataclass(frozen=True)
class Invite(_Home):
    """Let somebody in: write the invitation, a small file that they choose in Blender. Keep it as you keep a key.

    Attributes:
        name: Of the person or the computer; you take the key away by it.
        address: Of this computer as theirs reaches it, such as gpubox.local or 192.168.1.20; a port other than 27701
            follows after a colon.
        output: The file; default: NAME.cameo-key here.
    """

    name: tyro.conf.Positional[str]
    address: tyro.conf.Positional[str]
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None


@dataclass(frozen=True)
class List(_Home):
    """List those who are invited."""


@dataclass(frozen=True)
class Remove(_Home):
    """Take somebody's key away. It counts at once, for a running backend, too.

    Attributes:
        name: As it was invited.
    """

    name: tyro.conf.Positional[str]


_Action = (
    Annotated[Invite, tyro.conf.subcommand("invite")]
    | Annotated[List, tyro.conf.subcommand("list")]
    | Annotated[Remove, tyro.conf.subcommand("remove")]
)


def keys(action: Annotated[_Action, tyro.conf.arg(name="")] = List()) -> None:
    """Who may use this backend from another computer: invite, list, remove."""
    console, ring = Console(), action.ring()
    match action:
        case Invite():
            _invite(console, ring, action)
        case Remove(name=name):
            ring.remove(name)
            console.print(f"{name} is not admitted any more.", markup=False)
        case List():
            _list(console, ring)


def _invite(console: Console, ring: KeyRing, action: Invite) -> None:
    host, port = split_address(action.address)
    path = action.output or Path(f"{action.name}{SUFFIX}")
    if path.exists():
        fix = "Move it away, or choose another with --output."
        raise CameoError("keys.file_exists", f"There is a file {path} already.", fix=fix)
    invited = ring.invite(action.name)
    try:
        write_invitation(path, Invitation(action.name, host, port, invited))
    except OSError:
        ring.remove(action.name)  # nobody has the key
        raise
    lines = (
        f"{path} is the invitation for {action.name}. It says that this computer is {host}, port {port}.",
        "Give it to them on a way that others cannot read: who has the file can use the backend.",
        "In Blender: tab Cameo, Backend, Another Computer, and choose the file.",
        "Here: cameo serve --bind 0.0.0.0" + (f" --port {port}" if f":{port}" in action.address else ""),
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _list(console: Console, ring: KeyRing) -> None:
    guests = ring.guests()
    if not guests:
        console.print("Nobody is invited: only Blender on this computer can use the backend.")
        return
    table = Table("name", "since", "public key")
    for guest in guests:
        table.add_row(guest.name, guest.added, guest.public.replace("[", "\\["))
    console.print(table)
