"""What becomes of the portraits: stages with the time left, pictures as they come."""

from __future__ import annotations

import bpy

from ...protocol.jobs import JobState
from .. import session
from ..link.job_view import JobView
from ..sentences import LIST
from ..words import told, told_problem, tr
from . import previews
from .drawing import CameoPanel, draw_problem, draw_text

_SHOWN = 8
_NUMBERS = "loss "  # how well the training does, in its own terms: for the log
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
_ICONS = {
    JobState.QUEUED: "SORTTIME",
    JobState.RUNNING: "PLAY",
    JobState.PAUSING: "PAUSE",
    JobState.PAUSED: "PAUSE",
    JobState.CANCELLING: "CANCEL",
    JobState.DONE: "CHECKMARK",
    JobState.FAILED: "ERROR",
    JobState.CANCELLED: "X",
}


FETCH, FETCHING = "Fetch Avatar", "Fetching ..."
STATES = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.PAUSING: "pausing",
    JobState.PAUSED: "paused",
    JobState.CANCELLING: "cancelling",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}

STAGES = {
    "portrait": "Portrait",
    "engine": "Pictures of the Head",
    "prepared": "Portrait for the Networks",
    "shape_views": "Views All Round",
    "consistent_views": "Consistent Views",
    "expression_clips": "Clips of Expressions",
    "tracking": "Following the Face",
    "reconstruction": "Splats of the Head",
    "bake": "Avatar File",
}
"""What the backend's names of stages are to the artist."""


class JobsPanel(CameoPanel, bpy.types.Panel):
    bl_idname = "CAMEO_PT_jobs"
    bl_label = "Heads in the Making"

    def draw(self, context: bpy.types.Context) -> None:
        jobs = list(session.client().jobs.values())
        if not jobs:
            self.layout.label(text="None yet")
        for job in sorted(jobs, key=order)[:_SHOWN]:
            draw_job(self.layout.box(), context, job)
        if any(job.splats is not None and not job.finished for job in jobs):
            self.layout.prop(context.scene.cameo_view, "show_clouds")


def draw_job(layout: bpy.types.UILayout, context: bpy.types.Context, job: JobView) -> None:
    """One job: its state, progress and pictures, and what can be done with it."""
    row = layout.row(align=True)
    row.label(text=f"{job.name or tr('Head')}: {tr(STATES[job.state])}", icon=_ICONS[job.state])
    for operator, icon in _BUTTONS[job.state]:
        row.operator(operator, text="", icon=icon).job = job.job
    if not job.finished:
        draw_progress(layout, context, job)
    if job.picture is not None and not job.finished:
        layout.template_icon(icon_value=previews.icon_of(job), scale=8)
    for notice in job.notices:
        draw_text(layout, context, told_problem(notice).sentence, "INFO")
    if job.problem is not None:
        draw_problem(layout, context, job.problem)
    if job.path is not None:
        button = layout.operator("cameo.import_avatar", text="Import", icon="IMPORT")
        button.filepath, button.name = str(job.path), job.name
    elif job.result is not None:
        layout.operator("cameo.fetch_result", text=FETCHING if job.fetching else FETCH, icon="IMPORT").job = job.job


def draw_progress(layout: bpy.types.UILayout, context: bpy.types.Context, job: JobView) -> None:
    """The whole job as a bar with the time left; below it the stage and what it does."""
    layout.progress(factor=job.fraction, text=f"{job.fraction:.0%}{time_left(job)}")
    if job.stage:
        stage = tr(STAGES[job.stage]) if job.stage in STAGES else job.stage
        draw_text(layout, context, stage)
    doing = LIST.join(part for part in job.message.split(LIST) if not part.startswith(_NUMBERS))
    if doing:
        draw_text(layout, context, told("progress", doing))


def time_left(job: JobView) -> str:
    """``, about 40 s left``; while nothing tells, that it is being estimated."""
    if job.state is not JobState.RUNNING:
        return ""
    if job.eta_seconds is None:
        return tr(", estimating the time left")
    seconds = job.eta_seconds
    if seconds < 90:
        return tr(", about {count:.0f} s left", count=seconds)
    if seconds < 5400:
        return tr(", about {count:.0f} min left", count=seconds / 60)
    return tr(", about {count:.1f} h left", count=seconds / 3600)


def order(job: JobView) -> tuple[bool, bool, bool]:
    """Running heads first, then those that wait, then finished ones; this session's before others."""
    return job.finished, job.state is not JobState.RUNNING, not job.mine


CLASSES = (JobsPanel,)
