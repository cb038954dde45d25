"""Gaussians bound to a head mesh: binding, rasterizer, first cloud, appearance, training.

Kept free of imports: Blender's Python imports :mod:`.binding`, which needs numpy alone.
"""
