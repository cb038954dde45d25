"""Pictures into files: PNG, animated PNG, GIF, contact sheets. Numbers only; nothing here needs Blender."""
