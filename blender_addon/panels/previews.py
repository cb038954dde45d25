"""Pictures of jobs as icons the panel can show."""

from __future__ import annotations

import bpy
import bpy.utils.previews
import numpy as np

from ..link.job_view import JobView

_LARGEST = 256  # pixels; an icon needs no more
_collection: bpy.utils.previews.ImagePreviewCollection | None = None
_shown: dict[str, int] = {}


def open_previews() -> None:
    global _collection
    _collection = bpy.utils.previews.new()


def close_previews() -> None:
    global _collection
    if _collection is not None:
        bpy.utils.previews.remove(_collection)
        _collection = None
    _shown.clear()


def icon_of(job: JobView) -> int:
    """Icon number of the job's newest picture; 0 while there is none."""
    if _collection is None or job.picture is None:
        return 0
    icon = _collection.get(job.job) or _collection.new(job.job)
    if _shown.get(job.job) != job.pictures:
        _shown[job.job] = job.pictures
        step = max(1, -(-max(job.picture.shape[:2]) // _LARGEST))
        picture = job.picture[::-step, ::step].astype(np.float32) / 255  # icons count rows from below
        icon.image_size = picture.shape[1::-1]
        opaque = np.ones((*picture.shape[:2], 1), np.float32)
        icon.image_pixels_float.foreach_set(np.concatenate([picture, opaque], 2).ravel())
    return icon.icon_id
