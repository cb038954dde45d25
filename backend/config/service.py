"""The backend's processes."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceConfig:
    """How the server treats its worker."""

    worker_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.worker")
    """Starts a worker; ``--home FOLDER`` is added."""
    attempts: int = 3
    """Workers that may die in one stage of a job before the job fails."""
    cancel_seconds: float = 1.2
    """A worker that has not stopped by itself by then is killed; the protocol promises 2 s."""
    examiner_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.examiner")
    """Starts the process that looks at pictures before a job is made of them."""
    painter_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.painter")
    """Starts the process that draws splats."""
    answerer_idle_seconds: float = 300.0
    """These two end when they were not asked for so long."""
    pause_seconds: float = 10.0
    """The same for a worker that is to pause: it may save a checkpoint."""
    silence_seconds: float = 120.0
    """A worker unheard of for so long hangs and is killed. Its heartbeat comes every second."""
    stop_seconds: float = 2.0
    """Time for a worker to end in order when the server stops."""
