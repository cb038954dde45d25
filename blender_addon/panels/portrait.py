"""The portrait: where it comes from, what the backend sees in it, how the head is made of it."""

from __future__ import annotations

import bpy

from ...protocol.messages import EngineInfo, Examined
from .. import session
from ..link.state import LinkState
from ..portrait.annotated import annotated, remarks_of
from ..portrait.preflight import PREFLIGHT
from ..portrait.settings import CameoPortrait
from ..portrait.sources import ENDINGS, chosen_image
from ..properties import CameoSettings
from ..words import told, tr
from . import previews
from .drawing import CameoPanel, draw_problem, draw_text
from .jobs import order, time_left

_UNIT = 20  # pixels of a button's height at scale 1
_LARGEST = 16.0  # heights of a button; a wide sidebar shows no larger picture


class PortraitPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_portrait"
    bl_label = "Portrait"

    def draw(self, context: bpy.types.Context) -> None:
        draw_source(self.layout, context)
        if PREFLIGHT.problem is not None:
            draw_problem(self.layout, context, PREFLIGHT.problem)
            self.layout.operator("cameo.look", text="Look Again", icon="FILE_REFRESH")
        elif PREFLIGHT.answer is not None:
            draw_answer(self.layout, context, PREFLIGHT.answer)
        else:
            draw_waiting(self.layout, context)
        draw_crop(self.layout, context.scene.cameo_portrait)
        draw_making(self.layout, context)


def draw_crop(layout: bpy.types.UILayout, portrait: CameoPortrait) -> None:
    """The sliders of the crop, folded until they are wanted."""
    header, body = layout.panel("CAMEO_crop", default_closed=True)
    header.label(text="Crop (changed)" if portrait.crop_is_changed else "Crop")
    if body is None:
        return
    column = body.column(align=True)
    for name in ("zoom", "up", "right"):
        column.prop(portrait, name, slider=True)
    row = body.row()
    row.enabled = portrait.crop_is_changed
    row.operator("cameo.reset_crop", icon="LOOP_BACK")


def draw_source(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Which picture it is, and the ways to another."""
    scene = context.scene
    if chosen_image(scene) is not None:
        layout.prop(scene.cameo_portrait, "picture", text="")
    elif scene.cameo.image:
        layout.prop(scene.cameo, "image", text="")
    else:
        draw_text(layout, context, "Choose a picture with a face, or drop one into the 3D view.", "USER")
    grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)  # four abreast are cut off
    grid.operator("cameo.pick_image", text="File", icon="FILEBROWSER")
    grid.operator("cameo.paste_image", text="Paste", icon="PASTEDOWN")
    grid.operator("cameo.use_image", text="Image", icon="IMAGE_DATA")
    grid.operator("cameo.use_render", text="Render", icon="RENDER_STILL")


def draw_waiting(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is to come, where nothing was seen yet."""
    if PREFLIGHT.must_be_read:
        layout.operator("cameo.look", icon="VIEWZOOM")
    elif PREFLIGHT.reading:
        layout.label(text="Reading the picture ...", icon="SORTTIME")
    elif PREFLIGHT.waiting:
        layout.label(text="Looking at the picture ...", icon="SORTTIME")
    elif PREFLIGHT.chosen and session.client().state is not LinkState.CONNECTED:
        draw_text(layout, context, "The picture is looked at as soon as the backend is connected.", "INFO")
        if session.client().state is LinkState.DISCONNECTED and session.missing_backend() is None:
            layout.operator("cameo.start_backend", icon="PLAY")


def draw_answer(layout: bpy.types.UILayout, context: bpy.types.Context, seen: Examined) -> None:
    """The crop, the faces to choose from, and what there is to say."""
    box = layout.box()
    icon = previews.icon_of_picture(f"look {seen.job}", lambda: annotated(seen), instead_of="look ")
    box.template_icon(icon_value=icon, scale=_picture_scale(context))
    if PREFLIGHT.waiting:
        box.label(text="Looking again ...", icon="SORTTIME")
    if len(seen.faces) > 1:
        draw_text(
            box, context, tr("{count} faces, the largest first. The head is made from:", count=len(seen.faces)), "USER"
        )
        row = box.row(align=True)
        for face in range(len(seen.faces)):
            button = row.operator("cameo.choose_face", text=str(face + 1), depress=face == seen.chosen)
            button.face = face
    for symbol, sentence in remarks_of(seen):
        draw_text(box, context, sentence, symbol)


def draw_making(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Name, engine, quality, and the button."""
    settings, portrait = context.scene.cameo, context.scene.cameo_portrait
    column = layout.column()
    column.prop(settings, "avatar_name")
    column.prop(portrait, "engine")
    engine = chosen_engine(portrait.engine)
    if engine is not None:
        draw_engine(column, context, engine)
    column.prop(settings, "preset")
    cost = preset_cost(settings.preset)
    if cost:
        draw_text(column, context, cost[:1].upper() + cost[1:], "TIME")
    draw_more(layout, settings, portrait)
    draw_running(layout)
    big = layout.column()
    big.scale_y = 1.4
    big.operator("cameo.generate", icon="MONKEY")


def draw_running(layout: bpy.types.UILayout) -> None:
    """What became of the last press: the panel with all jobs may lie below the window's edge."""
    jobs = [job for job in session.client().jobs.values() if not job.finished]
    if jobs:
        job = min(jobs, key=order)
        layout.progress(factor=job.fraction, text=f"{job.name or tr('Head')}: {job.fraction:.0%}{time_left(job)}")


def draw_more(layout: bpy.types.UILayout, settings: CameoSettings, portrait: CameoPortrait) -> None:
    """What is seldom changed, folded."""
    header, body = layout.panel("CAMEO_portrait_more", default_closed=True)
    header.label(text="More")
    if body is None:
        return
    if portrait.engine == "builtin":
        body.prop(portrait, "hair")
    body.prop(settings, "import_when_ready")
    body.prop(portrait, "look")
    body.operator("cameo.look", text="Look Again", icon="FILE_REFRESH")


def draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context, engine: EngineInfo) -> None:
    """What it lacks, and what its models allow."""
    if not engine.ready:
        draw_text(layout, context, tr("Not ready: {missing}", missing=told("engine", engine.missing)), "ERROR")
        layout.operator("cameo.copy_weights_command", icon="COPYDOWN")
    if engine.terms:
        draw_text(layout, context, told("engine", engine.terms), "INFO")


def chosen_engine(name: str) -> EngineInfo | None:
    """What the backend said about it; None while none is connected."""
    welcome = session.client().welcome
    return next((engine for engine in welcome.engines if engine.name == name), None) if welcome else None


def preset_cost(name: str) -> str:
    """What a quality takes, in words; empty while no backend is connected."""
    welcome = session.client().welcome
    return (
        next((told("preset", preset.cost) for preset in welcome.presets if preset.name == name), "") if welcome else ""
    )


def _picture_scale(context: bpy.types.Context) -> float:
    """As wide as the sidebar."""
    scale = context.preferences.system.ui_scale or 1.0  # 0 without a window
    width = context.region.width if context.region is not None else 300
    return min(_LARGEST, max(6.0, width / scale / _UNIT - 3))


class PortraitFiles(bpy.types.FileHandler):
    """Pictures may be dropped into the viewport."""

    bl_idname, bl_label = "CAMEO_FH_portrait", "Cameo Portrait"
    bl_import_operator = "cameo.pick_image"
    bl_file_extensions = ";".join(ENDINGS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


CLASSES = (PortraitPanel,)


def register() -> None:
    bpy.utils.register_class(PortraitFiles)


def unregister() -> None:
    bpy.utils.unregister_class(PortraitFiles)
