"""Pictures into an H.264 film, by Blender's own sequencer in a scene of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import bpy

from ...protocol.errors import CameoError
from .turntable import set_up_film


def encoder(folder: Path, path: Path, fps: int) -> subprocess.Popen[bytes] | None:
    """Another Blender that makes ``path`` of the pictures in ``folder``; None where the add-on is not installed.

    It uses ``command_line.py``, so it needs the add-on among Blender's own.
    """
    package = __package__.rpartition(".blender_addon")[0]
    if not bpy.app.binary_path or package not in bpy.context.preferences.addons:
        return None
    command = [bpy.app.binary_path, "--command", "cameo", "encode", str(folder), "-o", str(path), "--fps", str(fps)]
    nothing = subprocess.DEVNULL
    try:
        return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
    except OSError:
        return None


def write_film(pictures: list[Path], path: Path, fps: int) -> None:
    """Write ``path`` (.mp4) of ``pictures``, which lie in one folder and have one size.

    H.264 wants even sizes: an odd one loses a row or column.

    Raises:
        CameoError: ``film.not_encoded``.
    """
    probe = bpy.data.images.load(str(pictures[0]), check_existing=False)
    width, height = probe.size
    bpy.data.images.remove(probe)
    scene = bpy.data.scenes.new("Cameo Film")
    try:
        strips = scene.sequence_editor_create().strips
        strip = strips.new_image("Pictures", str(pictures[0]), 1, 1, fit_method="ORIGINAL")
        for picture in pictures[1:]:
            strip.elements.append(picture.name)
        # the strip is as long as its first picture until told; Blender 6 drops the older name
        setattr(strip, "duration" if hasattr(strip, "duration") else "frame_final_duration", len(pictures))
        scene.frame_start, scene.frame_end = 1, len(pictures)
        scene.render.fps, scene.render.fps_base = fps, 1.0
        scene.render.resolution_x, scene.render.resolution_y = width - width % 2, height - height % 2
        scene.render.resolution_percentage = 100
        scene.view_settings.view_transform, scene.render.dither_intensity = "Standard", 0.0
        scene.render.use_sequencer = True
        set_up_film(scene, path)
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise CameoError(
            "film.not_encoded",
            "Blender could not encode the film.",
            cause=str(error).strip(),
            fix="Choose another format, such as PNG or GIF.",
        ) from error
    finally:
        bpy.data.scenes.remove(scene)
    if not path.exists():
        raise CameoError("film.not_encoded", "Blender wrote no film.", fix="Choose another format, such as PNG or GIF.")
