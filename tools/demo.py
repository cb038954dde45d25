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
from pathlib import Path

import bpy
import imageio_ffmpeg

from ..blender_addon import register, session, unregister
from ..blender_addon.link.client import LinkState
from ..blender_addon.link.job_view import JobView
from ..protocol.jobs import JobState

FRAMES, FPS, SIZE = 72, 24, 512
PROCESSES = 2
NEUTRAL_YAWS = (0, 30, -30, 45, -45, 60, -60, 90, -90, 180)
KEYED = {
    "jawOpen": {"jawOpen": 0.8},
    "mouthSmile": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8},
    "eyeBlink": {"eyeBlinkLeft": 0.8, "eyeBlinkRight": 0.8},
    "browInnerUp": {"browInnerUp": 0.8},
    "mouthPucker": {"mouthPucker": 0.8},
}
PATIENCE_SECONDS = 3600.0


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
    shown, notices = (-1.0, ""), 0
    while not job.finished or (job.state is JobState.DONE and job.path is None and job.problem is None):
        session.poll()
        shown = _show_progress(job, shown)
        for notice in job.notices[notices:]:
            say(f"note: {notice}")
        notices = len(job.notices)
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
    bpy.context.scene.frame_set(FRAMES // 2)  # seen from behind; a nod of the brows is keyed on top, as an artist would
    bpy.ops.cameo.key_controls(values=json.dumps({"browInnerUp": 0.0}))
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)


def render_all(blend: Path, out: Path, frames: Path, photo_controls: dict[str, float]) -> None:
    """Turntable frames and stills, on several processes."""
    stills = [{"path": str(out / "stills" / f"neutral_{yaw}.png"), "values": {}, "yaw": yaw} for yaw in NEUTRAL_YAWS]
    stills += [
        {"path": str(out / "stills" / f"{name}_0.png"), "values": values, "yaw": 0} for name, values in KEYED.items()
    ]
    shots = [("frames", number) for number in range(1, FRAMES + 1)] + [("stills", still) for still in stills]
    shots.append(("photo", {"path": str(out / "stills" / "photo_view.png"), "values": photo_controls}))
    running = []
    for worker in range(PROCESSES):
        plan: dict = {"frames": {}, "stills": [], "photo": []}
        for kind, shot in shots[worker::PROCESSES]:
            if kind == "frames":
                plan["frames"][str(shot)] = str(frames / f"{shot:04d}.png")
            else:
                plan[kind].append(shot)
        plan_file = frames / f"plan{worker}.json"
        plan_file.write_text(json.dumps(plan), encoding="utf-8")
        command = [sys.executable, "-m", "cameo.tools.demo_render", str(blend), str(plan_file)]
        with open(frames / f"log{worker}.txt", "wb") as log:
            running.append((subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT), plan_file))
    for number, (process, _) in enumerate(running):
        if process.wait():
            log = (frames / f"log{number}.txt").read_text(errors="replace")
            raise DemoError(f"Rendering failed:\n{log[-1500:]}")


def write_film(frames: Path, film: Path) -> None:
    """The frames as H.264."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-framerate", str(FPS)]
    command += ["-i", str(frames / "%04d.png"), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "17", str(film)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"The film could not be written:\n{done.stderr[-800:]}")


def run(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    (out / "stills").mkdir(parents=True, exist_ok=True)
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
            say(f"rendering {FRAMES} frames and {len(NEUTRAL_YAWS) + len(KEYED) + 1} stills")
            render_all(blend, out, Path(folder), _photo_controls())
            write_film(Path(folder), out / "turntable.mp4")
        lap("render")
    finally:
        unregister()
    _report(arguments.backend_python, out, photo, times)
    say(f"done: {out}")


def _photo_controls() -> dict[str, float]:
    from ..blender_addon.scene.avatar import PHOTO_CONTROLS, active_avatar

    return json.loads(active_avatar(bpy.context)[PHOTO_CONTROLS])


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
    except (DemoError, OSError) as error:
        print(f"\n[cameo] {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
