"""Which splats a scene shows, in world space, and the camera's view of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Matrix

from ..scene.binding_nodes import ROTATION, SCALE
from ..scene.cameras import camera_intrinsics
from ..scene.color import linear_to_srgb
from ..scene.splats import COLOR, OPACITY, drawn_by_blender, read_splats
from .projection import View

_NEEDED = (COLOR, OPACITY, ROTATION, SCALE)


class SplatScene(NamedTuple):
    """All splats of a scene, float32, world frame: ``means`` [N,3], ``quats`` [N,4] wxyz, ``scales`` [N,3] metres,
    ``opacities`` [N], ``colors`` [N,3] display-space."""

    means: np.ndarray
    quats: np.ndarray
    scales: np.ndarray
    opacities: np.ndarray
    colors: np.ndarray


class Cloud(NamedTuple):
    """Splats of one object.

    ``owner`` names what shows or hides them in the scene: the object or its instancer. ``native``: Blender draws them.
    """

    owner: str
    splats: SplatScene
    native: bool


def gather_splats(depsgraph: bpy.types.Depsgraph) -> SplatScene:
    """Splats of every visible point cloud that has the splat attributes, instances included."""
    return together(cloud.splats for cloud in gather_clouds(depsgraph))


def gather_clouds(depsgraph: bpy.types.Depsgraph) -> list[Cloud]:
    """The same, cloud by cloud."""
    return [
        Cloud(
            (instance.parent or instance.object).original.name,
            _in_world(read_splats(instance.object), np.array(instance.matrix_world)),
            drawn_by_blender(instance.object.data),
        )
        for instance in depsgraph.object_instances
        if is_splat_cloud(instance.object)
    ]


def gather_splats_of(cloud: bpy.types.Object) -> SplatScene:
    """Splats of one evaluated object, seen or not."""
    return _in_world(read_splats(cloud), np.array(cloud.matrix_world))


def together(clouds: Iterable[SplatScene]) -> SplatScene:
    """One set of splats out of several, none of them included."""
    empty = SplatScene(*(np.zeros(shape, np.float32) for shape in ((0, 3), (0, 4), (0, 3), (0,), (0, 3))))
    return SplatScene(*(np.concatenate(parts) for parts in zip(empty, *clouds)))


def is_splat_cloud(candidate: bpy.types.Object) -> bool:
    """Whether an evaluated object holds splats."""
    return candidate.type == "POINTCLOUD" and all(name in candidate.data.attributes for name in _NEEDED)


def camera_view(
    camera: bpy.types.Object,
    depsgraph: bpy.types.Depsgraph,
    size: tuple[int, int],
    window: tuple[int, int, int, int] | None = None,
) -> View:
    """The view of an evaluated ``camera`` on a picture of ``size`` pixels, or on the ``window`` (x, y, width, height
    from the upper left) of it."""
    viewmat, K = camera_intrinsics(camera, depsgraph, *size)
    x, y, width, height = window or (0, 0, *size)
    K[0, 2] -= x
    K[1, 2] -= y
    lens = camera.data
    return View(viewmat, K, width, height, lens.type == "ORTHO", lens.clip_start, lens.clip_end)


def _in_world(splats: dict[str, np.ndarray], matrix: np.ndarray) -> SplatScene:
    """Splats of one object in the world frame. Uneven object scale turns into the nearest even one."""
    linear = matrix[:3, :3]
    size = abs(np.linalg.det(linear)) ** (1 / 3)
    left, _, right = np.linalg.svd(linear)
    rotation = left @ right
    if np.linalg.det(rotation) < 0:
        rotation = -rotation  # an ellipsoid is its own mirror image
    return SplatScene(
        (splats["means"] @ linear.T + matrix[:3, 3]).astype(np.float32),
        _rotate_quaternions(rotation, splats["quats"]),
        (splats["scales"] * size).astype(np.float32),
        splats["opacities"],
        linear_to_srgb(splats["colors"]),
    )


def _rotate_quaternions(rotation: np.ndarray, quats: np.ndarray) -> np.ndarray:
    """Quaternion of ``rotation`` [3,3] times ``quats`` [N,4], wxyz."""
    w, x, y, z = Matrix(rotation.tolist()).to_quaternion()
    left = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]], np.float32)
    return quats @ left.T
