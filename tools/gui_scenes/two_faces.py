"""A picture with two people: a button for each face."""

import subprocess

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
    both = PICTURES / "two_people.png"
    parts = [str(PICTURES / "eileen.png"), "(", str(PICTURES / "grace.jpg"), "-resize", "x512", ")"]
    subprocess.run(["magick", *parts, "+append", str(both)], check=True)
    bpy.ops.cameo.pick_image(filepath=str(both))
    preflight = addon("blender_addon.portrait.preflight").PREFLIGHT
    yield Wait("the backend has looked", lambda: preflight.answer is not None)
    yield from studio.standstill()
    studio.take_sidebar("two_faces")
