"""Splats to pixels on the graphics card, off screen: the same picture as ``cpu_raster.py``, sooner."""

from __future__ import annotations

import gpu
import numpy as np
from mathutils import Matrix

from .cpu_raster import Raster
from .gather import SplatScene
from .gpu_splats import GpuView, SplatDrawer
from .projection import NEAR, View


def rasterize(splats: SplatScene, view: View) -> Raster:
    """Render on nothing; needs a GPU context (a window, or an engine with ``bl_use_gpu_context``)."""
    drawer, seen_from = SplatDrawer(splats), gpu_view(view)
    target = gpu.types.GPUOffScreen(view.width, view.height, format="RGBA32F")
    try:
        color = _draw(target, drawer, seen_from, depth=False)
        depth = _draw(target, drawer, seen_from, depth=True)
    finally:
        target.free()
    return Raster(color[..., :3].copy(), color[..., 3].copy(), depth[..., 0].copy())


def gpu_view(view: View) -> GpuView:
    """OpenCV's camera as OpenGL's matrices: y up, looking along -z."""
    turned = np.diag([1.0, -1.0, -1.0, 1.0]) @ np.asarray(view.viewmat, float)
    (fx, _, cx), (_, fy, cy), _ = np.asarray(view.K, float)
    x, y = 1 - 2 * cx / view.width, 2 * cy / view.height - 1
    projection = np.diag([2 * fx / view.width, 2 * fy / view.height, 1.0, 1.0])
    near, far = max(view.near, NEAR), view.far
    span = far - near
    if view.orthographic:
        projection[:2, 3] = -x, -y
        projection[2, 2:] = -2 / span, -(far + near) / span
    else:
        projection[:2, 2] = x, y
        projection[2, 2:] = -(far + near) / span, -2 * far * near / span
        projection[3] = 0, 0, -1, 0
    return GpuView(Matrix(turned.tolist()), Matrix(projection.tolist()), view.width, view.height, view.orthographic)


def _draw(target: gpu.types.GPUOffScreen, drawer: SplatDrawer, view: GpuView, *, depth: bool) -> np.ndarray:
    """float32 [H,W,4], first row on top."""
    with target.bind():
        framebuffer = gpu.state.active_framebuffer_get()
        framebuffer.clear(color=(0.0, 0.0, 0.0, 0.0))
        gpu.state.depth_test_set("NONE")
        drawer.draw(view, depth=depth)
        pixels = framebuffer.read_color(0, 0, view.width, view.height, 4, 0, "FLOAT")
    pixels.dimensions = view.width * view.height * 4
    return np.array(pixels, np.float32).reshape(view.height, view.width, 4)[::-1]
