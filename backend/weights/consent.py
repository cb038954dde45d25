"""Which licences the artist accepted: remembered in the models folder, with the date and a hash of what was shown."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..errors import AssetError
from .model_table import Model
from .records import now, write_json

_FILE = "licences.json"


def licence_text(row: Model) -> str:
    """What an artist reads before a model is fetched."""
    lines = [f"{row.title}: {row.purpose}"]
    for licence in row.licences:
        work = {"yes": "Paid work: yes.", "no": "Paid work: no.", "unclear": "Paid work: unclear."}[licence.commercial]
        lines += [f"Licence: {licence.name}.", f"  {work} {licence.allows}", f"  The text: {licence.address}"]
    return "\n".join(lines)


def is_accepted(folder: Path, row: Model) -> bool:
    """Whether exactly this text was accepted; when the table's words change, the question is asked again."""
    return _read(folder).get(row.name, {}).get("sha256") == _hash(row)


def accept(folder: Path, row: Model) -> None:
    """Remember that the artist accepted. ``folder``: the models folder; it must exist."""
    accepted = {"date": now(), "sha256": _hash(row), "text": licence_text(row)}
    write_json(folder / _FILE, _read(folder) | {row.name: accepted})


def require_accepted(folder: Path, row: Model) -> None:
    """Raises :class:`AssetError` ``weights.licence_not_accepted``."""
    if not is_accepted(folder, row):
        raise AssetError(
            "weights.licence_not_accepted",
            f"The licence of {row.title} was not accepted; nothing was fetched.",
            cause=licence_text(row),
            fix=f"Read the licence. If you agree, type: cameo weights fetch {row.name} --accept {row.name}",
        )


def _hash(row: Model) -> str:
    return hashlib.sha256(licence_text(row).encode()).hexdigest()


def _read(folder: Path) -> dict[str, dict[str, str]]:
    try:
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # asked again
    return content if isinstance(content, dict) else {}
