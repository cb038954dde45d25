"""Small pictures of an avatar's face: previews of poses, thumbnails."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from ..scene.avatar import parts_of
from ..scene.cameras import orbit_matrix
from ..scene.picture import posed
from .cpu_raster import rasterize
from .gather import gather_splats_of
from .projection import View
from .thinning import thinned

_FIELD_OF_VIEW, _DISTANCE = 8.0, 1.3  # degrees, metres
_SPLATS_PER_PIXEL = 1.5  # more can hardly be told apart in a small picture
_BACKGROUND = 0.22  # display space, Blender's own grey


def face_picture(
    context: bpy.types.Context, root: bpy.types.Object, values: Mapping[str, float], size: int
) -> np.ndarray:
    """The face with ``values``, from the front: float32 [size,size,4], display space, last row first, opaque.

    Pose and animation are as before afterwards.
    """
    with posed(root, values):
        context.view_layer.update()
        splats = gather_splats_of(parts_of(root).splats.evaluated_get(context.evaluated_depsgraph_get()))
    raster = rasterize(*thinned(splats, _SPLATS_PER_PIXEL * size**2), _view(root, size))
    picture = raster.color + (1 - raster.alpha[..., None]) * _BACKGROUND
    return np.concatenate([picture, np.ones_like(raster.alpha)[..., None]], 2)[::-1].clip(0, 1).astype(np.float32)


def _view(root: bpy.types.Object, size: int) -> View:
    pose = np.array(root.matrix_world @ orbit_matrix(0.0, 0.0, _DISTANCE))
    pose[:3, :3] /= np.linalg.norm(pose[:3, :3], axis=0)  # the avatar's size moves the camera, and does not scale it
    viewmat = np.linalg.inv(pose @ np.diag([1.0, -1.0, -1.0, 1.0]))
    focal = size / 2 / np.tan(np.radians(_FIELD_OF_VIEW) / 2)
    return View(viewmat, np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1.0]]), size, size)
