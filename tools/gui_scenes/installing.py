"""The managed backend while it is installed, from the network or from a folder with its packages."""

import os

import bpy
from studio import ADDON, Steps, Studio, Wait, addon

PANELS = ("CAMEO_PT_backend",)
SCALE = 1.25


def play(studio: Studio) -> Steps:
    yield from studio.open_sidebar(alone=True)
    bpy.context.preferences.addons[ADDON].preferences.python = os.environ["CAMEO_PYTHON"]
    managed = addon("blender_addon.session").managed
    if os.environ["CAMEO_WITH_WHEELS"]:
        bpy.ops.cameo.install_backend(packages="/cameo/wheels")
    else:
        bpy.context.preferences.system.use_online_access = True
        bpy.ops.cameo.install_backend()
    yield Wait("a good part is installed", lambda: managed().state.fraction > 0.3 or _problem(managed()), 300)
    assert _problem(managed()) is None, _problem(managed())
    yield from studio.redrawn()
    studio.take_sidebar("installing")
    bpy.ops.cameo.cancel_install()
    yield Wait("the installation has ended", lambda: not managed().busy)


def _problem(managed: object) -> object:
    return managed.state.problem
