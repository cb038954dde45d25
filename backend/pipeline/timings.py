"""How long each stage took on this machine: the ground on which the time left is told."""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path

from ..stage import Stage
from .artifact_store import artifact_key

FILE_NAME = "timings.json"
_KEPT_RUNS = 5
_KEPT_STAGES = 200


class StageTimings:
    """Seconds of the last undisturbed runs of every stage with every configuration, in a file or nowhere."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def seconds(self, stage: Stage) -> float | None:
        """What the stage takes, as a rule; None: it never ran here with this configuration."""
        runs = self._read().get(_key(stage))
        return statistics.median(runs) if runs else None

    def note(self, stage: Stage, seconds: float) -> None:
        """Remember a run. A disk that takes nothing costs an estimate, never a job."""
        if self._path is None:
            return
        known = self._read()
        runs = known.pop(_key(stage), [])
        known[_key(stage)] = [*runs, round(seconds, 2)][-_KEPT_RUNS:]
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_text(json.dumps(dict(list(known.items())[-_KEPT_STAGES:])), encoding="utf-8")
            os.replace(temporary, self._path)
        except OSError:
            temporary.unlink(missing_ok=True)

    def _read(self) -> dict[str, list[float]]:
        """What is written down; what is damaged counts as nothing."""
        if self._path is None:
            return {}
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        items = content.items() if isinstance(content, dict) else ()
        return {key: runs for key, runs in items if isinstance(runs, list) and all(map(_is_seconds, runs))}


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _key(stage: Stage) -> str:
    return f"{stage.name} {artifact_key(stage.config)[:16]}"
