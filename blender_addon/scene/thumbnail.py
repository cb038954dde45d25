"""An avatar's picture as the preview of its root object: the panel, the outliner and the asset browser show it."""

from __future__ import annotations

import bpy
import numpy as np

_LARGEST = 128  # pixels; a preview needs no more


def show_thumbnail(owner: bpy.types.ID, png: bytes) -> None:
    """Give ``owner`` the picture as its preview. An empty ``png`` gives none."""
    if not png:
        return
    image = bpy.data.images.new("Cameo thumbnail", 1, 1)
    try:
        image.pack(data=png, data_len=len(png))
        image.source = "FILE"
        width, height = image.size
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    show_pixels(owner, pixels.reshape(height, width, 4))


def show_pixels(owner: bpy.types.ID, pixels: np.ndarray) -> None:
    """Give ``owner`` float32 [H,W,4] (display space, last row first, as Blender counts) as its preview."""
    step = max(1, -(-max(pixels.shape[:2]) // _LARGEST))
    small = np.ascontiguousarray(pixels[::step, ::step], np.float32)
    preview = owner.preview_ensure()
    preview.image_size = small.shape[1::-1]
    preview.image_pixels_float.foreach_set(small.ravel())


def thumbnail_icon(owner: bpy.types.ID) -> int:
    """Icon number for the panel; 0 where there is no picture (or no window)."""
    return owner.preview.icon_id if owner.preview is not None else 0
