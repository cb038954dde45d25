"""The add-on's preferences."""

import subprocess

import bpy
from studio import ADDON, Steps, Studio, Wait

PANELS = ()


def play(studio: Studio) -> Steps:
    with studio.view():
        bpy.ops.preferences.addon_show(module=ADDON)
    yield Wait("the preferences are open", lambda: len(bpy.context.window_manager.windows) > 1)
    window = bpy.context.window_manager.windows[1]
    command = ["xdotool", "search", "--name", "Preferences", "windowsize", "880", "740", "windowmove", "40", "40"]
    subprocess.run(command, check=True)  # all of it; Blender has no operator that sizes a window
    yield Wait("they are tall enough", lambda: window.height == 740 and window.x == 40)
    yield from studio.standstill()
    studio.take_window("preferences", window=window)
