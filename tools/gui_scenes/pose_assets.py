"""Emotions and visemes on the asset shelf of the 3D view."""

import bpy
from studio import Steps, Studio

PANELS = ()


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.import_head()
    with studio.view():
        bpy.ops.cameo.add_pose_assets()
        bpy.context.view_layer.objects.active = bpy.data.objects["Eileen Rig"]
        bpy.ops.object.mode_set(mode="POSE")
    yield from studio.standstill()  # Blender knows of the shelf when it has drawn the mode
    studio.space.show_region_asset_shelf = True
    studio.look_at((0.1, 0.0, -0.03), 0.9)
    yield from studio.standstill()
    studio.take_view("pose_assets", width=900)
