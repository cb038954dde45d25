"""The button that does what a problem's advice says."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from .. import preferences, session
from ..link.problem import Problem


@dataclass(frozen=True)
class Fix:
    """A button: which operator, and what it says."""

    operator: str
    text: str
    icon: str


START = Fix("cameo.start_backend", "Start Backend", "PLAY")
CONNECT = Fix("cameo.connect", "Connect Again", "FILE_REFRESH")
INSTALL = Fix("cameo.install_backend", "Install Backend", "IMPORT")
UPGRADE = Fix("cameo.install_backend", "Upgrade Backend", "IMPORT")
RETRY = Fix("cameo.install_backend", "Retry", "FILE_REFRESH")
REMOVE = Fix("cameo.uninstall_backend", "Retry", "TRASH")
FOLDER = Fix("cameo.install_from_folder", "Choose Packages", "FILE_FOLDER")
PREFERENCES = Fix("preferences.addon_show", "Open Preferences", "PREFERENCES")
ONLINE = Fix("cameo.install_online", "Allow Online Access and Install", "INTERNET")
LOG = Fix("cameo.open_install_log", "Open Log", "TEXT")
STOP = Fix("cameo.stop_backend", "Stop Backend", "CANCEL")
INVITATION = Fix("cameo.use_invitation", "Choose Invitation", "NETWORK_DRIVE")
_ON_THIS_COMPUTER = (START, STOP, INSTALL, UPGRADE)

FIXES: dict[str, tuple[Fix, ...]] = {
    "backend.not_installed": (INSTALL,),
    "backend.not_there": (PREFERENCES, INSTALL),
    "backend.not_running": (START,),
    "backend.stopped": (START,),
    "backend.silent": (CONNECT, STOP),
    "backend.slow_start": (STOP, START),
    "backend.cannot_start": (PREFERENCES, START),
    "connection.damaged": (START,),
    "disk.full": (START,),
    "remote.no_invitation": (INVITATION,),
    "remote.bad_invitation": (INVITATION,),
    "remote.bad_address": (PREFERENCES, INVITATION),
    "remote.unknown_host": (CONNECT, PREFERENCES),
    "remote.closed_port": (CONNECT, PREFERENCES),
    "remote.unreachable": (CONNECT, PREFERENCES),
    "remote.not_cameo": (CONNECT, PREFERENCES),
    "remote.other_keys": (CONNECT, INVITATION),
    "remote.key_refused": (CONNECT, INVITATION),
    "remote.silent": (CONNECT,),
    "remote.stopped": (CONNECT,),
    "protocol.version_mismatch": (STOP, UPGRADE),
    "install.no_python": (RETRY, PREFERENCES),
    "install.wrong_python": (PREFERENCES, RETRY),
    "install.no_wheelhouse": (FOLDER, PREFERENCES),
    "install.offline": (ONLINE, FOLDER),
    "install.disk_full": (RETRY, PREFERENCES),
    "install.path_too_long": (PREFERENCES, RETRY),
    "install.unwritable": (PREFERENCES, RETRY),
    "install.no_gpu": (PREFERENCES, RETRY),
    "install.old_driver": (PREFERENCES, RETRY),
    "install.no_environment": (PREFERENCES, RETRY, LOG),
    "install.package_missing": (FOLDER, PREFERENCES, LOG),
    "install.package_damaged": (RETRY, LOG),
    "install.no_network": (RETRY, FOLDER, LOG),
    "install.verify_failed": (LOG, RETRY),
    "install.failed": (RETRY, LOG),
    "install.bug": (LOG, RETRY),
    "install.busy": (RETRY,),
    "install.not_removed": (REMOVE,),
}
"""For each problem of the backend's life, what the artist can press."""


def draw_fixes(layout: bpy.types.UILayout, problem: Problem) -> None:
    """The problem's buttons, if it has any that can be pressed here."""
    column = layout.column(align=True)  # beside each other their words do not fit
    for fix in FIXES.get(problem.code, ()):
        if fix is PREFERENCES and preferences.current() is None:
            continue  # a script registered the add-on: it has no preferences
        if fix in _ON_THIS_COMPUTER and session.client().remote is not None:
            continue
        button = column.operator(fix.operator, text=fix.text, icon=fix.icon)
        if fix is PREFERENCES:
            button.module = preferences.PACKAGE
