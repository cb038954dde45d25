"""Pictures as icons the panel can show: those of jobs, and what the backend saw in a portrait."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import bpy.utils.previews
import numpy as np

from ..link.job_view import JobView

_LARGEST = 256  # pixels of a job's picture; it is shown no larger
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
        _fill(icon, job.picture[::step, ::step])
    return icon.icon_id


def icon_of_picture(name: str, make: Callable[[], np.ndarray], *, instead_of: str) -> int:
    """Icon number of the picture of that name, made when it is shown first: uint8 [H,W,3].

    Args:
        instead_of: icons whose names begin so are let go when a new one comes.
    """
    if _collection is None:
        return 0
    if name not in _collection:
        for older in [other for other in _collection if other.startswith(instead_of)]:
            del _collection[older]
        _fill(_collection.new(name), make())
    return _collection[name].icon_id


def _fill(icon: bpy.types.ImagePreview, picture: np.ndarray) -> None:
    values = np.ones((*picture.shape[:2], 4), np.float32)
    values[..., :3] = picture[::-1]  # icons count rows from below
    values[..., :3] /= 255
    icon.image_size = picture.shape[1::-1]
    icon.image_pixels_float.foreach_set(values.ravel())
