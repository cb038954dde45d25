"""What this backend is and has, for the handshake, found out without torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psutil

from ...protocol.messages import EngineInfo, PresetInfo, WeightsInfo, Welcome
from ...protocol.version import SOFTWARE_VERSION
from ..engines import ENGINE_TITLES
from ..pipeline.presets import PRESETS
from ..weights.fetch import is_cached
from ..weights.model_table import MODELS
from ..weights.models import is_installed, missing_for_engine, terms_of_engine
from ..weights.registry import ASSETS


def describe_backend() -> Welcome:
    """The answer to ``hello``."""
    return Welcome(
        software=SOFTWARE_VERSION,
        pid=os.getpid(),
        device=_device(),
        memory_bytes=psutil.virtual_memory().total,
        engines=tuple(_engine(name, title) for name, title in ENGINE_TITLES.items()),
        presets=tuple(PresetInfo(p.name, p.title, p.cost) for p in PRESETS.values() if p.offered),
        weights=(*_assets(), *_models()),
    )


def _engine(name: str, title: str) -> EngineInfo:
    missing = missing_for_engine(name)
    return EngineInfo(name, title, ready=not missing, missing=missing, terms=terms_of_engine(name))


def _assets() -> Iterator[WeightsInfo]:
    for row in ASSETS.values():
        yield WeightsInfo(row.name, is_cached(row.name), row.licence, row.size)


def _models() -> Iterator[WeightsInfo]:
    for row in MODELS.values():
        licence = "; ".join(licence.name for licence in row.licences)
        yield WeightsInfo(row.name, is_installed(row.name), licence, row.size)


@cache
def _device() -> str:
    """``"cpu"``, or the GPU's name as its driver tells it (NVIDIA on Linux)."""
    for information in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return "cpu"
