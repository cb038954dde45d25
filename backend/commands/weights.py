"""``cameo weights``: the model files this machine has or needs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from ..weights.fetch import asset_path, is_cached
from ..weights.registry import ASSETS


def weights(action: tyro.conf.Positional[Literal["list", "fetch"]] = "list", evaluation: bool = False) -> None:
    """List the model files with their licences, or fetch those that are missing.

    Args:
        action: list or fetch.
        evaluation: Include those that only measure results.
    """
    console = Console()
    rows = [row for row in ASSETS.values() if evaluation or not row.evaluation_only]
    if action == "fetch":
        for row in rows:
            asset_path(row.name, _LineReporter(console, row.name))
    table = Table("file", "present", "size", "for", "licence")
    for row in rows:
        table.add_row(
            row.name, "yes" if is_cached(row.name) else "no", f"{row.size / 1e6:.1f} MB", row.role, row.licence
        )
    console.print(table)


class _LineReporter:
    """Says what is being fetched."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._said = ""

    def progress(self, fraction: float, message: str = "") -> None:
        if message and message != self._said:
            self._console.print(f"{self._name}: {message}")
            self._said = message

    def preview(self, image: np.ndarray) -> None:
        return None
