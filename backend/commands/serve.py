"""``cameo serve``."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.console import Console

from ...protocol.connection import default_home
from ...protocol.invitation import split_address
from ...protocol.version import SOFTWARE_VERSION
from ..service.server import Server


def serve(home: Path | None = None, port: int = 0, parent_pid: int | None = None, bind: str = "") -> None:
    """Run the backend that Blender talks to, until it is stopped.

    Args:
        home: Folder of its jobs and of the connection file; default: $CAMEO_HOME, else the user's data folder.
        port: Port on this machine; 0 takes a free one, which clients find in the connection file. With --bind the port
            for other computers (0: 27701); the one after it is used, too.
        parent_pid: Stop when this process ends.
        bind: An address of this computer where Blenders on other computers may reach it, with the invitations that
            'cameo keys' makes; 0.0.0.0 for all its addresses. Default: nobody can.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = home or default_home()
    door = _door(bind, port) if bind else None
    server = Server(folder, port=0 if door else port, door=door, parent_pid=parent_pid)
    console = Console(stderr=True)
    console.print(f"Cameo {SOFTWARE_VERSION} listens at {server.endpoint}; its folder is {folder}", soft_wrap=True)
    if door:
        console.print(f"Those who are invited reach it at {door[0]}, ports {door[1]} and {door[1] + 1}", soft_wrap=True)
    server.serve()


def _door(bind: str, port: int) -> tuple[str, int]:
    host, named = split_address(bind)
    return host, port or named
