"""Looking first: what the backend sees in a portrait, before a head is made."""

import bpy
from studio import PICTURES, Steps, Studio, Wait, addon

BACKEND = "running"
PANELS = ("CAMEO_PT_portrait",)
SCALE = 1.25
HEIGHT = 1200


def play(studio: Studio) -> Steps:
    yield from studio.maximise()
    yield from studio.open_sidebar(alone=True)
    yield from studio.connected()
    bpy.ops.cameo.pick_image(filepath=str(PICTURES / "eileen.png"))
    preflight = addon("blender_addon.portrait.preflight").PREFLIGHT
    yield Wait("the backend has looked", lambda: preflight.answer is not None)
    yield from studio.standstill()
    studio.take_sidebar("portrait")
