"""The Properties editor while the engine is Cameo: Blender's own panels that mean something to it, and one of ours.

Blender hides most of its panels (output, lens, shape keys, passes) from an engine that does not ask for them.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from ..scene.picture import ENGINE
from .drawing import draw_colors

_LIKE = "BLENDER_RENDER"  # how Blender marks panels that are for any engine
_NOT_FOR_SPLATS = ("camera_dof", "eevee_", "freestyle", "gpencil", "grease", "opengl", "output_views", "stereoscopy")
_FILM = "RENDER_PT_opengl_film"  # transparency
_PASSES = "VIEWLAYER_PT_layer_passes", "VIEWLAYER_PT_workbench_layer_passes_data"  # combined and depth


class RenderPanel(bpy.types.Panel):
    bl_idname = "CAMEO_PT_render"
    bl_label = "Splats"
    bl_space_type, bl_region_type, bl_context = "PROPERTIES", "WINDOW", "render"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.engine == ENGINE

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(context.scene.cameo_view, "draw_by_backend")
        draw_colors(layout, context)


def register() -> None:
    for panel in _blenders_panels():
        panel.COMPAT_ENGINES.add(ENGINE)


def unregister() -> None:
    for panel in _blenders_panels():
        panel.COMPAT_ENGINES.discard(ENGINE)


def _blenders_panels() -> Iterator[type[bpy.types.Panel]]:
    """Those that the engine takes part in."""
    for panel in _subclasses(bpy.types.Panel):
        engines, name = getattr(panel, "COMPAT_ENGINES", ()), panel.__name__
        suits = _LIKE in engines and not any(word in name for word in _NOT_FOR_SPLATS)
        if suits or name in (_FILM, *_PASSES):
            yield panel


def _subclasses(cls: type) -> Iterator[type]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


CLASSES = (RenderPanel,)
