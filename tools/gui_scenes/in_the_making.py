"""Generate, and watching the head become sharper. The job goes on in the backend; the scene `arrived` fetches it."""

import bpy
from studio import PICTURES, Steps, Studio, Wait, addon

BACKEND = "running"
PANELS = ("CAMEO_PT_jobs", "CAMEO_PT_avatars")


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.open_sidebar()
    yield from studio.connected()
    bpy.ops.cameo.pick_image(filepath=str(PICTURES / "eileen.png"))
    bpy.context.scene.cameo.avatar_name = "Eileen"
    client, cloud = addon("blender_addon.session").client(), addon("blender_addon.render.job_cloud").CLOUD
    known = set(client.jobs)
    bpy.ops.cameo.generate()
    job = next(view for name, view in client.jobs.items() if name not in known)
    yield Wait("the head can be seen", lambda: cloud.cloud is not None and job.picture is not None, 600)
    studio.look_at((0.0, 0.0, -0.02), 0.75)
    yield Wait("it is half done", lambda: job.fraction > 0.6, 600)
    yield from studio.redrawn()
    studio.take_view("in_the_making", width=900)
