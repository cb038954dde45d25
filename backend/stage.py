"""One step of a job, from artifact to artifact. Engines say which steps they take; ``pipeline/run.py`` runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .progress import Reporter

Record = dict[str, object]
"""What is remembered about a finished step: JSON-able."""


@dataclass
class StageContext:
    """What a stage may use.

    Attributes:
        image: bytes of the artist's picture file.
        reporter: of this stage.
        checkpoints: a folder of this stage's own, for what it wants to find again after a kill. May not exist yet.
        pictures: a folder for pictures that the artist may want to look at. May not exist yet.
        artifacts: what earlier stages made, by stage name.
        records: time and memory of the stages so far.
    """

    image: bytes
    reporter: Reporter
    checkpoints: Path
    pictures: Path
    artifacts: dict[str, Any] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """One step from artifact to artifact.

    Attributes:
        name: stable; shown to the artist and used in file names.
        share: of the whole job's time, about.
        produces: the dataclass it returns.
        config: everything that changes its result, apart from earlier artifacts.
        run: does it.
    """

    name: str
    share: float
    produces: type
    config: object
    run: Callable[[StageContext], object]
