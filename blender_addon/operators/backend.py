"""Starting, finding and stopping the backend. None of these waits: the panel shows what comes of it."""

from __future__ import annotations

import bpy

from .. import session
from ..link.state import LinkState
from ..words import CAMEO


class Connect(bpy.types.Operator):
    """Connect to the backend that runs on this computer"""

    bl_idname, bl_label = "cameo.connect", "Connect"
    bl_translation_context = CAMEO

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.client().connect()
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


class StartBackend(bpy.types.Operator):
    """Start the backend, or connect to the one that runs already"""

    bl_idname, bl_label = "cameo.start_backend", "Start Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.start_backend()
        return {"FINISHED"}


class StopBackend(bpy.types.Operator):
    """Stop the backend. Unfinished jobs are kept and go on at its next start"""

    bl_idname, bl_label = "cameo.stop_backend", "Stop Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return session.client().state is not LinkState.DISCONNECTED

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.client().stop()
        return {"FINISHED"}


class TestBackend(bpy.types.Operator):
    """Connect, ask the backend whether everything it needs is there, and show what it says"""

    bl_idname, bl_label = "cameo.test_backend", "Test Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.client().test()
        return {"FINISHED"}


CLASSES = (Connect, Disconnect, StartBackend, StopBackend, TestBackend)
