"""A graphics context where there is none yet: imported by the scripts of the tests that draw on the graphics card.

It says ``CONTEXT`` when it is there; a broken driver may end the process before.
"""

import bpy
import gpu

bpy.ops.wm.read_factory_settings(use_empty=True)
if hasattr(gpu, "init"):
    gpu.init()
else:  # Blender 5.0 makes a context with the first Workbench frame
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x = scene.render.resolution_y = 16
    bpy.ops.render.render()
gpu.platform.renderer_get()
print("CONTEXT", flush=True)
