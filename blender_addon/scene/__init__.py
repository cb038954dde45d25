"""Avatar -> plain Blender data: mesh, armature, drivers, splats. What is built here plays without add-on and backend."""
