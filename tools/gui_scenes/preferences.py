"""The add-on's preferences, as high as Blender opens their window."""

import bpy
from studio import ADDON, Steps, Studio, Wait

PANELS = ()


def play(studio: Studio) -> Steps:
    with studio.view():
        bpy.ops.preferences.addon_show(module=ADDON)
    yield Wait("the preferences are open", lambda: len(bpy.context.window_manager.windows) > 1)
    yield from studio.standstill()
    studio.take_window("preferences", window=bpy.context.window_manager.windows[1])
