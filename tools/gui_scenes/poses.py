"""The avatars of the scene and the poses of the active one."""

import bpy
from studio import Steps, Studio

PANELS = ("CAMEO_PT_avatars", "CAMEO_PT_poses")
SCALE = 1.25


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.maximise()
    yield from studio.import_head()
    bpy.ops.cameo.apply_pose(pose="joy")
    yield from studio.open_sidebar(alone=True)
    studio.take_sidebar("poses")
