"""The tab in the 3D viewport, one file per part of the work."""

from . import (
    avatars,
    backend,
    compositing,
    controls,
    jobs,
    menus,
    motion,
    portrait,
    poses,
    previews,
    turntable,
    viewport,
)

CLASSES = (
    *(*backend.CLASSES, *portrait.CLASSES, *jobs.CLASSES, *avatars.CLASSES, *poses.CLASSES, *controls.CLASSES),
    *(*motion.CLASSES, *turntable.CLASSES, *compositing.CLASSES, *viewport.CLASSES),
)

__all__ = ["CLASSES", "menus", "motion", "portrait", "previews"]
