"""Render some pictures of a saved avatar in a Blender of their own: frames of its animation, and stills.

    python -m cameo.tools.demo_render SCENE.blend PLAN.json

The plan: ``{"frames": {"12": "path.png"}, "stills": [{"path": ..., "values": {...}, "yaw": 30}], "photo": [...]}``.
Several of these side by side use several processor cores.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy

from ..blender_addon import register
from ..blender_addon.scene.avatar import MARK
from ..blender_addon.scene.picture import render_photo_view, render_still


def render_frames(frames: dict[str, str]) -> None:
    """Animation frames, with the camera and settings of the scene."""
    scene = bpy.context.scene
    for number, path in frames.items():
        scene.frame_set(int(number))
        scene.render.filepath = path
        bpy.ops.render.render(write_still=True)
        print(f"rendered {Path(path).name}", flush=True)


def render_stills(plan: dict) -> None:
    """Neutral face with control values, from the orbit or from where the photo was taken."""
    root = next(one for one in bpy.data.objects if MARK in one)
    for still in plan.get("stills", []):
        render_still(bpy.context, root, Path(still["path"]), still["values"], still["yaw"])
        print(f"rendered {Path(still['path']).name}", flush=True)
    for still in plan.get("photo", []):
        render_photo_view(bpy.context, root, Path(still["path"]), still["values"])
        print(f"rendered {Path(still['path']).name}", flush=True)


def main() -> None:
    blend, plan_file = sys.argv[1:3]
    bpy.ops.wm.open_mainfile(filepath=blend)
    register()
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    render_frames(plan.get("frames", {}))
    render_stills(plan)


if __name__ == "__main__":
    main()
