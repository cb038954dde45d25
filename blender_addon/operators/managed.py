"""Installing, renewing and removing the backend from inside Blender. None of these waits: the panel shows the rest."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import preferences, session
from ..link.problem import Problem
from ..link.state import LinkState
from ..managed.manager import Work
from ..words import tr
from .reporting import refuse

_IN_USE = Problem(
    "install.in_use",
    "The backend is running.",
    "its files cannot be removed while it does",
    "Press Stop Backend first.",
)


class _NotWhileWorking:
    """What operators share that wait for the installation to end."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.managed().busy:
            cls.poll_message_set(tr("The backend is being installed or removed"))
            return False
        return True


class InstallBackend(_NotWhileWorking, bpy.types.Operator):
    """Install the backend in a folder of its own, or renew it. The one that is there stays until the new one works"""

    bl_idname, bl_label = "cameo.install_backend", "Install Backend"

    packages: bpy.props.StringProperty(
        name="Packages",
        description="A folder with all packages; nothing is downloaded then. Empty: as the preferences say",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.managed().install(preferences.install_wish(), preferences.install_choices(self.packages))
        return {"FINISHED"}


class InstallOnline(_NotWhileWorking, bpy.types.Operator):
    """Let Blender use the network (Allow Online Access in its preferences) and install the backend"""

    bl_idname, bl_label = "cameo.install_online", "Allow Online Access and Install"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if bpy.app.online_access_override and not bpy.app.online_access:
            cls.poll_message_set(tr("Blender was started in offline mode"))
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.preferences.system.use_online_access = True
        session.managed().install(preferences.install_wish(), preferences.install_choices())
        return {"FINISHED"}


class InstallFromFolder(_NotWhileWorking, bpy.types.Operator):
    """Choose a folder with all packages of the backend and install from it; nothing is downloaded"""

    bl_idname, bl_label = "cameo.install_from_folder", "Install From Folder"

    directory: bpy.props.StringProperty(
        name="Packages", description="The folder with the packages", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if (chosen := preferences.current()) is not None:
            chosen.wheelhouse = self.directory
        session.managed().install(preferences.install_wish(), preferences.install_choices(self.directory))
        return {"FINISHED"}


class CancelInstall(bpy.types.Operator):
    """Stop the installation. A backend that was installed before stays"""

    bl_idname, bl_label = "cameo.cancel_install", "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.managed().state.work is not Work.INSTALLING:
            cls.poll_message_set(tr("Nothing is being installed"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.managed().cancel()
        return {"FINISHED"}


class UninstallBackend(_NotWhileWorking, bpy.types.Operator):
    """Remove the installed backend from the disk. Heads and jobs stay"""

    bl_idname, bl_label = "cameo.uninstall_backend", "Remove Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        state = session.managed().state
        if state.installed is None and not state.interrupted:
            cls.poll_message_set(tr("No backend is installed"))
            return False
        return super().poll(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        if _in_use():
            return refuse(self, _IN_USE)
        session.managed().uninstall()
        return {"FINISHED"}


class RollBackBackend(_NotWhileWorking, bpy.types.Operator):
    """Use the backend before the last upgrade again"""

    bl_idname, bl_label = "cameo.roll_back_backend", "Go Back"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not session.managed().state.can_roll_back:
            cls.poll_message_set(tr("There is no earlier backend"))
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.managed().roll_back()
        return {"FINISHED"}


class OpenInstallLog(bpy.types.Operator):
    """Show what the installation's programs said"""

    bl_idname, bl_label = "cameo.open_install_log", "Open Log"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not session.managed().log.is_file():
            cls.poll_message_set(tr("There is no log yet"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        bpy.ops.wm.path_open(filepath=str(session.managed().log))
        return {"FINISHED"}


class DismissProblem(bpy.types.Operator):
    """Take this message away"""

    bl_idname, bl_label = "cameo.dismiss_install_problem", "Dismiss"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.managed().dismiss()
        return {"FINISHED"}


def _in_use() -> bool:
    """Whether the backend that would be removed is running, as far as this Blender can know."""
    installed = session.managed().state.installed
    client = session.client()
    own = installed is not None and client.started_with(installed.python)
    return own or (client.state is LinkState.CONNECTED and not Path(preferences.backend_python() or ".").is_file())


CLASSES = (
    *(InstallBackend, InstallOnline, InstallFromFolder, CancelInstall, UninstallBackend, RollBackBackend),
    *(OpenInstallLog, DismissProblem),
)
