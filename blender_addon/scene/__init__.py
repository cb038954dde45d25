"""Avatar -> plain Blender data: mesh, armature, drivers, splats. It plays without add-on and backend."""
