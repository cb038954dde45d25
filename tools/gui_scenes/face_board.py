"""The rig in pose mode: face board, handles, the head in between."""

import bpy
from studio import Steps, Studio

PANELS = ()


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.maximise()
    yield from studio.import_head()
    studio.space.show_region_ui = False
    bpy.ops.cameo.apply_pose(pose="joy", strength=0.8)
    with studio.view():
        bpy.context.view_layer.objects.active = bpy.data.objects["Eileen Rig"]
        bpy.ops.object.mode_set(mode="POSE")
    studio.look_at((0.17, 0.0, -0.03), 0.72)
    yield from studio.standstill()
    studio.take_view("face_board", width=1100)
