"""Progress on a terminal: a line or a bar that changes; where the output is kept in a file, a line now and then."""

from __future__ import annotations

import time
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.status import Status

from ..pipeline.clock import JobProgress
from ..progress import PreviewCloud

_LINE_EVERY_S = 10.0


class WorkLine:
    """Reports the steps of one piece of work (a download, a conversion). For ``with``; ends its line at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._work, self._said = "", 0.0

    def __enter__(self) -> WorkLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def progress(self, fraction: float, message: str = "") -> None:
        if not message:
            return
        if self._console.is_terminal:
            if self._status is None:
                self._status = self._console.status("")
                self._status.start()
            self._status.update(escape(message))
            return
        work, now = message.partition(":")[0], time.monotonic()
        if work != self._work or now - self._said > _LINE_EVERY_S:
            self._console.print(escape(message), soft_wrap=True)
            self._work, self._said = work, now

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        return None


class JobBar:
    """Reports the stages of a job: a bar in a terminal, one line per stage elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn("{task.fields[eta]}"), console=console, transient=True)
        self._task = self._bar.add_task("starting", total=1.0, eta="")

    def __enter__(self) -> JobBar:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def progress(self, progress: JobProgress) -> None:
        if progress.stage != self._stage and not self._console.is_terminal:
            self._console.print(f"{progress.stage} ...")
        self._stage = progress.stage
        eta = "" if progress.eta_seconds is None else f"about {_duration(progress.eta_seconds)} left"
        text = f"{progress.stage}: {progress.message}" if progress.message else progress.stage
        self._bar.update(self._task, completed=progress.fraction, description=text, eta=eta)

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        return None  # a terminal shows no pictures

    def notice(self, code: str, sentence: str) -> None:
        self._console.print(f"[yellow]Note:[/yellow] {sentence} [dim]({code})[/dim]")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
