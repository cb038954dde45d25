"""The demo: an artist's session in a headless Blender, through the add-on's operators.

    python -m cameo.tools.demo --out DIR [--photo FILE] [--preset preview] --backend-python PYTHON

Connect, submit the photo, follow the job, import the avatar, key an animation, render. The backend is a process of its
own. Run by ``run.py demo``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bpy
import imageio_ffmpeg

from ..blender_addon import register, session, unregister
from ..blender_addon.link.job_view import JobView
from ..blender_addon.link.state import LinkState
from ..blender_addon.operators.render import STILLS
from ..protocol.jobs import JobState
from .memory import peak_bytes

FRAMES, FPS, SIZE = 72, 24, 512
PROCESSES = 2
GLANCE = {"eyeLookOutLeft": 0.4, "eyeLookInRight": 0.4}
PATIENCE_SECONDS = 90.0
"""How long the backend may be gone before the demo gives up; it is started again by itself when it dies."""


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    print(f"[cameo] {text}", flush=True)


def default_photo(backend_python: str) -> Path:
    """A public-domain portrait, fetched by the backend's environment."""
    code = "from cameo.backend.weights.fetch import asset_path; print(asset_path('astronaut.png'))"
    done = subprocess.run([backend_python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"The default portrait could not be fetched:\n{done.stderr.strip()[-600:]}")
    return Path(done.stdout.strip().splitlines()[-1])


def connect() -> None:
    """Start the backend and wait until it answers."""
    bpy.ops.cameo.start_backend()
    started = time.monotonic()
    while session.client().state is not LinkState.CONNECTED:
        session.poll()
        problem = session.client().problem
        if session.client().state is LinkState.ERROR and problem is not None:
            raise DemoError(str(problem))
        if time.monotonic() - started > PATIENCE_SECONDS:
            raise DemoError("The backend did not come up.")
        time.sleep(0.02)
    welcome = session.client().welcome
    say(f"connected to the backend (process {welcome.pid}, {welcome.device})")


def generate(photo: Path, preset: str) -> JobView:
    """Submit the photo and follow the job until its avatar is here."""
    settings = bpy.context.scene.cameo
    settings.image = str(photo)
    known = set(session.client().jobs)
    bpy.ops.cameo.generate(preset=preset)
    job = next(view for name, view in session.client().jobs.items() if name not in known)
    shown, notices, connected = (-1.0, ""), 0, time.monotonic()
    while not job.finished or (job.state is JobState.DONE and job.path is None and job.problem is None):
        session.poll()
        shown = _show_progress(job, shown)
        for notice in job.notices[notices:]:
            say(f"note: {notice}")
        notices = len(job.notices)
        if session.client().state is LinkState.CONNECTED:
            connected = time.monotonic()
        elif time.monotonic() - connected > PATIENCE_SECONDS:
            raise DemoError(str(session.client().problem or "The backend is gone."))
        time.sleep(0.02)
    if job.path is None:
        raise DemoError(str(job.problem) if job.problem is not None else f"The job ended as '{job.state}'.")
    return job


def _show_progress(job: JobView, shown: tuple[float, str]) -> tuple[float, str]:
    """A line when the stage changes or another twentieth is done."""
    now = (int(job.fraction * 20) / 20, job.stage)
    if now != shown and job.stage:
        left = "" if job.eta_seconds is None else f", about {job.eta_seconds:.0f} s left"
        say(f"{job.fraction:4.0%} {job.stage}: {job.message}{left}")
        return now
    return shown


def build_scene(avatar: Path, blend: Path) -> None:
    """Import the avatar, key its face along a turntable, save a .blend that plays alone."""
    bpy.ops.cameo.import_avatar(filepath=str(avatar))
    settings = bpy.context.scene.cameo
    settings.turntable_frames, settings.turntable_size = FRAMES, SIZE
    bpy.ops.cameo.turntable()
    for frame, share in ((1, 0.0), (3, 1.0), (5, 1.0), (7, 0.0)):  # a glance before the smile
        glance = {name: share * value for name, value in GLANCE.items()}
        bpy.ops.cameo.key_controls(values=json.dumps(glance), frame=frame)
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)


def render_all(blend: Path, out: Path, frames: Path) -> int:
    """Turntable frames and stills, on several Blenders side by side; returns their memory together, bytes."""
    running: list[subprocess.Popen[str]] = []
    for part in range(PROCESSES):
        command = [sys.executable, "-m", "cameo.tools.demo_render", str(blend), str(out), str(frames)]
        command += [str(part), str(PROCESSES)]
        running.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        )
    with ThreadPoolExecutor() as readers:
        said = list(readers.map(lambda process: process.communicate()[0], running))
    for process, words in zip(running, said):
        if process.returncode:
            raise DemoError(f"Rendering failed:\n{words[-1500:]}")
    return sum(int(words.split()[-1]) for words in said)


def write_film(frames: Path, film: Path) -> None:
    """The frames as H.264."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-framerate", str(FPS)]
    command += ["-i", str(frames / "%04d.png"), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "17", str(film)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"The film could not be written:\n{done.stderr[-800:]}")


def require_writable(folder: Path) -> None:
    """Find out before minutes are spent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0" * 4096)
    except OSError as error:
        raise DemoError(
            f"The folder {folder} cannot be written.\nCause: {error}\nChoose another with --out."
        ) from error


def run(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    require_writable(out / "stills")
    os.environ["CAMEO_BACKEND_PYTHON"] = arguments.backend_python
    os.environ.setdefault("CAMEO_HOME", str(Path(__file__).resolve().parents[1] / ".cameo" / "demo"))
    photo = Path(arguments.photo) if arguments.photo else default_photo(arguments.backend_python)
    times: dict[str, object] = {"blender": bpy.app.version_string, "photo": photo.name, "frames": FRAMES}
    clock = time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        times[f"{name}_seconds"] = round(time.monotonic() - clock, 1)
        clock = time.monotonic()

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.system.use_online_access = True  # who types this command lets it fetch what it needs
    register()
    try:
        connect()
        lap("connect")
        job = generate(photo, arguments.preset)
        lap("generate")
        avatar, blend = out / "avatar.cameo", out / "avatar.blend"
        shutil.copyfile(job.path, avatar)
        build_scene(avatar, blend)
        lap("scene")
        bpy.ops.cameo.stop_backend()
        with tempfile.TemporaryDirectory() as folder:
            say(f"rendering {FRAMES} frames and {len(STILLS) + 1} stills")
            times["render_peak_memory_bytes"] = render_all(blend, out, Path(folder))
            write_film(Path(folder), out / "turntable.mp4")
        lap("render")
        times["blender_peak_memory_bytes"] = peak_bytes()
    finally:
        session.client().stop(wait_seconds=10)
        unregister()
    _report(arguments.backend_python, out, photo, times)
    say(f"done: {out}")


def _report(backend_python: str, out: Path, photo: Path, times: dict[str, object]) -> None:
    """Contact sheet and report.json, made where OpenCV and the measuring networks are."""
    notes = out / "demo_times.json"
    notes.write_text(json.dumps(times), encoding="utf-8")
    command = [backend_python, "-m", "cameo.tools.demo_report", str(out), str(photo), str(notes)]
    code = subprocess.run(command, check=False).returncode
    notes.unlink()
    if code:
        raise DemoError("The report could not be written; see the messages above.")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--photo")
    parser.add_argument("--preset", default="preview")
    parser.add_argument("--backend-python", required=True)
    try:
        run(parser.parse_args())
    except (DemoError, OSError, RuntimeError) as error:  # an operator that refuses raises RuntimeError
        print(f"\n[cameo] {str(error).removeprefix('Error: ').strip()}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
