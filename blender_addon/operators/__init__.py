"""What the artist can do, one file per part of the panel."""

from . import (
    avatar,
    backend,
    compositing,
    controls,
    diagnostics,
    explain,
    film,
    jobs,
    managed,
    motion,
    portrait,
    pose_assets,
    remote,
    render,
)

CLASSES = (
    *backend.CLASSES,
    *managed.CLASSES,
    *remote.CLASSES,
    *portrait.CLASSES,
    *jobs.CLASSES,
    *avatar.CLASSES,
    *controls.CLASSES,
    *pose_assets.CLASSES,
    *compositing.CLASSES,
    *motion.CLASSES,
    *film.CLASSES,
    *render.CLASSES,
    *diagnostics.CLASSES,
    *explain.CLASSES,
)
