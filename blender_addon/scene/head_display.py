"""The 3D view shows an avatar once: its splats while the add-on draws them, else its mesh.

Drivers decide, so that it works without any handler, can be undone, and comes along in links and copies. Their variable
is the scene's setting, which only the add-on knows: in a Blender without it, the mesh shows. Renders are not touched.

Splats that Blender draws by itself (5.3) are hidden where the mesh shows, and show in a Blender without the add-on; its
renders show them without the mesh, which would cover the half of each splat that lies below the skin.

The mesh counts as an instancer, which has nothing to instance: Blender can leave those out of 3D views and still
evaluate them. Where it is wanted for its shadows in *Rendered* view (set up for the compositor, the camera does not
see it), it is a box of lines in the other views.
"""

from __future__ import annotations

import bpy

from .splats import drawn_by_blender

_BOUNDS, _TEXTURED = 1, 5  # numbers of the display types


def show_splats_instead(head: bpy.types.Object, splats: bpy.types.Object) -> None:
    """Leave ``head`` out of 3D views while the scene shows ``splats``."""
    native = drawn_by_blender(splats.data)
    head.instance_type = "VERTS"
    _drive(head, "show_instancer_for_viewport", "not splats or shadows", native)
    _drive(head, "display_type", f"{_BOUNDS} if splats else {_TEXTURED}", native)
    if native:
        _drive(splats, "hide_viewport", "not splats", native)
        head.visible_camera = False


def is_left_out(head: bpy.types.Object) -> bool:
    """Whether 3D views do not show the surface of ``head`` (evaluated)."""
    return not head.show_instancer_for_viewport or (head.mode == "OBJECT" and head.display_type in ("BOUNDS", "WIRE"))


def _drive(owner: bpy.types.Object, path: str, expression: str, native: bool) -> None:
    driver = owner.driver_add(path).driver
    for name, setting, alone in (("splats", "show_splats", native), ("shadows", "cast_shadows", False)):
        variable = driver.variables.new()
        variable.name, variable.type = name, "CONTEXT_PROP"
        target = variable.targets[0]
        target.context_property, target.data_path = "ACTIVE_SCENE", f"cameo_view.{setting}"
        target.use_fallback_value, target.fallback_value = True, float(alone)
    driver.expression = expression
