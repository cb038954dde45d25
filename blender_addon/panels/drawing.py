"""What the panels share: their place, and text that wraps."""

from __future__ import annotations

import textwrap

import bpy

from ..link.problem import Problem
from ..words import tr

_PIXELS_PER_CHARACTER = 7


class CameoPanel:
    """In the 3D viewport's sidebar, tab Cameo."""

    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "Cameo"


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Text in Blender's language, in lines: labels do not wrap by themselves."""
    scale = context.preferences.system.ui_scale or 1.0  # 0 without a window
    width = context.region.width if context.region is not None else 300
    margin = 4 if icon == "NONE" else 8  # in characters: the frame, and the icon with its gap
    column = layout.column(align=True)
    characters = max(int(width / scale / _PIXELS_PER_CHARACTER) - margin, 20)
    for line in textwrap.wrap(tr(text), characters, break_on_hyphens=False):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else "NONE"


def draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context, problem: Problem) -> None:
    """What happened, why, what to do."""
    box = layout.box()
    draw_text(box, context, problem.sentence, "ERROR")
    if problem.cause:
        draw_text(box, context, tr("Cause: {cause}", cause=problem.cause))
    if problem.fix:
        draw_text(box, context, problem.fix, "INFO")
