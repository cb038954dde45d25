"""Plays one scene in Blender's window: ``blender --python play.py -- SCENE``. See studio.py.

Writes /tmp/done when the scene has come to its end; without that file it failed, and the log says why.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

sys.path[:0] = ["/tmp/scenes", str(Path(__file__).parent)]

from studio import WORK, Steps, Studio, Wait, addon  # noqa: E402 - found by the line above

_TICK = 0.05
_HOMES = {"": "empty", "running": "backend"}
"""For each BACKEND: the folder in which the add-on looks for the connection file."""


class Director:
    """Goes through a scene's steps as Blender's timer allows."""

    def __init__(self, studio: Studio, steps: Steps) -> None:
        self._studio, self._steps = studio, steps
        self._wait, self._since = Wait("the window is there", lambda: bool(bpy.context.window_manager.windows)), 0.0

    def tick(self) -> float | None:
        try:
            return self._go_on()
        except StopIteration:
            Path("/tmp/done").write_text("".join(line + "\n" for line in self._studio.said))
        except Exception:  # noqa: BLE001 - a scene may fail in any way; the log gets it
            traceback.print_exc()
        sys.stdout.flush()
        bpy.ops.wm.quit_blender()
        return None

    def _go_on(self) -> float:
        self._since = self._since or time.monotonic()
        if self._wait.until():
            self._wait, self._since = next(self._steps), time.monotonic()
            print(f"waiting until {self._wait.what}", flush=True)
        elif time.monotonic() - self._since > self._wait.seconds:
            self._studio.take_failure()
            raise TimeoutError(f"{self._wait.seconds:.0f} s have passed, but not yet: {self._wait.what}")
        return _TICK


def fold_panels(opened: tuple[str, ...]) -> None:
    """Open these panels and fold the others, before they are drawn first."""
    panels = [cls for cls in addon("blender_addon.panels").CLASSES if issubclass(cls, bpy.types.Panel)]
    for cls in reversed(panels):
        bpy.utils.unregister_class(cls)
    for cls in panels:
        options = getattr(cls, "bl_options", set()) - {"DEFAULT_CLOSED"}
        cls.bl_options = options if cls.bl_idname in opened else options | {"DEFAULT_CLOSED"}
        bpy.utils.register_class(cls)


def main(name: str) -> None:
    scene = importlib.import_module(name)
    os.environ["CAMEO_HOME"] = str(WORK / _HOMES[getattr(scene, "BACKEND", "")])
    fold_panels(getattr(scene, "PANELS", ()))
    view = bpy.context.preferences.view
    view.ui_scale = getattr(scene, "SCALE", 1.0)
    if language := getattr(scene, "LANGUAGE", ""):
        view.language, view.use_translate_interface, view.use_translate_tooltips = language, True, True
    studio = Studio()
    director = Director(studio, scene.play(studio))
    bpy.app.timers.register(director.tick, first_interval=_TICK, persistent=True)


main(sys.argv[-1])
