"""Where the large models lie, and one error that says everything about those that are missing.

Nothing here needs a network or torch.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from ...protocol.connection import default_home
from ..errors import AssetError
from .model_table import MODELS, Model, ModelFile, model
from .records import read_record

_SMALL, _NAMED = 2_000_000, 3  # more than three files below two megabytes are counted, not listed
PAID_WORK = {"yes": "paid work allowed", "no": "no paid work", "unclear": "paid work unclear"}
"""Of a licence, in words."""


def models_dir() -> Path:
    """The folder of the models: ``$CAMEO_MODELS``, else ``models`` in the backend's home. Not created here."""
    if override := os.environ.get("CAMEO_MODELS"):
        return Path(override).expanduser()
    return default_home() / "models"


def is_installed(name: str) -> bool:
    """Whether every file of the model is there with the size it had when it was installed. Quick; hashes nothing."""
    row, folder = model(name), models_dir() / name
    return read_record(folder) is not None and not _lacking(row, folder)


def model_path(name: str) -> Path:
    """What the model's reader takes: a file for single models (panohead, flame), a folder for the others.

    Raises:
        AssetError: ``weights.missing``, ``weights.unknown``.
    """
    return require_models((name,))[name]


def require_models(names: Iterable[str]) -> dict[str, Path]:
    """Paths of several models, by name.

    Raises:
        AssetError: ``weights.missing``, once for all that are not installed; ``weights.unknown``.
    """
    rows = [model(name) for name in names]
    missing = [row for row in rows if not is_installed(row.name)]
    if missing:
        raise _missing(missing)
    folder = models_dir()
    return {row.name: _given_to_reader(row, folder / row.name) for row in rows}


def _given_to_reader(row: Model, folder: Path) -> Path:
    return folder / row.kept(row.files[0]) if row.single else folder


def installed_hash(name: str) -> str:
    """What identifies the installed files of the model: another hash is another model. Empty when it is not there."""
    record = read_record(models_dir() / name)
    if record is None:
        return ""
    return hashlib.sha256("".join(f"{file.path} {file.sha256}\n" for file in record.files).encode()).hexdigest()


def missing_for_engine(engine: str) -> str:
    """What the engine cannot do without and does not find, one sentence for the artist; empty when it is ready."""
    missing = [row for row in MODELS.values() if engine in row.needed_by and not is_installed(row.name)]
    if not missing:
        return ""
    named = ", ".join(f"{row.title} ({readable_size(row.size, row.exact)})" for row in missing)
    if len(missing) == 1:
        return f"{named} is not installed; type 'cameo weights' in a terminal to see how to get it."
    return f"{named} are not installed; type 'cameo weights' in a terminal to see how to get them."


def terms_of_engine(engine: str) -> str:
    """What the licences of the models it cannot do without allow for paid work, one sentence for the artist."""
    rows = [row for row in MODELS.values() if engine in row.needed_by]
    against = [row for row in rows if row.commercial == "no"]
    unclear = [row for row in rows if row.commercial == "unclear"]
    if against:
        named = ", ".join(f"{row.title} ({row.licences[0].short})" for row in against)
        return f"Heads made with it may not be used in paid work, because of {named}."
    if unclear:
        return f"Ask the authors of {', '.join(row.title for row in unclear)} before you use its heads in paid work."
    return "Heads made with it may be used in paid work."


def how_to_get(row: Model) -> str:
    """The command, or what to do by hand and the command."""
    if row.addresses:
        return f"type: cameo weights fetch {row.name}"
    return f"open {row.page} in a browser, {row.by_hand}, then type: cameo weights import FILE"


def readable_size(size: int, exact: bool = True) -> str:
    """Such as ``about 600 MB``."""
    for unit, bytes_ in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= bytes_:
            value = size / bytes_
            text = f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
            break
    else:
        text = f"{size} bytes"
    return text if exact else f"about {text}"


def _missing(rows: list[Model]) -> AssetError:
    folder = models_dir()
    titles = ", ".join(row.title for row in rows)
    lacking = [_described(row, folder / row.name) for row in rows]
    ways = [f"- {row.title}: {how_to_get(row)}" for row in rows]
    return AssetError(
        "weights.missing",
        f"{'This model is' if len(rows) == 1 else 'These models are'} not installed: {titles}.",
        cause="\n".join([f"Cameo looks in {folder} and misses:", *lacking]),
        fix="Get what is missing once; from then on no network is needed.\n" + "\n".join(ways),
    )


def _described(row: Model, folder: Path) -> str:
    lacking = _lacking(row, folder)
    small = [file for file in lacking if file.size < _SMALL]
    if len(small) <= _NAMED:
        small = []
    listed = [f"{file.shown} ({readable_size(file.size, file.exact)})" for file in lacking if file not in small]
    if small:
        listed.append(f"{len(small)} small files ({readable_size(sum(file.size for file in small))})")
    terms = "; or ".join(f"{licence.short}, {PAID_WORK[licence.commercial]}" for licence in row.licences)
    return f"- {row.title}: {', '.join(listed)}. Licence: {terms}."


def _lacking(row: Model, folder: Path) -> list[ModelFile]:
    """Files that must be there and are not, or not with their size; all of these when there is no record."""
    record = read_record(folder)
    whole = {file.path for file in record.files if _size(folder / file.path) == file.size} if record else set()
    return [file for file in row.files if not file.optional and whole.isdisjoint(row.places(file))]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
