"""What a training step costs and what it buys, on the built-in engine's views of a portrait.

``python benchmarks/training.py [PHOTO] [--preset preview] [--appearance KIND ...] [--perceptual WEIGHT ...]
[--json FILE]``. The engine's minutes come first; the table begins with the static fit.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import dataclasses
import json
import resource
import time
from pathlib import Path
from typing import Any

import torch
from cameo.backend.artifacts import PersonalizedSet
from cameo.backend.config import ReconstructionConfig
from cameo.backend.engines.builtin.engine import BuiltinEngine
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.pipeline.presets import PRESETS
from cameo.backend.pipeline.reconstruction import reconstruct
from cameo.backend.progress import SilentReporter
from cameo.backend.weights.fetch import asset_path


def measure(data: PersonalizedSet, config: ReconstructionConfig) -> dict[str, Any]:
    """One run: wall and processor seconds, quality on held-out frames, peak memory so far."""
    wall, processor = time.perf_counter(), time.process_time()
    avatar = reconstruct(data, config, SilentReporter())
    report = avatar.provenance["reconstruction"]
    assert isinstance(report, dict)
    steps = sum(report["steps"].values())
    return {
        "appearance": config.appearance.kind if config.coin_steps else "static fit only",
        "perceptual": report["perceptual"],
        "gaussians": report["gaussians"],
        "steps": report["steps"],
        "wall_s": round(time.perf_counter() - wall, 1),
        "processor_s": round(time.process_time() - processor, 1),
        "processor_ms_a_step": round(1000 * (time.process_time() - processor) / max(1, steps)),
        "held_out": report["held_out"],
        "mean_offset": round(report.get("mean_offset", 0.0), 5),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", nargs="?", type=Path)
    parser.add_argument("--preset", default="preview", choices=PRESETS)
    parser.add_argument("--appearance", nargs="+", default=["plain", "paper", "anchored", "coin_plus"])
    parser.add_argument("--perceptual", nargs="+", type=float, default=[0.0], help="weights to try")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    preset = PRESETS[arguments.preset]
    portrait = prepare_portrait(arguments.photo or asset_path("astronaut.png"), preset.portrait)
    data = BuiltinEngine().personalize(portrait, preset.engines["builtin"], SilentReporter())
    rows = []
    for weight in arguments.perceptual:
        for kind in arguments.appearance:
            appearance = dataclasses.replace(preset.reconstruction.appearance, kind=kind)
            config = dataclasses.replace(preset.reconstruction, appearance=appearance, perceptual_weight=weight)
            rows.append({"perceptual_weight": weight, **measure(data, config)})
            print(json.dumps(rows[-1]), flush=True)
    if arguments.json:
        load = round(os.getloadavg()[0], 1)
        arguments.json.write_text(json.dumps({"preset": preset.name, "load": load, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
