"""A head among other objects: Cycles renders those and the head's shadow, the compositor joins both."""

import math
from pathlib import Path

import bpy
from studio import Steps, Studio

PANELS = ("CAMEO_PT_compositing",)


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.import_head()
    scene = bpy.context.scene
    _add_set(scene)
    scene.render.engine, scene.cycles.samples = "CYCLES", 48
    scene.render.resolution_x, scene.render.resolution_y = 600, 394
    scene.view_settings.view_transform = "Standard"
    bpy.ops.cameo.set_up_compositing()
    path = Path("/tmp/compositing.png")
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    studio.take_file("compositing", path)
    yield from studio.standstill()


def _add_set(scene: bpy.types.Scene) -> None:
    """A wall, a shelf in front of the head, something behind it."""
    _add("plane", "Wall", (0.75, 0.78, 0.8), size=4.0, location=(0, 0.45, 0), rotation=(math.pi / 2, 0, 0))
    _add("monkey", "Behind", (0.1, 0.35, 0.6), size=0.2, location=(0.24, 0.22, 0.06), rotation=(0, 0, 0.4))
    _add("torus", "Before", (0.8, 0.3, 0.05), major_radius=0.06, minor_radius=0.02, location=(-0.1, -0.18, -0.12))
    bpy.context.object.rotation_euler = (1.2, 0.3, 0)
    camera, light = scene.camera, bpy.data.objects["Light"]
    camera.location, camera.rotation_euler, camera.data.lens = (0.0, -1.3, -0.01), (math.pi / 2, 0, 0), 70
    light.location, light.data.energy, light.data.shadow_soft_size = (-0.9, -1.1, 1.0), 80.0, 0.25


def _add(kind: str, name: str, color: tuple[float, float, float], **where: object) -> None:
    getattr(bpy.ops.mesh, f"primitive_{kind}_add")(**where)
    material = bpy.data.materials.new(name)
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Base Color"].default_value = (*color, 1.0)
    bpy.ops.object.shade_smooth()
    bpy.context.object.name = name
    bpy.context.object.data.materials.append(material)
