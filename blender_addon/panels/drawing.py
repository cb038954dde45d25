"""What the panels share: their place, and text that wraps."""

from __future__ import annotations

import blf
import bpy

from ..link.problem import Problem
from ..words import told_problem, tr

_FONT = 0  # Blender's own, which panels are drawn in
_USUAL_WIDTH, _NARROWEST = 280, 120  # pixels at scale 1
_MARGIN, _ICON = 66, 22  # the tabs, the frames of a panel and a box in it; an icon with its gap


class CameoPanel:
    """In the 3D viewport's sidebar, tab Cameo."""

    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "Cameo"


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Text in Blender's language, in lines: labels do not wrap by themselves."""
    scale = context.preferences.system.ui_scale or 1.0  # 0 without a window
    width = context.region.width / scale if context.region is not None else _USUAL_WIDTH
    margin = _MARGIN if icon == "NONE" else _MARGIN + _ICON
    blf.size(_FONT, context.preferences.ui_styles[0].widget.points)
    column = layout.column(align=True)
    for line in wrapped(tr(text), max(width - margin, _NARROWEST)):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else "NONE"


def wrapped(text: str, width: float) -> list[str]:
    """The text in lines of at most ``width`` pixels in the font as it is set; a word too long has its own line."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and blf.dimensions(_FONT, longer)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_colors(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Where renders will not have the colours that the viewport shows: why, and the way out."""
    transform = context.scene.view_settings.view_transform
    if transform != "Standard":
        words = tr("View transform {name}: renders will not have the photo's colours.", name=transform)
        draw_text(layout, context, words, "INFO")
        layout.operator("cameo.keep_photo_colors")


def draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context, problem: Problem) -> None:
    """What happened, why, what to do; a button opens the page of errors at its code."""
    said, box = told_problem(problem), layout.box()
    draw_text(box, context, said.sentence, "ERROR")
    if said.cause:
        draw_text(box, context, tr("Cause: {cause}", cause=said.cause))
    if said.fix:
        draw_text(box, context, said.fix, "INFO")
    box.operator("cameo.explain_error", text=said.code, icon="QUESTION").code = said.code
