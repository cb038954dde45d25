"""The 3D view shows an avatar once: its splats while the add-on draws them, else its mesh.

Drivers decide, so that it works without any handler, can be undone, and comes along in links and copies. Their variable
is the scene's setting, which only the add-on knows: in a Blender without it, the mesh shows. Renders are not touched.

The mesh counts as an instancer, which has nothing to instance: Blender can leave those out of 3D views and still
evaluate them. Set up for the compositor, where the camera does not see it, the mesh must stay in *Rendered* view for
its shadows; in the other views it is then a box of lines.
"""

from __future__ import annotations

import bpy

_BOUNDS, _TEXTURED = 1, 5  # numbers of the display types


def show_splats_instead(head: bpy.types.Object) -> None:
    """Leave ``head`` out of 3D views while the scene shows splats."""
    head.instance_type = "VERTS"
    _drive(head, "show_instancer_for_viewport", "not splats or not camera")
    _drive(head, "display_type", f"{_BOUNDS} if splats else {_TEXTURED}")


def is_left_out(head: bpy.types.Object) -> bool:
    """Whether 3D views do not show the surface of ``head`` (evaluated)."""
    return not head.show_instancer_for_viewport or (head.mode == "OBJECT" and head.display_type in ("BOUNDS", "WIRE"))


def _drive(head: bpy.types.Object, path: str, expression: str) -> None:
    driver = head.driver_add(path).driver
    splats, camera = driver.variables.new(), driver.variables.new()
    splats.name, splats.type = "splats", "CONTEXT_PROP"
    target = splats.targets[0]
    target.context_property, target.data_path = "ACTIVE_SCENE", "cameo_view.show_splats"
    target.use_fallback_value, target.fallback_value = True, 0.0
    camera.name = "camera"
    camera.targets[0].id, camera.targets[0].data_path = head, "visible_camera"
    driver.expression = expression
