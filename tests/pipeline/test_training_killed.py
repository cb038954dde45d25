"""A training run that is killed ten times at random, and resumed each time, ends in the very same bits."""

import dataclasses
import multiprocessing
import re
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from cameo.backend.artifacts import PersonalizedSet
from cameo.backend.config import InitialCloudConfig, ReconstructionConfig
from cameo.backend.pipeline.artifact_store import ArtifactStore
from cameo.backend.pipeline.reconstruction import reconstruct
from cameo.backend.progress import SilentReporter

sys.path.insert(0, str(Path(__file__).parents[1] / "gaussians"))
from toy import toy_set

KILLS = 10
CONFIG = ReconstructionConfig(
    cloud=InitialCloudConfig(gaussians=2000), size=64, static_steps=60, coin_steps=60, checkpoint_seconds=0.02, seed=3
)


class Telling(SilentReporter):
    """Says before every step which one begins."""

    def __init__(self, line: Connection) -> None:
        self.line = line

    def progress(self, fraction: float, message: str = "") -> None:
        if found := re.search(r": step (\d+) of", message):
            self.line.send(int(found[1]))


def train(folder: Path, line: Connection) -> None:
    """What the killed process does; leaves ``done.npz`` when it comes to its end."""
    stored = ArtifactStore(folder).load("data", "toy", PersonalizedSet)
    assert stored is not None
    made = reconstruct(stored[0], CONFIG, Telling(line), checkpoint_dir=folder / "checkpoints").gaussians
    np.savez(folder / "done.npz", **{f.name: getattr(made, f.name) for f in dataclasses.fields(made)})


def run_until(step: int | None, folder: Path) -> int:
    """Train in another process, and kill it when it begins ``step``; the step it began with."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cameo.backend.pipeline.reconstruction"])
    line, other_end = context.Pipe(duplex=False)
    process = context.Process(target=train, args=(folder, other_end))
    process.start()
    other_end.close()
    first = now = line.recv()
    try:
        while step is None or now < step:
            now = line.recv()
        process.kill()
    except EOFError:
        assert step is None
    process.join()
    assert process.exitcode == (0 if step is None else -signal.SIGKILL)
    return first


def test_ten_kills_leave_the_same_bits(tmp_path):
    data = toy_set(64, 4, surface_level=1)
    whole = reconstruct(data, CONFIG, SilentReporter()).gaussians
    ArtifactStore(tmp_path).save("data", "toy", data, {})
    steps = np.sort(np.random.default_rng().choice(np.arange(2, 121), KILLS, replace=False))
    begun = [run_until(int(step), tmp_path) for step in steps]
    begun.append(run_until(None, tmp_path))
    assert begun[0] == 1
    assert begun[-1] > 1, "nothing was resumed"
    assert all(first <= step for first, step in zip(begun[1:], steps, strict=True)), (begun, steps)
    with np.load(tmp_path / "done.npz") as done:
        for field in dataclasses.fields(whole):
            assert np.array_equal(done[field.name], getattr(whole, field.name)), (field.name, steps)
