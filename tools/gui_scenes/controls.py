"""The sliders, some of them keyed."""

import bpy
from studio import Steps, Studio

PANELS = ("CAMEO_PT_controls",)
SCALE = 1.25
HEIGHT = 1250


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.maximise()
    yield from studio.import_head()
    bpy.ops.cameo.key_controls(values='{"browInnerUp": 0.0, "jawOpen": 0.0}', frame=1)
    bpy.ops.cameo.apply_pose(pose="surprise", strength=0.7)
    bpy.ops.cameo.key_controls(values='{"jawOpen": 0.35}', frame=12)
    bpy.context.scene.frame_set(12)
    yield from studio.open_sidebar(alone=True)
    studio.take_sidebar("controls")
