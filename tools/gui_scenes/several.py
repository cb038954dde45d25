"""Two avatars in one scene."""

import bpy
from studio import Steps, Studio

PANELS = ("CAMEO_PT_avatars", "CAMEO_PT_poses")


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.import_head()
    with studio.view():
        bpy.ops.cameo.duplicate_avatar()
    bpy.ops.cameo.apply_pose(pose="surprise")
    studio.space.overlay.show_bones = studio.space.overlay.show_extras = False
    studio.look_at((0.36, 0.0, -0.03), 1.15)
    yield from studio.open_sidebar()
    studio.take_view("several", width=900)
