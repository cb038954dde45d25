"""The portrait and what becomes of it: quality, Generate, stages with the time left, pictures as they come."""

from __future__ import annotations

import bpy

from ...protocol.jobs import JobState
from .. import session
from ..link.job_view import JobView
from . import previews
from .drawing import CameoPanel, draw_problem, draw_text

_SHOWN = 8
_CANCEL, _FORGET = ("cameo.cancel", "X"), ("cameo.forget", "TRASH")
_BUTTONS = {
    JobState.QUEUED: (("cameo.prefer", "SORT_DESC"), ("cameo.pause", "PAUSE"), _CANCEL),
    JobState.RUNNING: (("cameo.pause", "PAUSE"), _CANCEL),
    JobState.PAUSING: (_CANCEL,),
    JobState.PAUSED: (("cameo.resume", "PLAY"), _CANCEL),
    JobState.CANCELLING: (),
    JobState.DONE: (_FORGET,),
    JobState.FAILED: (_FORGET,),
    JobState.CANCELLED: (_FORGET,),
}
"""What can be done with a job in each state: operator and icon."""


class PortraitPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_portrait"
    bl_label = "Portrait"

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.cameo
        row = self.layout.row(align=True)
        row.prop(settings, "image", text="")
        for name in ("avatar_name", "preset", "face", "import_when_ready"):
            self.layout.prop(settings, name)
        self.layout.operator("cameo.generate", icon="MONKEY")


class JobsPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_jobs"
    bl_label = "Heads in the Making"

    def draw(self, context: bpy.types.Context) -> None:
        jobs = list(session.client().jobs.values())
        if not jobs:
            self.layout.label(text="None yet")
        for job in sorted(jobs, key=lambda one: (one.finished, not one.mine))[:_SHOWN]:
            draw_job(self.layout.box(), context, job)


def draw_job(layout: bpy.types.UILayout, context: bpy.types.Context, job: JobView) -> None:
    """One job: its state, progress and pictures, and what can be done with it."""
    row = layout.row(align=True)
    row.label(text=f"{job.name or 'Head'}: {job.state.value}")
    for operator, icon in _BUTTONS[job.state]:
        row.operator(operator, text="", icon=icon).job = job.job
    if not job.finished:
        layout.progress(factor=job.fraction, text=progress_text(job))
    if job.picture is not None and not job.finished:
        layout.template_icon(icon_value=previews.icon_of(job), scale=8)
    for sentence in job.notices:
        draw_text(layout, context, sentence, "INFO")
    if job.problem is not None:
        draw_problem(layout, context, job.problem)
    if job.path is not None:
        layout.operator("cameo.import_avatar", text="Import", icon="IMPORT").filepath = str(job.path)
    elif job.result is not None:
        text = "Fetching ..." if job.fetching else "Fetch Avatar"
        layout.operator("cameo.fetch_result", text=text, icon="IMPORT").job = job.job


def progress_text(job: JobView) -> str:
    """``engine: painting skin, about 40 s left``."""
    text = f"{job.stage}: {job.message}" if job.message else job.stage or "waiting"
    if job.eta_seconds is None or job.state is not JobState.RUNNING:
        return text
    seconds = job.eta_seconds
    return f"{text}, about {seconds:.0f} s left" if seconds < 90 else f"{text}, about {seconds / 60:.0f} min left"


CLASSES = (PortraitPanel, JobsPanel)
