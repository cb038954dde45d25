"""What can be done with a job: stop it, let it rest, let it go on, put it first, fetch what came of it, forget it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import bpy

from .. import session
from ..link.job_view import JobView
from ..link.jobs import Jobs
from ..link.problem import Problem
from ..words import tr
from .reporting import refuse

_UNKNOWN = Problem("job.unknown", "This job is not known here.", fix="Connect to the backend that has it.")

_NOT_CONNECTED = Problem(
    "backend.not_connected", "There is no connection to the backend.", fix="Connect again, then cancel this head."
)


class _JobOperator:
    """What operators on one job share."""

    job: bpy.props.StringProperty(description="The job's id", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not session.client().jobs.connected:
            cls.poll_message_set(tr("There is no connection to the backend"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs = session.client().jobs
        view = jobs.get(self.job)
        return refuse(self, _UNKNOWN) if view is None else self.act(jobs, view)

    def act(self, jobs: Jobs, view: JobView) -> set[str]:
        raise NotImplementedError


class _Ask(_JobOperator):
    """What only passes the artist's wish on to the backend."""

    ask: ClassVar[Callable[[Jobs, str], None]]

    def act(self, jobs: Jobs, view: JobView) -> set[str]:
        type(self).ask(jobs, view.job)
        return {"FINISHED"}


class Cancel(_Ask, bpy.types.Operator):
    """Stop making this head"""

    bl_idname, bl_label = "cameo.cancel", "Cancel"
    ask = Jobs.cancel

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One that no backend has heard of can be taken back without any."""
        return any(view.unsent for view in session.client().jobs.values()) or super().poll(context)

    def act(self, jobs: Jobs, view: JobView) -> set[str]:
        if jobs.connected:
            return super().act(jobs, view)
        if not view.unsent:
            return refuse(self, _NOT_CONNECTED)
        jobs.drop_unsent(view.job)
        return {"FINISHED"}


class Pause(_Ask, bpy.types.Operator):
    """Let this head rest; what is made of it stays, and the next one may begin"""

    bl_idname, bl_label = "cameo.pause", "Pause"
    ask = Jobs.pause


class Resume(_Ask, bpy.types.Operator):
    """Go on with this head where it was paused"""

    bl_idname, bl_label = "cameo.resume", "Resume"
    ask = Jobs.resume


class Prefer(_Ask, bpy.types.Operator):
    """Make this head next, before the others that wait"""

    bl_idname, bl_label = "cameo.prefer", "Make Next"
    ask = Jobs.prefer


class Forget(_JobOperator, bpy.types.Operator):
    """Take this head off the list and the backend's copy of it off the disk; avatars in scenes and files stay"""

    bl_idname, bl_label = "cameo.forget", "Remove from List"

    def act(self, jobs: Jobs, view: JobView) -> set[str]:
        if not view.finished:
            fix = "Cancel it first."
            return refuse(self, Problem("job.not_ended", "This head is still being made.", fix=fix))
        jobs.forget(view.job)
        return {"FINISHED"}


class FetchResult(_JobOperator, bpy.types.Operator):
    """Bring a finished avatar from the backend, and into the scene"""

    bl_idname, bl_label = "cameo.fetch_result", "Fetch Avatar"

    filepath: bpy.props.StringProperty(
        description="Where to; empty: the folder for avatars", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )

    def act(self, jobs: Jobs, view: JobView) -> set[str]:
        if view.result is None:
            return refuse(self, Problem("job.unfinished", "This head is not finished.", fix="Wait until it is done."))
        view.mine = True  # so it is brought in like one that was ordered in this session
        jobs.fetch(view.job, Path(bpy.path.abspath(self.filepath)) if self.filepath else None)
        return {"FINISHED"}


CLASSES = (Cancel, Pause, Resume, Prefer, Forget, FetchResult)
