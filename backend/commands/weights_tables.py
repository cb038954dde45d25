"""What ``cameo weights`` prints."""

from __future__ import annotations

from rich.table import Table

from ..weights.consent import licence_text
from ..weights.fetch import is_cached
from ..weights.model_table import MODELS, Model
from ..weights.models import how_to_get, is_installed, models_dir, readable_size
from ..weights.records import read_record
from ..weights.registry import ASSETS


def model_table() -> Table:
    """The generative models."""
    table = Table("model", "here", "size", "paid work", "licence", "for", title="Models", title_justify="left")
    for column in table.columns[:3]:
        column.no_wrap = True
    table.columns[4].min_width, table.columns[5].min_width = 16, 11  # whole words in a terminal of 80 characters
    for row in MODELS.values():
        table.add_row(
            row.name,
            _installed(row),
            ("" if row.exact else "~") + readable_size(row.size),
            "\n".join(licence.commercial for licence in row.licences),
            "\n".join(licence.short for licence in row.licences),
            _engines(row),
        )
    return table


def _engines(row: Model) -> str:
    engines = [*row.needed_by, *(f"{name} (optional)" for name in row.used_by)]
    return ", ".join(engines) or "head model (optional)"


def asset_table(evaluation: bool) -> Table:
    """The small files that come out of packages."""
    table = Table("file", "here", "size", "for", "licence", title="Small files", title_justify="left")
    for row in ASSETS.values():
        if evaluation or not row.evaluation_only:
            present = "yes" if is_cached(row.name) else "no"
            table.add_row(row.name, present, f"{row.size / 1e6:.1f} MB", row.role, row.licence)
    return table


def model_details(row: Model) -> str:
    """Licence, files, hashes and the way to get a model."""
    record = read_record(models_dir() / row.name) if is_installed(row.name) else None
    state = f"Installed on {record.date[:10]} from {record.origin}" if record else f"To get it, {how_to_get(row)}"
    lines = [licence_text(row), state, "Files:"]
    for file in row.files:
        optional = ", optional" if file.optional else ""
        size = readable_size(file.size, file.exact)
        lines.append(f"  {file.shown} ({size}{optional}), sha256 {file.sha256 or 'not known'}")
    lines += [f"From: {address}" for address in row.addresses] or [f"From: {row.page}"]
    return "\n".join(lines) + "\n"


def _installed(row: Model) -> str:
    return "yes" if is_installed(row.name) else "no"
