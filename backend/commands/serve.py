"""``cameo serve``."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.console import Console

from ...protocol.connection import default_home
from ...protocol.version import SOFTWARE_VERSION
from ..service.server import Server


def serve(home: Path | None = None, port: int = 0, parent_pid: int | None = None) -> None:
    """Run the backend that Blender talks to, until it is stopped.

    Args:
        home: Folder of its jobs and of the connection file; default: $CAMEO_HOME, else the user's data folder.
        port: Port on this machine; 0 takes a free one, which clients find in the connection file.
        parent_pid: Stop when this process ends.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = home or default_home()
    server = Server(folder, port=port, parent_pid=parent_pid)
    Console(stderr=True).print(f"Cameo {SOFTWARE_VERSION} listens at {server.endpoint}; its folder is {folder}")
    server.serve()
