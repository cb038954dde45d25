"""The panel Motion, and what is asked when a Live Link Face file is dropped into the 3D view."""

import bpy
from studio import PICTURES, Steps, Studio

PANELS = ("CAMEO_PT_motion",)
SCALE = 1.25


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.maximise()
    yield from studio.import_head()
    yield from studio.open_sidebar(alone=True)
    studio.take_sidebar("motion_panel")
    take = PICTURES / "take.csv"
    bpy.ops.cameo.key_controls(values='{"jawOpen": 0.0}', frame=1)
    bpy.ops.cameo.key_controls(values='{"jawOpen": 0.8}', frame=24)
    bpy.ops.cameo.export_motion(filepath=str(take), start=1, end=24)
    before = studio.look()
    with studio.view():
        bpy.ops.cameo.import_motion("INVOKE_DEFAULT", filepath=str(take))
    yield from studio.standstill()
    studio.take_new("motion_import", before)
