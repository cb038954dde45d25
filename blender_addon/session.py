"""The one connection of this Blender, and the timer that keeps it up to date.

Blender's timers never fire in the ``bpy`` module: tests and the demo call :func:`poll` instead.
"""

from __future__ import annotations

import bpy

from . import preferences
from .link.client import BackendClient, client_name

TICK_SECONDS = 0.1
_EXIT_SECONDS = 1.0
_client: BackendClient | None = None
_imported: set[str] = set()


def client() -> BackendClient:
    """The session's connection; made when first asked for."""
    global _client
    if _client is None:
        name = client_name(bpy.app.version_string)
        _client = BackendClient(preferences.home(), preferences.avatar_folder(), name)
    return _client


def poll() -> bool:
    """Take in what the backend sent; whether anything changed. A few milliseconds at most."""
    return client().poll()


def start() -> None:
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)


def end() -> None:
    """Hang up and forget everything; the backend and its jobs go on."""
    global _client
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _client is not None:
        _client.disconnect(wait_seconds=_EXIT_SECONDS)
        _client = None
    _imported.clear()


def _tick() -> float:
    if poll():
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                if area.type == "VIEW_3D":
                    area.tag_redraw()
        _import_finished()
    return TICK_SECONDS


def _import_finished() -> None:
    """Bring in the avatars asked for in this session, as soon as they are there."""
    windows = bpy.context.window_manager.windows
    if not windows:
        return
    for job in client().jobs.values():
        if not job.mine or job.path is None or job.job in _imported:
            continue
        _imported.add(job.job)
        with bpy.context.temp_override(window=windows[0]):
            if windows[0].scene.cameo.import_when_ready:
                bpy.ops.cameo.import_avatar("EXEC_DEFAULT", filepath=str(job.path), name=job.name)
