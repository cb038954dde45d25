"""``cameo doctor``: can this machine make avatars, and if not, why?"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from ...protocol.connection import default_home, read_connection
from ...protocol.errors import CameoError
from ...protocol.messages import Finding
from ...protocol.version import PROTOCOL_VERSION, SOFTWARE_VERSION
from ..service.diagnosis import findings
from ..service.server import Server


def doctor() -> None:
    """Check this machine: packages, memory, disk, model files, and that a server can start."""
    console = Console()
    console.print(f"Cameo {SOFTWARE_VERSION}, protocol {PROTOCOL_VERSION[0]}.{PROTOCOL_VERSION[1]}")
    console.print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    healthy = True
    for finding in (*findings(default_home()), *_server()):
        healthy &= finding.good
        mark = "[green]ok[/green]   " if finding.good else "[red]bad[/red]  "
        console.print(mark + finding.found + ("" if finding.good else f" {finding.fix}"))
    if not healthy:
        sys.exit(1)


def _server() -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            Server(Path(folder)).close()
        except CameoError as error:
            yield Finding(False, error.sentence, f"{error.cause} {error.fix}")
        else:
            yield Finding(True, "a server can start")
    try:
        yield Finding(True, f"a backend is running: process {read_connection(default_home()).pid}")
    except CameoError as error:
        yield Finding(True, f"{error.sentence} ({default_home()})")
