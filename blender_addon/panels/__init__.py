"""The tab in the 3D viewport, one file per part of the work; and a panel among the render properties."""

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
    render_tab,
    turntable,
    viewport,
)

CLASSES = (
    *(*backend.CLASSES, *portrait.CLASSES, *jobs.CLASSES, *avatars.CLASSES, *poses.CLASSES, *controls.CLASSES),
    *(*motion.CLASSES, *turntable.CLASSES, *compositing.CLASSES, *viewport.CLASSES, *render_tab.CLASSES),
)

__all__ = ["CLASSES", "menus", "motion", "portrait", "previews", "render_tab"]
