"""What the artist can do, one file per part of the panel."""

from . import avatar, backend, controls, portrait, render

CLASSES = (*backend.CLASSES, *portrait.CLASSES, *avatar.CLASSES, *controls.CLASSES, *render.CLASSES)
