"""The tab in the 3D viewport, one file per part of the work."""

from . import avatars, backend, jobs, previews, turntable

CLASSES = (*backend.CLASSES, *jobs.CLASSES, *avatars.CLASSES, *turntable.CLASSES)

__all__ = ["CLASSES", "previews"]
