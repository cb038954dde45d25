"""The whole window: an animated head, its keys on the timeline, the panel beside it."""

import bpy
from studio import Steps, Studio

PANELS = ("CAMEO_PT_avatars", "CAMEO_PT_poses", "CAMEO_PT_controls")


def play(studio: Studio) -> Steps:
    studio.clear()
    yield from studio.import_head()
    for frame, pose in ((1, "sadness"), (20, "joy"), (40, "joy"), (60, "surprise"), (80, "joy")):
        bpy.context.scene.frame_set(frame)
        bpy.ops.cameo.apply_pose(pose=pose, strength=0.8, key=True)
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, 96
    bpy.context.scene.frame_set(40)
    with studio.view():
        bpy.context.view_layer.objects.active = bpy.data.objects["Eileen Rig"]
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.select_all(action="DESELECT")
    bpy.context.scene.show_keys_from_selected_only = False
    studio.look_at((0.13, 0.0, -0.02), 0.8)
    yield from studio.open_sidebar()
    studio.take_window("hero", width=1200)
