"""The scene's avatars: which there are, which one the panel works on."""

from __future__ import annotations

import bpy

from ..scene.avatar import active_avatar, avatars_in, is_avatar
from ..scene.copies import shares_face
from ..scene.thumbnail import thumbnail_icon
from .drawing import CameoPanel, draw_text

_PICTURE_SCALE = 3.6  # of a button's height: three rows stand beside it

TOOLS = (
    ("cameo.look_at_avatar", "Frame", "ZOOM_SELECTED"),
    ("cameo.duplicate_avatar", "Copy", "DUPLICATE"),
    ("cameo.export_avatar", "Export", "EXPORT"),
    ("cameo.delete_avatar", "Delete", "TRASH"),
)
"""What can be done with a whole avatar: operator, words, icon."""


class AvatarsPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_avatars"
    bl_label = "Avatars"

    def draw(self, context: bpy.types.Context) -> None:
        active = active_avatar(context)
        found = avatars_in(context.scene)
        for root in found:
            draw_avatar(self.layout.box(), root, root == active)
        if active is not None and shares_face(active):
            box = self.layout.box()
            draw_text(box, context, "This linked copy's face follows another avatar.", "ERROR")
            box.operator("cameo.own_face", icon="DUPLICATE").name = active.name
        if active is not None and context.object is not None and context.object.mode not in ("OBJECT", "POSE"):
            box = self.layout.box()
            draw_text(box, context, "The head's mesh shows in the 3D view where the splats do not.", "INFO")
            box.prop(context.scene.cameo_view, "show_splats")
        if linked_instance(context) is not None:
            box = self.layout.box()
            draw_text(box, context, "This avatar is linked from another file. Override it to pose it here.", "INFO")
            box.operator("object.make_override_library", icon="LIBRARY_DATA_OVERRIDE")
        if not found:
            draw_text(self.layout, context, "None in this scene yet. Make one, or drop an avatar file in here.")
        elif active is None:
            draw_text(self.layout, context, "Select one to pose it.", "INFO")
        self.layout.operator("cameo.import_avatar", text="Import File", icon="IMPORT")


def draw_avatar(layout: bpy.types.UILayout, root: bpy.types.Object, active: bool) -> None:
    """Picture, name and what can be done with the whole of it."""
    row = layout.row()
    icon = thumbnail_icon(root)
    if icon:
        picture = row.column()
        picture.template_icon(icon_value=icon, scale=_PICTURE_SCALE)
    column = row.column(align=True)
    mark = "RADIOBUT_ON" if active else "RADIOBUT_OFF"
    column.operator("cameo.select_avatar", text=root.name, icon=mark, depress=active).name = root.name
    tools = column.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
    for operator, text, symbol in TOOLS:
        tools.operator(operator, text=text, icon=symbol).name = root.name


def linked_instance(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active object, if it is an instance of a collection with an avatar that lies in another file."""
    active = context.view_layer.objects.active
    collection = active.instance_collection if active is not None else None
    if collection is None or collection.library is None:
        return None
    return active if any(is_avatar(item) for item in collection.all_objects) else None


CLASSES = (AvatarsPanel,)
