"""The viewport shows an avatar once: its splats while the add-on draws them, else its mesh.

A driver decides, so that it works without any handler, can be undone, and comes along in links and copies. Its variable
is the scene's setting, which only the add-on knows: in a Blender without it, the mesh shows. Blender itself leaves the
mesh in renders, shadows and the Rendered view, whatever the viewport draws.
"""

from __future__ import annotations

import bpy

_BOUNDS, _TEXTURED = 1, 5  # numbers of the display types


def show_splats_instead(head: bpy.types.Object) -> None:
    """Draw only the bounds of ``head`` in Solid and Material Preview while the scene shows splats."""
    driver = head.driver_add("display_type").driver
    variable = driver.variables.new()
    variable.name, variable.type = "splats", "CONTEXT_PROP"
    target = variable.targets[0]
    target.context_property, target.data_path = "ACTIVE_SCENE", "cameo_view.show_splats"
    target.use_fallback_value, target.fallback_value = True, 0.0
    driver.expression = f"{_BOUNDS} if splats else {_TEXTURED}"
