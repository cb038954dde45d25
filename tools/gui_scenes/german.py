"""The same panels in Blender's language German."""

import bpy
from studio import PICTURES, Steps, Studio, Wait, addon

BACKEND = "running"
LANGUAGE = "de_DE"
PANELS = ("CAMEO_PT_backend", "CAMEO_PT_portrait", "CAMEO_PT_avatars")
SCALE = 1.25
HEIGHT = 1390


def play(studio: Studio) -> Steps:
    yield from studio.maximise()
    yield from studio.open_sidebar(alone=True)
    yield from studio.connected()
    bpy.ops.cameo.pick_image(filepath=str(PICTURES / "eileen.png"))
    preflight = addon("blender_addon.portrait.preflight").PREFLIGHT
    yield Wait("the backend has looked", lambda: preflight.answer is not None)
    yield from studio.standstill()
    studio.take_sidebar("german")
