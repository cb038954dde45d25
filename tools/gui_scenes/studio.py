"""What a scene of the documentation works with: the window, the add-on, waiting, and the camera.

A scene is a file with a generator ``play(studio)``. It does something with Blender's and Cameo's own operators, then
yields a :class:`Wait` for what must come of it: nothing sleeps in the hope that enough time has passed. Constants of
the module say what is so before the window is first drawn:

    BACKEND   "" (none at all) or "running": the one that gui_screenshot.sh started
    PANELS    the panels that are open; all others are folded, as if the artist had folded them
    SCALE     Blender's resolution scale; 1.25 makes panels easier to read on a page
    HEIGHT    of the window, pixels, where 1000 is too little
    LANGUAGE  Blender's name of one
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import bpy

ADDON = "bl_ext.user_default.cameo"
OUT, WORK = Path("/cameo/out"), Path("/cameo/work")
PICTURES = Path.home() / "pictures"
HEAD = WORK / "Eileen.cameo"
"""The avatar that the scene arrived leaves for the others."""


_ROUND = 12  # pixels of an area's round corners


@dataclass(frozen=True)
class Wait:
    """The scene goes on when ``until`` is true, and fails with ``what`` in the message after ``seconds``."""

    what: str
    until: Callable[[], bool]
    seconds: float = 60.0


Steps = Iterator[Wait]


@dataclass(frozen=True)
class Box:
    """A part of the window, pixels, counted from its lower left corner as Blender does."""

    x: int
    y: int
    width: int
    height: int


def addon(name: str) -> ModuleType:
    """A module of the installed extension, such as ``blender_addon.session``."""
    return importlib.import_module(f"{ADDON}.{name}")


class Studio:
    """The window of this Blender."""

    def __init__(self) -> None:
        self._looks: list[str] = []
        self._enough = 0
        self._screen_height = int(os.environ["CAMEO_SCREEN_HEIGHT"])
        self.said: list[str] = []

    # The window -----------------------------------------------------------------------------------------------------

    @property
    def window(self) -> bpy.types.Window:
        return bpy.context.window_manager.windows[0]

    @property
    def area(self) -> bpy.types.Area:
        """The 3D view."""
        return next(area for area in self.window.screen.areas if area.type == "VIEW_3D")

    @property
    def space(self) -> bpy.types.SpaceView3D:
        return self.area.spaces.active

    def region(self, kind: str = "WINDOW") -> bpy.types.Region:
        return next(region for region in self.area.regions if region.type == kind)

    @contextlib.contextmanager
    def view(self) -> Iterator[None]:
        """Operators inside act as if the pointer were in the 3D view."""
        with bpy.context.temp_override(window=self.window, area=self.area, region=self.region()):
            yield

    def maximise(self) -> Steps:
        """The 3D view alone."""
        before = len(self.window.screen.areas)
        with self.view():
            bpy.ops.screen.screen_full_area()
        yield Wait("the 3D view is maximised", lambda: len(self.window.screen.areas) < before)

    def open_sidebar(self, *, alone: bool = False) -> Steps:
        """N, then the tab Cameo.

        Args:
            alone: for :meth:`take_sidebar`: nothing is behind the panels.
        """
        self.space.show_region_ui = True
        self.space.overlay.show_overlays = not alone
        sidebar = self.region("UI")
        yield Wait("the sidebar is open", lambda: sidebar.width > 100)
        yield Wait("it has tabs", lambda: sidebar.active_panel_category != "UNSUPPORTED")
        sidebar.active_panel_category = "Cameo"
        yield from self.standstill()

    def look_at(self, place: tuple[float, float, float], distance: float, axis: str = "FRONT") -> None:
        """Turn the 3D view to ``place``, ``distance`` metres away; without the floor, which cuts a head in two."""
        overlay = self.space.overlay
        overlay.show_floor = overlay.show_axis_x = overlay.show_axis_y = overlay.show_cursor = False
        with self.view():
            bpy.ops.view3d.view_axis(type=axis)
        view = self.space.region_3d
        view.view_location, view.view_distance, view.view_perspective = place, distance, "PERSP"

    # Waiting --------------------------------------------------------------------------------------------------------

    def standstill(self, looks: int = 3) -> Steps:
        """Everything is drawn: so many looks at the window in a row show the same."""
        self._looks, self._enough = [], looks
        yield Wait("the window stands still", self._stands_still)

    def redrawn(self) -> Steps:
        """What changes all the time is drawn at least once as it is now."""
        drawn: list[bool] = []
        draw = bpy.types.SpaceView3D.draw_handler_add(lambda: drawn.append(True), (), "WINDOW", "POST_PIXEL")
        self.area.tag_redraw()
        yield Wait("the 3D view is drawn", lambda: bool(drawn))
        bpy.types.SpaceView3D.draw_handler_remove(draw, "WINDOW")

    def _stands_still(self) -> bool:
        look = hashlib.sha256(self._photograph(self.window).read_bytes()).hexdigest()
        self._looks = [*self._looks[1 - self._enough :], look]
        for area in self.window.screen.areas:
            area.tag_redraw()
        return len(self._looks) == self._enough and len(set(self._looks)) == 1

    def _photograph(self, window: bpy.types.Window) -> Path:
        """What the display shows of a window. (Blender's own screenshot reads nothing from a software display.)"""
        path, screen = Path("/tmp/window.ppm"), self._screen_height
        box = f"{window.width}x{window.height}+{window.x}+{screen - window.y - window.height}"
        command = ["magick", "import", "-silent", "-window", "root", "-crop", box, "+repage", str(path)]
        subprocess.run(command, check=True)
        return path

    # The camera -----------------------------------------------------------------------------------------------------

    def take_window(self, name: str, *, window: bpy.types.Window | None = None, width: int = 0) -> None:
        """The whole window; ``width`` pixels wide, where that is not 0."""
        self._develop(self._photograph(window or self.window), name, [], width)

    def take_view(self, name: str, *, width: int = 0) -> None:
        """The 3D view with its sidebar."""
        area = self.area
        self._take(name, Box(area.x, area.y, area.width, area.height), [], width)

    def take_sidebar(self, name: str) -> None:
        """The sidebar, down to its last panel."""
        region = self.region("UI")
        below = ["-fuzz", "3%", "-define", "trim:edges=south", "-trim", "+repage"]
        box = Box(region.x, region.y + _ROUND, region.width, region.height - _ROUND)
        self._take(name, box, below)

    def take_new(self, name: str, before: Path) -> None:
        """What has come into the window since ``before`` was taken by :meth:`look`: a menu, a dialog."""
        now = self._photograph(self.window)
        command = ["magick", before, now, "-compose", "difference", "-composite", "-threshold", "10%", "-format", "%@"]
        found = subprocess.run([*map(str, command), "info:"], capture_output=True, text=True, check=True).stdout
        self._develop(now, name, ["-crop", found.strip(), "+repage"])

    def look(self) -> Path:
        """The window as it is, for :meth:`take_new`."""
        return self._photograph(self.window).rename("/tmp/before.ppm")

    def take_file(self, name: str, path: Path) -> None:
        """A picture that Blender has rendered."""
        self._develop(path, name, [])

    def take_failure(self) -> None:
        """For whoever has to find out why a scene was not played to its end."""
        subprocess.run(["magick", self._photograph(self.window), WORK / "failed.png"], check=True)

    def _take(self, name: str, box: Box, then: list[str], width: int = 0) -> None:
        top = self.window.height - box.y - box.height
        crop = ["-crop", f"{box.width}x{box.height}+{box.x}+{top}", "+repage"]
        self._develop(self._photograph(self.window), name, [*crop, *then], width)

    def _develop(self, raw: Path, name: str, changes: list[str], width: int = 0) -> None:
        """Crop, at most 256 colours, no more than needed."""
        path, middle = OUT / f"{name}.png", Path("/tmp/middle.png")
        smaller = ["-filter", "Lanczos", "-resize", f"{width}x"] if width else []
        subprocess.run(["magick", raw, *changes, *smaller, "-alpha", "off", "-strip", middle], check=True)
        subprocess.run(["pngquant", "--force", "--speed=1", "--quality=40-92", "--output", path, middle], check=True)
        self.said.append(f"{name}.png {path.stat().st_size / 1000:.0f} kB")

    # The add-on -----------------------------------------------------------------------------------------------------

    def connected(self) -> Steps:
        """The add-on looks for a running backend by itself when Blender starts."""
        yield Wait("the backend answers", lambda: addon("blender_addon.session").client().welcome is not None)

    def import_head(self) -> Steps:
        """The avatar of the scene arrived."""
        assert HEAD.is_file(), "play the scene arrived before this one"
        with self.view():
            bpy.ops.cameo.import_avatar(filepath=str(HEAD))
        yield from self.standstill()

    def clear(self) -> None:
        """A scene without the cube."""
        bpy.data.objects.remove(bpy.data.objects["Cube"])
