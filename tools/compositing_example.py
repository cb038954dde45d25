"""An example .blend of an avatar among other objects.

    python -m cameo.tools.compositing_example AVATAR.cameo OUT.blend

Runs in Blender's Python (pip ``bpy``). A red box stands before the head, a green one behind it; Cycles renders them,
Cameo the splats, the compositor joins them by depth. Beside the file it writes the picture. Not part of the add-on.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import bpy

from ..blender_addon import register

_BOXES = (  # name, colour, place, size in metres, turn in radians
    ("Before", (0.8, 0.05, 0.05), (-0.05, -0.16, -0.05), 0.1, (0.3, 0.2, 0.5)),
    ("Behind", (0.05, 0.6, 0.1), (0.12, 0.2, 0.05), 0.25, (0.0, 0.0, 0.0)),
    ("Wall", (0.6, 0.6, 0.6), (0.0, 2.5, 0.0), 4.0, (0.0, 0.0, 0.0)),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("avatar", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--engine", default="CYCLES", choices=("CYCLES", "BLENDER_EEVEE"))
    arguments.add_argument("--size", type=int, default=512)
    arguments.add_argument("--light", action="store_true", help="let the scene's light and shadows fall on the head")
    chosen = arguments.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    register()
    bpy.ops.cameo.import_avatar(filepath=str(chosen.avatar.resolve()))
    scene = bpy.context.scene
    for box in _BOXES:
        _add_box(*box)
    _add_camera_and_light(scene)
    scene.render.engine = chosen.engine
    scene.cycles.samples = 32
    scene.eevee.taa_render_samples = 16
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = chosen.size
    scene.render.filepath = str(chosen.out.resolve().with_suffix(".png"))
    scene.cameo_view.receive_light = chosen.light
    bpy.ops.cameo.set_up_compositing()
    bpy.ops.render.render(write_still=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(chosen.out.resolve()))


def _add_box(
    name: str,
    color: tuple[float, float, float],
    place: tuple[float, float, float],
    size: float,
    turn: tuple[float, float, float],
) -> None:
    bpy.ops.mesh.primitive_cube_add(size=size, location=place, rotation=turn)
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # Blender 5.0
        material.use_nodes = True
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Base Color"].default_value = (*color, 1.0)
    bpy.context.object.name = name
    bpy.context.object.data.materials.append(material)


def _add_camera_and_light(scene: bpy.types.Scene) -> None:
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.rotation_euler = 3.0, (0.9, -0.5, 0.0)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0.0, -1.2, 0.0), (math.pi / 2, 0.0, 0.0)
    camera.data.angle = math.radians(22)
    for item in (sun, camera):
        scene.collection.objects.link(item)
    scene.camera = camera


if __name__ == "__main__":
    main()
