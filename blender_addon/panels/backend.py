"""The backend: where it stands, why, and what can be done about it."""

from __future__ import annotations

import bpy

from .. import session
from ..link.client import BackendClient
from ..link.self_test import SelfTest
from ..link.state import LinkState
from ..managed.manager import ManagedState, Work
from ..words import told, tr
from .drawing import CameoPanel, draw_problem, draw_text
from .fixes import draw_fixes

_ICONS = {
    LinkState.DISCONNECTED: "UNLINKED",
    LinkState.STARTING: "SORTTIME",
    LinkState.CONNECTED: "LINKED",
    LinkState.ERROR: "ERROR",
}
STATES = {
    LinkState.DISCONNECTED: "Disconnected",
    LinkState.STARTING: "Starting ...",
    LinkState.CONNECTED: "Connected",
    LinkState.ERROR: "Error",
}


class BackendPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_backend"
    bl_label = "Backend"

    def draw(self, context: bpy.types.Context) -> None:
        client, managed = session.client(), session.managed().state
        if managed.work is not Work.NONE:
            draw_work(self.layout, context, managed)
        elif managed.problem is not None:
            draw_problem(self.layout, context, managed.problem)
            draw_fixes(self.layout, managed.problem)
            self.layout.operator("cameo.dismiss_install_problem", icon="X")
        if client.remote is not None:
            draw_remote(self.layout, context, client)
            return
        missing = session.missing_backend() if client.state is LinkState.DISCONNECTED else None
        if missing is None:
            draw_link(self.layout, context, client, outdated=managed.outdated and managed.work is Work.NONE)
        elif managed.work is Work.NONE and managed.problem is None:
            draw_problem(self.layout, context, missing)
            draw_fixes(self.layout, missing)
            self.layout.operator("cameo.connect", icon="LINKED")
            self.layout.operator("cameo.use_invitation", icon="NETWORK_DRIVE")


class InstalledPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_installed"
    bl_label = "Installation"
    bl_parent_id = "CAMEO_PT_backend"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - as Blender wants it

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return session.client().remote is None

    def draw(self, context: bpy.types.Context) -> None:
        state = session.managed().state
        if state.installed is None:
            if state.interrupted:
                draw_text(self.layout, context, "An installation did not come to its end", "INFO")
            else:
                draw_text(self.layout, context, "Cameo has installed no backend", "INFO")
            self.layout.operator("cameo.install_backend", icon="IMPORT")
            if state.interrupted:
                self.layout.operator("cameo.uninstall_backend", text="Clear Away", icon="TRASH")
        else:
            version, for_gpu = state.installed.software, state.installed.variant == "gpu"
            words = tr(
                "Cameo {version} for the GPU" if for_gpu else "Cameo {version} for the processor", version=version
            )
            draw_text(self.layout, context, words, "CHECKMARK")
            row = self.layout.row(align=True)
            row.operator("cameo.install_backend", text="Upgrade" if state.outdated else "Install Again", icon="IMPORT")
            row.operator("cameo.uninstall_backend", icon="TRASH")
        if state.can_roll_back:
            self.layout.operator("cameo.roll_back_backend", icon="LOOP_BACK")
        self.layout.operator("cameo.open_install_log", icon="TEXT")


class SelfTestPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_self_test"
    bl_label = "Self-Test and Diagnostics"
    bl_parent_id = "CAMEO_PT_backend"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - as Blender wants it

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator("cameo.test_backend", icon="CHECKMARK")
        self.layout.operator("cameo.write_diagnostics", icon="FILE_TEXT")
        test = session.client().self_test
        if test is None:
            return
        icon = "INFO" if not test.over or test.faults else "CHECKMARK"
        draw_text(self.layout, context, self_test_summary(test), icon)
        for fault in test.faults:
            found, fix = told("finding", fault.found).removesuffix("."), told("finding", fault.fix)
            draw_text(self.layout, context, f"{found}. {fix}", "ERROR")


def self_test_summary(test: SelfTest) -> str:
    """What a self-test found, in one sentence."""
    if test.round_trip is None:
        return tr("Waiting for the backend's answer")
    good, checks, milliseconds = len(test.findings) - len(test.faults), len(test.findings), 1000 * test.round_trip
    if test.faults:
        return tr(
            "The backend answers in {time:.0f} ms; {good} of {checks} checks are good.",
            time=milliseconds,
            good=good,
            checks=checks,
        )
    return tr(
        "The backend answers in {time:.0f} ms; all {checks} checks are good: it is ready.",
        time=milliseconds,
        checks=checks,
    )


def draw_work(layout: bpy.types.UILayout, context: bpy.types.Context, state: ManagedState) -> None:
    """How far an installation is, and a way to stop it."""
    layout.label(text="Installing the backend" if state.work is Work.INSTALLING else "Removing", icon="SORTTIME")
    if state.work is Work.INSTALLING:
        layout.progress(factor=state.fraction, text=f"{state.fraction:.0%}")
        draw_text(layout, context, told("installing", state.line))
        layout.operator("cameo.cancel_install", icon="X")


def draw_link(layout: bpy.types.UILayout, context: bpy.types.Context, client: BackendClient, *, outdated: bool) -> None:
    """The connection: its state, what is at the other end, and what can be pressed.

    Args:
        outdated: the add-on brings a newer backend than the one it installed.
    """
    layout.label(text=STATES[client.state], icon=_ICONS[client.state])
    draw_state(layout, context, client)
    if outdated:
        draw_text(layout, context, "This add-on brings a newer backend.", "INFO")
        layout.operator("cameo.install_backend", text="Upgrade Backend", icon="IMPORT")
    elif client.state is LinkState.CONNECTED and session.managed().state.renewed:
        draw_text(layout, context, "The backend that was installed last is used from the next start on.", "INFO")
    column = layout.column(align=True)  # beside each other their words do not fit
    if client.state is LinkState.CONNECTED:
        column.operator("cameo.stop_backend", icon="CANCEL")
        column.operator("cameo.disconnect")
    elif client.state is LinkState.STARTING:
        column.operator("cameo.stop_backend", icon="CANCEL")
    elif client.problem is None:
        column.operator("cameo.start_backend", icon="PLAY")
        column.operator("cameo.connect")
    if client.state in (LinkState.DISCONNECTED, LinkState.ERROR):
        layout.operator("cameo.use_invitation", icon="NETWORK_DRIVE")


def draw_remote(layout: bpy.types.UILayout, context: bpy.types.Context, client: BackendClient) -> None:
    """The connection to another computer: nothing there is started, stopped or installed from here."""
    state = tr("Connecting ...") if client.state is LinkState.STARTING else STATES[client.state]
    layout.label(text=state, icon=_ICONS[client.state])
    draw_text(layout, context, tr("On another computer: {address}", address=client.remote.title), "NETWORK_DRIVE")
    draw_state(layout, context, client)
    column = layout.column(align=True)
    if client.state is LinkState.DISCONNECTED:
        column.operator("cameo.connect")
    else:
        column.operator("cameo.disconnect")
    column.operator("cameo.use_this_computer")


def draw_state(layout: bpy.types.UILayout, context: bpy.types.Context, client: BackendClient) -> None:
    """What is wrong with the connection, and what is at its other end."""
    if client.problem is not None:
        draw_problem(layout, context, client.problem)
        draw_fixes(layout, client.problem)
    if client.welcome is not None:
        device = tr("the processor") if client.welcome.device == "cpu" else client.welcome.device
        draw_text(layout, context, tr("Cameo {version} on {device}", version=client.welcome.software, device=device))


CLASSES = (BackendPanel, InstalledPanel, SelfTestPanel)
