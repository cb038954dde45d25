"""The panel Turntable with the expression sheet."""

from pathlib import Path

import bpy
from studio import Steps, Studio

PANELS = ("CAMEO_PT_turntable", "CAMEO_PT_sheet")
SCALE = 1.25
HEIGHT = 1390


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.maximise()
    yield from studio.import_head()
    bpy.ops.wm.save_as_mainfile(filepath=str(Path.home() / "eileen.blend"))  # films go beside it
    yield from studio.open_sidebar(alone=True)
    studio.take_sidebar("turntable_panel")
