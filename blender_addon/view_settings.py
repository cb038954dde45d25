"""How a scene's avatars are shown: which controls the panel lists, how finely the viewport draws splats."""

from __future__ import annotations

import bpy


def _redraw(_settings: object, context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


class CameoView(bpy.types.PropertyGroup):
    """One per scene."""

    control_filter: bpy.props.StringProperty(
        name="Filter",
        description="Show only controls whose name contains this, whatever their group",
        options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
    )
    show_splats: bpy.props.BoolProperty(
        name="Splats in the Viewport", description="Draw the splats over the 3D view", default=True, update=_redraw
    )
    cast_shadows: bpy.props.BoolProperty(
        name="Shadows in Rendered View",
        description="Keep the heads' meshes in the 3D views' Rendered mode, where they cast shadows; in the other "
        "modes they are boxes of lines then",
        default=False,
        update=_redraw,
    )
    show_clouds: bpy.props.BoolProperty(
        name="Show in the 3D View",
        description="Draw the head that is being made where its avatar will stand",
        default=True,
        update=_redraw,
    )
    density: bpy.props.FloatProperty(
        name="Density",
        description="Which part of the splats the viewport draws; those that are drawn grow to fill the gaps. "
        "Rendered pictures always show all",
        default=100.0,
        min=1.0,
        max=100.0,
        precision=0,
        subtype="PERCENTAGE",
        update=_redraw,
    )
    draw_by_backend: bpy.props.BoolProperty(
        name="Draw on Backend",
        description="The backend draws rendered pictures: sooner where Blender draws them with the processor, or where "
        "the backend has the better graphics card. Blender does it when the backend cannot",
        default=False,
    )
    receive_light: bpy.props.BoolProperty(
        name="Receive Light",
        description="Let the scene's lights and shadows fall on the heads; set up the compositing anew afterwards. "
        "Costs a second render with fewer samples",
        default=False,
    )
    resolution: bpy.props.EnumProperty(
        name="Resolution",
        description="How finely the viewport draws splats; less is faster",
        items=(
            ("1", "Full", "Every pixel"),
            ("2", "Half", "A quarter of the pixels"),
            ("4", "Quarter", "A sixteenth of the pixels"),
        ),
        default="1",
        update=_redraw,
    )


CLASSES = (CameoView,)
