"""From the picture to the head in the scene, as a newcomer does it: Generate, watching, the head arrives.

Takes as long as the backend does, some minutes. The head is kept for the other scenes.
"""

import shutil

import bpy
from studio import HEAD, PICTURES, Steps, Studio, Wait, addon

BACKEND = "running"
PANELS = ("CAMEO_PT_jobs", "CAMEO_PT_avatars")


def play(studio: Studio) -> Steps:
    yield from studio.open_sidebar()
    yield from studio.connected()
    studio.clear()
    studio.look_at((0.0, 0.0, -0.02), 0.75)
    bpy.ops.cameo.pick_image(filepath=str(PICTURES / "eileen.png"))
    bpy.context.scene.cameo.avatar_name = "Eileen"
    assert bpy.ops.cameo.generate.poll()
    client, cloud = addon("blender_addon.session").client(), addon("blender_addon.render.job_cloud").CLOUD
    known = set(client.jobs)
    bpy.ops.cameo.generate()
    job = next(view for name, view in client.jobs.items() if name not in known)
    yield Wait("the head can be seen", lambda: cloud.cloud is not None and job.picture is not None, 300)
    yield Wait("it is half done", lambda: job.fraction > 0.6, 300)
    yield from studio.redrawn()
    studio.take_view("in_the_making", width=900)
    yield Wait("the head is in the scene", lambda: "Eileen" in bpy.data.objects, 400)
    shutil.copy(job.path, HEAD)
    yield from studio.standstill()
    studio.take_view("arrived", width=900)
    bpy.ops.cameo.forget(job=job.job)
    yield Wait("the backend has forgotten the job", lambda: job.job not in client.jobs)
