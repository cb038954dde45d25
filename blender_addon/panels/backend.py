"""The backend: where it stands, why, and what can be done about it."""

from __future__ import annotations

import bpy

from .. import preferences, session
from ..link.client import LinkState
from .drawing import CameoPanel, draw_problem

_ICONS = {
    LinkState.DISCONNECTED: "UNLINKED",
    LinkState.STARTING: "SORTTIME",
    LinkState.CONNECTED: "LINKED",
    LinkState.ERROR: "ERROR",
}


class BackendPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_backend"
    bl_label = "Backend"

    def draw(self, context: bpy.types.Context) -> None:
        client = session.client()
        self.layout.label(text=client.state.value.capitalize(), icon=_ICONS[client.state])
        if client.problem is not None:
            draw_problem(self.layout, context, client.problem)
            if client.problem.code == "backend.not_installed" and preferences.current() is not None:
                show = self.layout.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES")
                show.module = preferences.PACKAGE
        if client.welcome is not None:
            self.layout.label(text=f"Cameo {client.welcome.software} on {client.welcome.device}")
        row = self.layout.row(align=True)
        if client.state is LinkState.CONNECTED:
            row.operator("cameo.stop_backend", icon="CANCEL")
            row.operator("cameo.disconnect")
        else:
            row.operator("cameo.start_backend", icon="PLAY")
            row.operator("cameo.connect")


CLASSES = (BackendPanel,)
