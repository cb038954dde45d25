"""What an artist does, through the operators; and the timer's work, which Blender's module leaves to us."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import cameo
from cameo.blender_addon import session
from cameo.blender_addon.link.job_view import JobView
from cameo.blender_addon.link.state import LinkState
from cameo.protocol.connection import process_exists


class Artist:
    """A Blender with the add-on, and someone at it."""

    def __init__(self) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.preferences.system.use_online_access = True  # models may have to be fetched first
        cameo.register()
        self.client = session.client()
        self.ticks: list[float] = []

    def quit(self) -> None:
        cameo.unregister()

    def wait_for(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Let the timer tick until ``condition`` holds; fail when it never does."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited too long; {self.client.state}, {self.client.problem}, {self.jobs()}"
            started = time.perf_counter()
            session.poll()
            self.ticks.append(time.perf_counter() - started)
            time.sleep(0.01)

    def start_backend(self) -> None:
        bpy.ops.cameo.start_backend()
        self.wait_for(lambda: self.client.state is LinkState.CONNECTED)

    def generate(self, photo: Path, preset: str = "toy") -> JobView:
        """Submit; returns at once."""
        known = set(self.client.jobs)
        bpy.context.scene.cameo.image = str(photo)
        bpy.ops.cameo.generate(preset=preset)
        return next(view for job, view in self.client.jobs.items() if job not in known)

    def jobs(self) -> list[str]:
        return [f"{job.job}: {job.state} {job.stage} {job.problem}" for job in self.client.jobs.values()]


def kill_backend(home: Path) -> None:
    """End the backend of ``home``, whoever started it, and wait until it is gone."""
    path = home / "connection.json"
    if path.exists():
        kill(json.loads(path.read_text())["pid"])


def kill_workers(server: int) -> None:
    """End the processes that the backend's server has started."""
    for entry in Path("/proc").iterdir():
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # no process, or gone
        if parent == str(server):
            kill(int(entry.name))


def kill(pid: int) -> None:
    """``kill -9``, and wait until the process is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    end = time.monotonic() + 10
    while process_exists(pid) and not _is_zombie(pid):
        assert time.monotonic() < end, f"process {pid} does not end"
        time.sleep(0.01)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
