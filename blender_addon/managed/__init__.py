"""The managed backend: an environment of its own, made, renewed and taken away from inside Blender. Knows no ``bpy``.

``manager.py`` is what the add-on uses; everything below it is a plain function or value that tests can use alone.
"""
