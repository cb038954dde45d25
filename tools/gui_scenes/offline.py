"""An error with cause, advice and buttons: Install Backend, while Blender may not use the network."""

import bpy
from studio import Steps, Studio, Wait, addon

PANELS = ("CAMEO_PT_backend",)
SCALE = 1.25


def play(studio: Studio) -> Steps:
    yield from studio.open_sidebar(alone=True)
    bpy.ops.cameo.install_backend()
    managed = addon("blender_addon.session").managed
    yield Wait("the installation is refused", lambda: managed().state.problem is not None)
    yield from studio.standstill()
    studio.take_sidebar("error")
