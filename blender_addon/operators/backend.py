"""Starting, finding and stopping the backend. None of these waits: the panel shows what comes of it."""

from __future__ import annotations

import bpy

from .. import session
from ..link.state import LinkState
from ..words import CAMEO, tr


class Connect(bpy.types.Operator):
    """Connect to the backend that runs already, on this computer or on the one that invited you"""

    bl_idname, bl_label = "cameo.connect", "Connect"
    bl_translation_context = CAMEO

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.connect()
        return {"FINISHED"}


class Disconnect(bpy.types.Operator):
    """Hang up; the backend and its jobs go on"""

    bl_idname, bl_label = "cameo.disconnect", "Disconnect"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return session.client().state is not LinkState.DISCONNECTED

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.client().disconnect()
        return {"FINISHED"}


class _OnThisComputer:
    """What operators share that start and stop programs."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.client().remote is not None:
            cls.poll_message_set(tr("The backend is on another computer: it is started and stopped there"))
            return False
        return True


class StartBackend(_OnThisComputer, bpy.types.Operator):
    """Start the backend, or connect to the one that runs already"""

    bl_idname, bl_label = "cameo.start_backend", "Start Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.start_backend()
        return {"FINISHED"}


class StopBackend(_OnThisComputer, bpy.types.Operator):
    """Stop the backend. Unfinished jobs are kept and go on at its next start"""

    bl_idname, bl_label = "cameo.stop_backend", "Stop Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return session.client().state is not LinkState.DISCONNECTED and super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.client().stop()
        return {"FINISHED"}


class TestBackend(bpy.types.Operator):
    """Connect, ask the backend whether everything it needs is there, and show what it says"""

    bl_idname, bl_label = "cameo.test_backend", "Test Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.follow_preferences()
        session.client().test()
        return {"FINISHED"}


CLASSES = (Connect, Disconnect, StartBackend, StopBackend, TestBackend)
