"""The training loop: what the artist sees of it, checkpoints, and when it is over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import JobCancelled
from ..gaussians.checkpoint import load_checkpoint, save_checkpoint
from ..gaussians.trainer import Trainer
from ..progress import Reporter

_GAIN = 0.02  # dB; less is no gain


@dataclass
class Watch:
    """Ends a stage of training whose held-out picture no longer gains.

    Attributes:
        patience: looks without a gain; 0 never ends.
        best: dB so far in this stage. misses: looks since.
    """

    patience: int
    best: float = -1.0
    misses: int = 0

    def is_over(self, decibels: float) -> bool:
        """Whether the look that showed ``decibels`` was one too many."""
        if decibels > self.best + _GAIN:
            self.best, self.misses = decibels, 0
        else:
            self.misses += 1
        return self.misses >= self.patience


def train(
    trainer: Trainer,
    reporter: Reporter,
    span: tuple[float, float],
    *,
    show: Callable[[], None],
    look: Callable[[], float] | None = None,
    checkpoints: Path | None = None,
    fingerprint: str = "",
) -> None:
    """Train to the end, from a checkpoint where one fits; stop within a step when the reporter says so.

    Args:
        span: fractions of the reporter's progress between which training runs.
        show: makes a preview; called every ``config.preview_seconds``.
        look: dB of a held-out picture now; for ``config.patience``.
        checkpoints: folder. fingerprint: what a checkpoint must have been made with.

    Raises:
        JobCancelled: after the state was saved. StageError: a checkpoint could not be written.
    """
    watch = Watch(trainer.config.patience)
    state = load_checkpoint(checkpoints, fingerprint) if checkpoints else None
    if state is not None:
        trainer.load(state)
        watch.best, watch.misses = state["watch"]

    def save() -> None:
        if checkpoints is not None:
            extra = {"fingerprint": fingerprint, "watch": [watch.best, watch.misses]}
            save_checkpoint(checkpoints, trainer.step_count, {**extra, **trainer.state()})

    saved = shown = time.monotonic()
    show()
    while trainer.step_count < trainer.total_steps:
        done = trainer.step_count / trainer.total_steps
        try:
            reporter.progress(span[0] + (span[1] - span[0]) * done, _message(trainer))
        except JobCancelled:
            save()
            raise
        trainer.step()
        if look is not None and watch.patience and trainer.step_count % trainer.config.watch_every == 0:
            _end_stage_where_over(trainer, watch, look())
        now = time.monotonic()
        if now - shown > trainer.config.preview_seconds:
            show()
            shown = time.monotonic()
        if now - saved > trainer.config.checkpoint_seconds:
            save()
            saved = time.monotonic()
    save()


def _end_stage_where_over(trainer: Trainer, watch: Watch, decibels: float) -> None:
    if watch.is_over(decibels):
        trainer.end_stage()
        watch.best, watch.misses = -1.0, 0


def _message(trainer: Trainer) -> str:
    what = "Reconciling the views" if trainer.in_coin else "Fitting"
    parts = [f"{what}: step {trainer.step_count + 1} of {trainer.total_steps}"]
    if not math.isnan(trainer.psnr):  # before the first step
        parts.append(f"loss {trainer.loss:.3f}, {trainer.psnr:.1f} dB")
    return " · ".join(parts)
