"""``cameo weights``: the model files this machine has or needs, and how they get here."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.markup import escape

from ..errors import AssetError
from ..weights.cache import make_folder
from ..weights.consent import accept, is_accepted, licence_text, require_accepted
from ..weights.fetch import asset_path
from ..weights.install import fetch_model, import_model
from ..weights.meter import Meter
from ..weights.model_table import MODELS, Model, model
from ..weights.models import is_installed, model_path, models_dir
from ..weights.recognise import recognise
from ..weights.records import Record, faults, read_record
from ..weights.registry import ASSETS
from .model_readers import READERS
from .terminal import WorkLine
from .weights_tables import asset_table, model_details, model_table


@dataclass(frozen=True)
class List:
    """List models and small files: which are here, how large they are, what their licences allow.

    Attributes:
        evaluation: Include files that only measure results.
    """

    evaluation: bool = False


@dataclass(frozen=True)
class Fetch:
    """Download models (or, without a name, the small files that Cameo always needs). Goes on where it was stopped.

    Attributes:
        names: Such as liveportrait or sdxl.
        accept: Models whose licences you have read and accept; without this you are asked.
        again: Fetch even what is installed already.
        evaluation: Without names: include files that only measure results.
    """

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    accept: tuple[str, ...] = ()
    again: bool = False
    evaluation: bool = False


@dataclass(frozen=True)
class Import:
    """Install models that you downloaded yourself. Which they are is found out from what is in the files.

    Attributes:
        place: A file, or a folder in which the files lie somewhere.
        move: Do not keep the originals.
    """

    place: tyro.conf.Positional[Path]
    move: bool = False


@dataclass(frozen=True)
class Verify:
    """Compare every installed file with the hash it had when it was installed."""


@dataclass(frozen=True)
class Licences:
    """What the licences allow, where their texts are, and which files belong to a model.

    Attributes:
        name: One model; all without.
    """

    name: tyro.conf.Positional[str | None] = None


_Action = (
    Annotated[List, tyro.conf.subcommand("list")]
    | Annotated[Fetch, tyro.conf.subcommand("fetch")]
    | Annotated[Import, tyro.conf.subcommand("import")]
    | Annotated[Verify, tyro.conf.subcommand("verify")]
    | Annotated[Licences, tyro.conf.subcommand("licences")]
)


def weights(action: Annotated[_Action, tyro.conf.arg(name="")] = List()) -> None:
    """The model files: list, fetch, import, verify them; their licences."""
    console = Console()
    if isinstance(action, List):
        _list(console, action.evaluation)
    elif isinstance(action, Fetch):
        _fetch(console, action)
    elif isinstance(action, Import):
        _import(console, action)
    elif isinstance(action, Verify):
        _verify(console)
    else:
        for row in [model(action.name)] if action.name else MODELS.values():
            console.print(escape(model_details(row)), soft_wrap=True)


def _list(console: Console, evaluation: bool) -> None:
    console.print(model_table())
    console.print(f"They lie in {models_dir()}. 'cameo weights licences NAME' says how to get one.\n", soft_wrap=True)
    console.print(asset_table(evaluation))


def _fetch(console: Console, action: Fetch) -> None:
    if not action.names:
        _fetch_assets(console, [row.name for row in ASSETS.values() if action.evaluation or not row.evaluation_only])
        console.print(asset_table(action.evaluation))
        return
    _fetch_assets(console, [name for name in action.names if name in ASSETS])
    rows = [model(name) for name in action.names if name not in ASSETS]
    for name in action.accept:
        make_folder(models_dir())
        accept(models_dir(), model(name))
    wanted = []
    for row in rows:
        if is_installed(row.name) and not action.again:
            console.print(f"{row.title} is installed already ('--again' fetches it anew).")
        else:
            _ask(console, row)
            wanted.append(row)
    for row in wanted:
        with WorkLine(console) as reporter:
            record = fetch_model(row, READERS[row.name], reporter)
        _say_installed(console, row, record)


def _fetch_assets(console: Console, names: Iterable[str]) -> None:
    with WorkLine(console) as reporter:
        for name in names:
            asset_path(name, reporter)


def _ask(console: Console, row: Model) -> None:
    """Have the licence accepted, before anything of any model is fetched."""
    if row.addresses and not is_accepted(models_dir(), row) and sys.stdin.isatty():
        console.print(escape(licence_text(row)), soft_wrap=True)
        if console.input("Do you accept these terms? Type yes or no: ").strip().lower() in ("y", "yes"):
            make_folder(models_dir())
            accept(models_dir(), row)
    if row.addresses:
        require_accepted(models_dir(), row)


def _import(console: Console, action: Import) -> None:
    place = action.place.expanduser()
    for found in recognise(place):
        with WorkLine(console) as reporter:
            record = import_model(found, READERS[found.model.name], reporter, move=action.move)
        _say_installed(console, found.model, record)


def _say_installed(console: Console, row: Model, record: Record) -> None:
    console.print(f"[green]{row.title} is installed:[/green] {escape(str(model_path(row.name)))}", soft_wrap=True)
    if record.published is False:
        console.print(
            "[yellow]Note:[/yellow] its files are not the published ones to the last bit; its reader takes them."
        )
    console.print(escape(licence_text(row)), soft_wrap=True)


def _verify(console: Console) -> None:
    damaged = []
    for row in MODELS.values():
        folder = models_dir() / row.name
        record = read_record(folder)
        if record is None:
            console.print(f"{row.title}: not installed")
            continue
        with WorkLine(console) as reporter:
            meter = Meter(reporter, f"verifying {row.title}", sum(file.size for file in record.files))
            wrong = faults(folder, record, meter.add)
        console.print(f"{row.title}: " + ("; ".join(wrong) or f"unchanged since {record.date[:10]}"))
        if wrong:
            damaged.append(row)
    if damaged:
        ways = "; ".join(
            f"cameo weights fetch {row.name} --again" if row.addresses else "cameo weights import FILE"
            for row in damaged
        )
        raise AssetError(
            "weights.damaged",
            f"Installed files were changed or lost: {', '.join(row.title for row in damaged)}.",
            cause="They differ from what was recorded when they were installed.",
            fix=f"Install them again: {ways}",
        )
