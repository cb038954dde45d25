"""An avatar in Blender: seconds to bring it in, milliseconds a frame of playback (rig, shape keys, binding).

``.cameo/env-bpy52/bin/python benchmarks/blender_scene.py [--gaussians 100000] [--frames 48] [--avatar FILE.cameo]``.
Without a file: the toy head of the tests. Drawing is not measured: it is the graphics card's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "blender"))

from cameo.blender_addon import register
from cameo.blender_addon.scene import avatar, timeline
from cameo.protocol.avatar import write_avatar
from toy_avatar import toy_avatar

REPEATS = 3


def bring_in(path: Path) -> float:
    """Seconds of the operator, the best of a few; the last avatar stays."""
    taken = []
    for _ in range(REPEATS):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        start = time.perf_counter()
        bpy.ops.cameo.import_avatar(filepath=str(path))
        taken.append(time.perf_counter() - start)
    return min(taken)


def animate(root: bpy.types.Object, frames: int) -> None:
    """Every control and joint moves in every frame, as a performance has it."""
    for frame in (1, frames // 2, frames):
        for number, control in enumerate(root.cameo_controls):
            control.value = 0.3 * ((number * 7 + frame) % 5) / 4
        timeline.key_all(root, frame)


def play(frames: int) -> list[float]:
    """Milliseconds of each frame's evaluation."""
    scene, taken = bpy.context.scene, []
    for frame in range(1, frames + 1):
        start = time.perf_counter()
        scene.frame_set(frame)
        bpy.context.evaluated_depsgraph_get()
        taken.append(1000 * (time.perf_counter() - start))
    return taken[2:]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gaussians", type=int, default=100_000)
    arguments.add_argument("--frames", type=int, default=48)
    arguments.add_argument("--avatar", type=Path)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("CAMEO_HOME", folder)
        register()
        path = chosen.avatar or Path(folder) / "toy.cameo"
        if chosen.avatar is None:
            write_avatar(path, toy_avatar(chosen.gaussians))
        seconds = bring_in(path)
        root = avatar.avatars_in(bpy.context.scene)[0]
        count = len(avatar.parts_of(root).splats.data.points)
        animate(root, chosen.frames)
        frames = play(chosen.frames)
        avatar.parts_of(root).splats.hide_viewport = True
        rig = play(chosen.frames)
    median, worst = statistics.median(frames), max(frames)
    print(f"Blender {bpy.app.version_string}, {count} splats: import {seconds:.2f} s; a frame {median:.1f} ms")
    print(f"  worst {worst:.1f} ms, best {min(frames):.1f} ms; rig and mesh alone {statistics.median(rig):.1f} ms")


if __name__ == "__main__":
    main()
