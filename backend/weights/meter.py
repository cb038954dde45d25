"""Says how far a long transfer is, how fast it goes and how long it will still take."""

from __future__ import annotations

import time
from collections import deque

from ..progress import Reporter
from .models import readable_size

_WINDOW_S = 10.0
_SAID_EVERY_S = 0.5


class Meter:
    """Turns counts of bytes into progress for a reporter, which may raise to stop the work."""

    def __init__(self, reporter: Reporter, what: str, total: int) -> None:
        self._reporter, self._what, self._total = reporter, what, max(total, 1)
        self._done = 0
        self._marks: deque[tuple[float, int]] = deque()
        self._said = 0.0

    def add(self, count: int) -> None:
        """``count`` more bytes are done."""
        self.at(self._done + count)

    def at(self, done: int) -> None:
        """``done`` bytes are done altogether; fewer than before when something is begun anew."""
        now = time.monotonic()
        if done < self._done:
            self._marks.clear()
        self._done = done
        self._marks.append((now, done))
        while now - self._marks[0][0] > _WINDOW_S:
            self._marks.popleft()
        said = now - self._said < _SAID_EVERY_S and done < self._total
        self._reporter.progress(min(done / self._total, 1.0), "" if said else self._sentence())
        if not said:
            self._said = now

    def _sentence(self) -> str:
        parts = [f"{self._what}: {readable_size(self._done)} of {readable_size(self._total)}"]
        (since, before), (now, done) = self._marks[0], self._marks[-1]
        if done > before and now > since:
            rate = (done - before) / (now - since)
            parts.append(f"{readable_size(round(rate))}/s")
            if done < self._total:
                parts.append(f"{_duration((self._total - done) / rate)} left")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
