"""A real backend with toy stages, as the add-on starts it: the real server, supervisor, worker and journal
(``tests/service/toy_backend.py``), but a job takes a second, and its right result is known.

A "picture" is a few words of JSON that say what to do; what a job makes of them is no avatar, so nothing imports it.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import bpy
import numpy as np
from cameo.blender_addon import session
from cameo.blender_addon.link.job_view import JobView
from cameo.protocol.connection import process_exists

ROOT = Path(__file__).resolve().parents[2]
BACKEND = Path(os.environ.get("CAMEO_BACKEND_PYTHON", ROOT / ".cameo" / "env-backend" / "bin" / "python"))
TOY = ROOT / "tests" / "service" / "toy_backend.py"
STAGES = ("first", "second", "third")

_PYTHON = """#!/bin/sh
# stands where the backend's Python does: -P -m cameo.backend serve --home FOLDER [--parent-pid NUMBER]
export TOY_PARENT="$8"
[ -n "$TOY_PARENT" ] || unset TOY_PARENT
{limits}
exec "{python}" "{toy}" serve "$6"
"""


def toy_python(folder: Path, limits: str = "") -> Path:
    """A program that the add-on takes for the backend's Python. ``limits``: shell commands before it starts."""
    path = folder / "python"
    path.write_text(_PYTHON.format(limits=limits, python=BACKEND, toy=TOY))
    path.chmod(0o755)
    return path


def toy_picture(folder: Path, seed: int, **orders: object) -> Path:
    """A "picture" of a job of about a second."""
    path = folder / f"toy_{seed}.png"
    path.write_text(json.dumps({"seed": seed, "steps": 12, "seconds": 0.03, **orders}))
    return path


def expected(seed: int, steps: int = 12) -> bytes:
    """What the toy backend must make, whatever happened to it on the way."""
    numbers = np.arange(4, dtype=np.uint64) + np.uint64(seed)
    for _ in STAGES:
        for step in range(steps):
            numbers = numbers * np.uint64(6364136223846793005) + np.uint64(1442695040888963407 + step)
    return numbers.tobytes()


def generate(picture: Path) -> JobView:
    """Choose the picture and press Generate; returns at once."""
    scene, known = bpy.context.scene, set(session.client().jobs)
    scene.cameo_portrait.look = False  # it is no picture
    scene.cameo.image = str(picture)
    bpy.ops.cameo.generate()
    return next(view for job, view in session.client().jobs.items() if job not in known)


def has_come(job: JobView):
    return lambda: job.path is not None or job.problem is not None


def server_pid(home: Path) -> int:
    return json.loads((home / "connection.json").read_text())["pid"]


def worker_pids(server: int) -> list[int]:
    """The children of the server."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if parent == str(server) and state != "Z":
            found.append(int(entry.name))
    return found


def kill(pid: int) -> None:
    """``kill -9``, and wait until the process is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    wait_gone(pid)


def wait_gone(pid: int, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while process_exists(pid) and not _is_zombie(pid):
        assert time.monotonic() < end, f"process {pid} does not end"
        time.sleep(0.01)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
