"""Render one Blender's share of a saved avatar's pictures: every n-th frame of its turntable, every n-th still.

    python -m cameo.tools.demo_render SCENE.blend OUT_DIR FRAMES_DIR PART PARTS

Several of these side by side use several processor cores. The last line it prints is its peak memory, in bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from ..blender_addon import register
from .memory import peak_bytes


def render_frames(folder: Path, part: int, parts: int) -> None:
    """Frames of the animation, with the camera and settings of the scene."""
    scene = bpy.context.scene
    for number in range(scene.frame_start, scene.frame_end + 1)[part::parts]:
        scene.frame_set(number)
        scene.render.filepath = str(folder / f"{number:04d}.png")
        bpy.ops.render.render(write_still=True)


def main() -> None:
    blend, out, frames = (Path(argument) for argument in sys.argv[1:4])
    part, parts = int(sys.argv[4]), int(sys.argv[5])
    register()
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    render_frames(frames, part, parts)
    bpy.ops.cameo.render_stills(directory=str(out / "stills"), part=part, parts=parts)
    print(peak_bytes(), flush=True)


if __name__ == "__main__":
    main()
