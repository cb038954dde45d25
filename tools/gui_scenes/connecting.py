"""A backend of one's own, a checkout: starting, connected, its self-test."""

import os
import subprocess

import bpy
from studio import ADDON, Steps, Studio, Wait, addon

PANELS = ("CAMEO_PT_backend", "CAMEO_PT_self_test")
SCALE = 1.25


def play(studio: Studio) -> Steps:
    yield from studio.open_sidebar(alone=True)
    preferences = bpy.context.preferences.addons[ADDON].preferences
    preferences.backend, preferences.outlive_blender = os.environ["CAMEO_CHECKOUT"], False
    session = addon("blender_addon.session")
    bpy.ops.cameo.start_backend()
    _tell_backend("STOP")  # it takes a second or two, and must not be faster than the camera
    yield Wait("it is being started", lambda: session.client().state.value == "starting")
    yield from studio.standstill(looks=2)
    studio.take_sidebar("connecting")
    _tell_backend("CONT")
    yield from studio.connected()
    bpy.ops.cameo.test_backend()
    yield Wait("the self-test is over", lambda: session.client().self_test.over)
    yield from studio.standstill()
    studio.take_sidebar("connected")
    bpy.ops.cameo.stop_backend()


def _tell_backend(signal: str) -> None:
    subprocess.run(["pkill", f"-{signal}", "-P", str(os.getpid()), "-f", "cameo.backend"], check=True)
