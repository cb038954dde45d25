"""Training checkpoints: written whole or not at all, the last two kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from ..errors import StageError

KEPT = 2


def save_checkpoint(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write ``state`` (tensors, numbers, strings, lists, dicts) as the checkpoint of ``step``; drop the oldest."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step_{step:08d}.pt"
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StageError(
            "reconstruction.checkpoint",
            "The training checkpoint could not be written.",
            cause=str(error),
            fix="Free some disk space; the job goes on from the last checkpoint.",
        ) from error
    for old in sorted(folder.glob("step_*.pt"))[:-KEPT]:
        old.unlink()
    return path


def load_checkpoint(folder: Path, fingerprint: str | None = None) -> dict[str, Any] | None:
    """The newest readable checkpoint, and with ``fingerprint`` one whose entry fits; None when there is none."""
    for path in sorted(folder.glob("step_*.pt"), reverse=True):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError):
            continue  # a torn file: the one before it is whole
        if fingerprint is None or state.get("fingerprint") == fingerprint:
            return state
    return None
