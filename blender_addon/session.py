"""The one connection of this Blender, its managed backend, and the timer that keeps both up to date.

Blender's timers never fire in the ``bpy`` module: tests and the demo call :func:`poll` instead.
"""

from __future__ import annotations

import gc
from pathlib import Path

import bpy

from . import preferences
from .link.client import BackendClient, client_name
from .link.launch import NoBackend, find_backend_python
from .link.problem import Problem
from .link.remote_backend import RemoteBackend
from .link.socket_thread import Address
from .link.state import LinkState
from .managed.manager import ManagedBackend
from .portrait.preflight import PREFLIGHT
from .render.job_cloud import CLOUD

TICK_SECONDS = 0.1
_EXIT_SECONDS = 1.0
_client: BackendClient | None = None
_managed: ManagedBackend | None = None
_imported: set[str] = set()
_looked = False


def client() -> BackendClient:
    """The session's connection; made when first asked for."""
    global _client
    if _client is None:
        name = client_name(bpy.app.version_string)
        _client = BackendClient(preferences.home(), preferences.avatar_folder(), name)
    return _client


def managed() -> ManagedBackend:
    """The backend that Cameo installs, in the folder that the preferences name now."""
    global _managed
    folder = preferences.managed_folder()
    if _managed is None or (_managed.folder.root != folder and not _managed.busy):
        _managed = ManagedBackend(folder)
    return _managed


def connect() -> None:
    """Connect to the backend that the preferences mean, if it runs."""
    follow_preferences()
    client().connect()


def follow_preferences() -> None:
    """Use the backend that the preferences mean; one that was in use is exchanged for the other."""
    remote, wanted = client().remote, preferences.invitation()
    if wanted == (None if remote is None else (remote.path, remote.address)):
        return
    in_use = client().state is not LinkState.DISCONNECTED
    client().use(RemoteBackend(*wanted) if wanted else None)
    if in_use and wanted:
        client().connect()


def start_backend() -> None:
    """Start the backend that the preferences mean, or connect to the one that runs already."""
    follow_preferences()
    installed = managed().state.installed
    client().start(
        preferences.backend_python(),
        outlive_blender=preferences.outlive_blender(),
        managed=installed.python if installed else None,
        online=bpy.app.online_access,
    )


def missing_backend() -> Problem | None:
    """Why none could be started now; None when one can."""
    try:
        _find_environment()
    except NoBackend as error:
        return error.problem
    return None


def backend_environment() -> Path | None:
    """The Python of the backend that would be started now; None where there is none, or it is on another computer."""
    if client().remote is not None:
        return None
    try:
        return _find_environment()
    except NoBackend:
        return None


def _find_environment() -> Path:
    installed = managed().state.installed
    return find_backend_python(preferences.backend_python(), installed.python if installed else None)


def backend_address() -> Address | None:
    """Where the backend is that the preferences mean, if one runs; from any thread, without a connection."""
    return client().whereabouts


def reattach() -> None:
    """Connect to the backend that runs already, if one does: it may have been told to outlive the last Blender; or to
    that on another computer."""
    follow_preferences()
    if client().remote is not None or client().whereabouts is not None:
        client().connect()


def settle() -> None:
    """Let Python sort out what Blender's start has left, now, while the artist does nothing yet.

    CPython looks through all objects (50 ms for Blender's 90 000) when their number has grown by a quarter since the
    last time: without a first time at the beginning it does so a little later, in the middle of somebody's work.
    """
    gc.collect()


def poll() -> bool:
    """Take in what the backend sent; whether anything changed. A few milliseconds at most."""
    follow_preferences()
    heard = client().poll()
    scene = _scene()
    if scene is not None:
        heard |= PREFLIGHT.poll(client(), scene)
        heard |= CLOUD.follow(client().jobs.values(), wanted=scene.cameo_view.show_clouds)
    if managed().take_success():
        _use_what_was_installed()
    installed = managed().state.installed
    if managed().state.can_roll_back and installed is not None and client().started_with(installed.python):
        managed().confirm()
    return managed().poll() or heard


def _use_what_was_installed() -> None:
    """Who installs a backend wants to use it: it starts, and takes the place of the one before unless that has work."""
    former, link = managed().folder.previous(), client()
    if former is not None and link.started_with(former.python) and not link.jobs.unfinished:
        link.stop()
    if link.remote is None and link.state in (LinkState.DISCONNECTED, LinkState.ERROR):
        start_backend()


def _scene() -> bpy.types.Scene | None:
    """What the artist looks at: a timer has no window of its own."""
    windows = bpy.context.window_manager.windows
    return windows[0].scene if windows else bpy.context.scene


def start() -> None:
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)


def end() -> None:
    """Hang up and forget everything; the backend and its jobs go on."""
    global _client, _managed, _looked
    _looked = False
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _client is not None:
        _client.disconnect(wait_seconds=_EXIT_SECONDS)
        _client = None
    if _managed is not None:
        _managed.end(wait_seconds=_EXIT_SECONDS)
        _managed = None
    PREFLIGHT.end()
    CLOUD.stop()
    _imported.clear()


def _tick() -> float:
    global _looked
    if not _looked:
        _looked = True
        settle()
        reattach()
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
        scene = windows[0].scene
        if scene.cameo.import_when_ready:
            with bpy.context.temp_override(window=windows[0]):
                bpy.ops.cameo.import_avatar("EXEC_DEFAULT", filepath=str(job.path), name=job.name)
