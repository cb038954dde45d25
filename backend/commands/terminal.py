"""Progress on a terminal: one line that changes; where the output is kept in a file, a line now and then."""

from __future__ import annotations

import time
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from ..progress import PreviewCloud

_LINE_EVERY_S = 10.0


class TerminalReporter:
    """A reporter for ``with``; ends its line at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._work, self._said = "", 0.0

    def __enter__(self) -> TerminalReporter:
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
