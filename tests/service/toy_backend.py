"""A backend whose pipeline is a test pipeline: the real server, supervisor, worker and stage runner, but stages that
only mix numbers. Run as ``python toy_backend.py serve HOME`` or, by the supervisor, ``... worker --home HOME``.

The picture's bytes say what to do, as JSON: ``{"seed": 1, "steps": 20, "seconds": 0.002}`` and, to be difficult,
``"die": 2`` (the worker kills itself in the second stage, this many times), ``"fail": "message"``,
``"error": "MemoryError" | "disk" | "bug"``,
``"deaf": true`` (does not look whether it is cancelled), ``"padding_bytes": n`` (a larger result).
"""

import errno
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cameo.backend.config import ServiceConfig
from cameo.backend.errors import StageError
from cameo.backend.pipeline.run import Pipeline, run_pipeline
from cameo.backend.progress import PreviewCloud
from cameo.backend.service.server import Server
from cameo.backend.service.worker import run_worker
from cameo.backend.stage import Stage, StageContext

STAGES = ("first", "second", "third")


@dataclass(frozen=True)
class ToyArtifact:
    numbers: np.ndarray  # uint64 [4]


def mix(numbers: np.ndarray, step: int) -> np.ndarray:
    return numbers * np.uint64(6364136223846793005) + np.uint64(1442695040888963407 + step)


def expected(seed: int, steps: int) -> bytes:
    """What a job must produce, whatever happened to it on the way."""
    numbers = np.arange(4, dtype=np.uint64) + np.uint64(seed)
    for _ in STAGES:
        for step in range(steps):
            numbers = mix(numbers, step)
    return numbers.tobytes()


def toy_stage(name: str, context: StageContext) -> ToyArtifact:
    spec = json.loads(context.image)
    previous = context.artifacts.get(STAGES[STAGES.index(name) - 1]) if name != STAGES[0] else None
    numbers = previous.numbers if previous else np.arange(4, dtype=np.uint64) + np.uint64(spec["seed"])
    if name == "second":
        be_difficult(spec, context)
    for step in range(spec["steps"]):
        numbers = mix(numbers, step)
        time.sleep(spec.get("seconds", 0.002))
        if not spec.get("deaf"):
            context.reporter.progress(step / spec["steps"], f"step {step}")
        if step % 5 == 0:
            cloud = PreviewCloud(np.zeros((2, 3), np.float32), np.ones(2, np.float32), np.zeros((2, 3), np.uint8))
            context.reporter.preview(np.full((4, 4, 3), step % 256, np.uint8), cloud)
    return ToyArtifact(numbers)


def be_difficult(spec: dict, context: StageContext) -> None:
    if "die" in spec:
        context.checkpoints.mkdir(parents=True, exist_ok=True)
        deaths = len(list(context.checkpoints.iterdir()))
        if deaths < spec["die"]:
            (context.checkpoints / str(deaths)).touch()
            print("about to die", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    if "fail" in spec:
        raise StageError("toy.failed", spec["fail"], cause="it was told to", fix="Do not tell it to.")
    match spec.get("error"):
        case "MemoryError":
            raise MemoryError("no room")
        case "disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "bug":
            raise ZeroDivisionError("oops \ud800" + "x" * 10_000)


def toy_generate(request, work_dir, result, reporter) -> None:
    stages = tuple(
        Stage(name, 1.0, ToyArtifact, None, lambda context, name=name: toy_stage(name, context)) for name in STAGES
    )

    def finish(context: StageContext, path: Path) -> None:
        temporary = path.with_suffix(".tmp")
        padding = bytes(json.loads(context.image).get("padding_bytes", 0))
        temporary.write_bytes(context.artifacts["third"].numbers.tobytes() + padding)
        os.replace(temporary, path)

    run_pipeline(Pipeline(stages, finish), request.image.tobytes(), work_dir, result, reporter)


def main() -> None:
    role, home = sys.argv[1], Path(sys.argv[-1])
    if role == "worker":
        run_worker(home, toy_generate)
    attempts = int(os.environ.get("TOY_ATTEMPTS", "3"))  # the chaos test kills more often than that
    command = (sys.executable, __file__, "worker")
    parent = int(os.environ["TOY_PARENT"]) if "TOY_PARENT" in os.environ else None
    silence = float(os.environ.get("TOY_SILENCE", "120"))
    config = ServiceConfig(worker_command=command, attempts=attempts, silence_seconds=silence)
    door = ("127.0.0.1", int(os.environ["TOY_DOOR"])) if "TOY_DOOR" in os.environ else None
    Server(home, config, door=door, parent_pid=parent).serve()


if __name__ == "__main__":
    main()
