"""Splats drawn by the backend: the same picture, sooner where Blender has no graphics card or the backend has."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import bpy
import numpy as np

from ...protocol import limits
from ...protocol.jobs import new_job_id
from ...protocol.messages import Draw, Drawn
from ..link.picture_line import PictureLine
from ..link.socket_thread import Address
from .cpu_raster import Raster
from .gather import SplatScene
from .projection import NEAR, View

_BYTES_PER_SPLAT = 4 * sum((3, 4, 3, 1, 3))
MAX_SPLATS = (limits.MESSAGE_BYTES - limits.HEADER_BYTES) // _BYTES_PER_SPLAT


def can_draw(splats: SplatScene, view: View) -> bool:
    """Whether the backend draws such pictures: through a pinhole, of as many splats as go into a message."""
    return not view.orthographic and len(splats.means) <= MAX_SPLATS and view.width <= limits.DRAWN_PIXELS


def rasterize(splats: SplatScene, view: View, address: Address, cancelled: Callable[[], bool]) -> Raster | None:
    """Draw ``splats`` (display space) on nothing; None when ``cancelled()`` came true meanwhile.

    Raises:
        CameoError: what the backend said, or ``backend.silent``.
    """
    seen = _between_the_clips(splats, view)
    strips: list[Drawn] = []
    with PictureLine(address, bpy.app.version_string) as line:
        for top, height in _strips(view):
            drawn = line.draw(_question(seen, view, top, height), cancelled)
            if drawn is None:
                return None
            strips.append(drawn)
    rgba = np.concatenate([strip.rgba for strip in strips]).astype(np.float32)
    depth = np.concatenate([strip.depth for strip in strips])
    return Raster(rgba[..., :3], rgba[..., 3], depth)


def _between_the_clips(splats: SplatScene, view: View) -> SplatScene:
    """Splats whose centres the camera's clipping keeps; the backend knows none."""
    viewmat = np.asarray(view.viewmat, np.float64)
    depth = splats.means.astype(np.float64) @ viewmat[2, :3] + viewmat[2, 3]
    kept = (depth > max(view.near, NEAR)) & (depth < view.far)
    return splats if kept.all() else SplatScene(*(part[kept] for part in splats))


def _strips(view: View) -> list[tuple[int, int]]:
    """First row and height of strips of about the same height, none larger than the backend draws at once."""
    count = -(-view.height // (limits.DRAWN_PIXELS // view.width))
    edges = np.linspace(0, view.height, count + 1).astype(int)
    return [(int(top), int(bottom - top)) for top, bottom in pairwise(edges)]


def _question(splats: SplatScene, view: View, top: int, height: int) -> Draw:
    K = np.array(view.K, np.float64)
    K[1, 2] -= top
    arrays = (np.ascontiguousarray(part, np.float32) for part in splats)
    return Draw(new_job_id(), view.width, height, np.asarray(view.viewmat, np.float64), K, *arrays)
