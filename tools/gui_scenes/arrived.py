"""A later Blender: the head that was made meanwhile is fetched and imported. It is kept for the scenes after this."""

import shutil

import bpy
from studio import HEAD, Steps, Studio, Wait, addon

BACKEND = "running"
PANELS = ("CAMEO_PT_jobs", "CAMEO_PT_avatars")


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.open_sidebar()
    yield from studio.connected()
    jobs = addon("blender_addon.session").client().jobs
    yield Wait("the job is known", lambda: bool(jobs))
    job = next(job for job in jobs.values() if job.name == "Eileen")
    yield Wait("the head is finished", lambda: job.finished, 1200)
    assert job.problem is None, job.problem
    bpy.ops.cameo.fetch_result(job=job.job)  # it comes into the scene by itself, and the view turns to it
    yield Wait("the head is in the scene", lambda: "Eileen" in bpy.data.objects)
    shutil.copy(job.path, HEAD)
    yield from studio.standstill()
    studio.take_view("arrived", width=900)
    bpy.ops.cameo.forget(job=job.job)
    yield Wait("the backend has forgotten the job", lambda: job.job not in jobs)
