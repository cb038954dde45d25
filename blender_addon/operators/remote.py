"""Using a backend on another computer, and coming back to this one's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import bpy

from ...protocol.invitation import SUFFIX, InvitationError, read_invitation
from .. import preferences, session
from ..words import tr
from .reporting import refuse


class UseInvitation(bpy.types.Operator):
    """Use a backend on another computer: choose the invitation from its owner. Others may not read the file then"""

    bl_idname, bl_label = "cameo.use_invitation", "Another Computer"

    filepath: bpy.props.StringProperty(description="The invitation", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        try:
            read_invitation(path)
        except InvitationError as error:
            return refuse(self, error)
        _make_private(path)
        preferences.set_invitation(str(path))
        session.connect()
        return {"FINISHED"}


class UseThisComputer(bpy.types.Operator):
    """Use the backend of this computer again. The invitation's file stays where it is"""

    bl_idname, bl_label = "cameo.use_this_computer", "This Computer"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.client().remote is None:
            cls.poll_message_set(tr("The backend of this computer is in use already"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        preferences.set_invitation("")
        session.follow_preferences()
        return {"FINISHED"}


def _make_private(path: Path) -> None:
    """As downloaded, others of this computer may be able to read it. (Windows keeps a user's folders private.)"""
    mode = path.stat().st_mode
    if os.name != "nt" and path.stat().st_uid == os.getuid() and mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(stat.S_IMODE(mode) & stat.S_IRWXU)


CLASSES = (UseInvitation, UseThisComputer)
