"""The ``cameo`` command: which subcommands there are, and how their errors look."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence

import tyro
from rich.console import Console
from rich.markup import escape

from ..protocol.messages import Failure
from .commands.doctor import doctor
from .commands.export import export
from .commands.generate import generate
from .commands.head import head
from .commands.import_avatar import import_avatar
from .commands.keys import keys
from .commands.measure import measure
from .commands.motion import motion
from .commands.serve import serve
from .commands.weights import weights
from .errors import CameoError
from .service.failures import failure_of

COMMANDS: dict[str, Callable[..., None]] = {
    "serve": serve,
    "keys": keys,
    "generate": generate,
    "export": export,
    "import": import_avatar,
    "motion": motion,
    "weights": weights,
    "doctor": doctor,
    "measure": measure,
    "head": head,
}
"""A new subcommand is a function in ``commands`` and a line here."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``cameo ARGUMENTS``; ends the process with 0, 1 (an error that was explained), 2 (usage) or 130 (Ctrl-C)."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS, prog="cameo", description="One portrait becomes an animated 3D head.", args=arguments
        )
    except (CameoError, OSError, MemoryError, sqlite3.Error) as error:
        explain(failure_of(error))
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. What was finished is kept; the same command goes on from there.")
        sys.exit(130)


def explain(failure: Failure) -> None:
    """Print what happened, why, and what to do."""
    console = Console(stderr=True)
    console.print(f"[bold red]{escape(failure.sentence)}[/bold red] [dim]({failure.code})[/dim]")
    for title, text in (("Cause", failure.cause), ("What to do", failure.fix)):
        if text:
            console.print(f"{title}: {escape(text)}")
