"""Performances as numbers: files of facial motion read, treated and written. Nothing here needs Blender."""
