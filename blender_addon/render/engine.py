"""The render engine ``CAMEO``: F12 and animation renders show the splats, with alpha and depth.

Without a window (background mode, pip ``bpy``) splats are rasterised by numpy, which needs no OpenGL and equals the
rasterizer of the training. With a window and a graphics card the card draws them, and on request the backend does:
the same picture, sooner.
Known limit: it draws splats alone. Other objects neither show nor hide them; combine layers by the Depth pass.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

import bpy
import gpu
import numpy as np

from ...protocol.errors import CameoError
from ..link.local_backend import NOT_RUNNING
from ..link.socket_thread import Address
from ..scene import compositing
from ..scene.color import linear_to_srgb
from ..scene.picture import ENGINE
from ..words import told_at_length, tr
from . import backend_raster, cpu_raster, gpu_raster
from .compose import combined_pass, depth_pass
from .cpu_raster import Raster
from .gather import SplatScene, camera_view, gather_splats
from .projection import View
from .viewport import VIEWPORT

Window = tuple[int, int, int, int]  # x, y (from the upper left), width, height in pixels
FindBackend = Callable[[], Address | None]
_find_backend: FindBackend | None = None


class CameoRenderEngine(bpy.types.RenderEngine):
    """Renders Gaussian splats."""

    bl_idname = ENGINE
    bl_label = "Cameo"
    bl_use_preview = False
    bl_use_postprocess = True

    def update_render_passes(self, scene: bpy.types.Scene = None, renderlayer: bpy.types.ViewLayer = None) -> None:
        self.register_pass(scene, renderlayer, "Combined", 4, "RGBA", "COLOR")
        if renderlayer.use_pass_z:
            self.register_pass(scene, renderlayer, "Depth", 1, "Z", "VALUE")

    def render(self, depsgraph: bpy.types.Depsgraph) -> None:
        # Blender only prints what is raised here and keeps an empty picture: every error must be told to the artist.
        try:
            self._render(depsgraph)
        except CameoError as error:
            self._fail(told_at_length(error))
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            self._fail(tr("Cameo's render engine failed: {error}", error=f"{type(error).__name__}: {error}"))

    def view_update(self, context: bpy.types.Context, depsgraph: bpy.types.Depsgraph) -> None:
        VIEWPORT.forget()

    def view_draw(self, context: bpy.types.Context, depsgraph: bpy.types.Depsgraph) -> None:
        scene = depsgraph.scene
        behind = None if scene.render.film_transparent else tuple(linear_to_srgb(_world_color(scene)).tolist())
        view = context.region, context.region_data, context.space_data
        VIEWPORT.draw(depsgraph, *view, alone=True, background=behind)

    def _render(self, depsgraph: bpy.types.Depsgraph) -> None:
        scene = depsgraph.scene
        size = (self.resolution_x, self.resolution_y)
        window = border_window(scene.render, size)
        camera = _supported_camera(self.camera_override or scene.camera).evaluated_get(depsgraph)
        self.update_stats("Cameo", tr("Gathering splats"))
        splats = gather_splats(depsgraph)
        if not len(splats.means):
            self.report({"WARNING"}, tr("Cameo found no avatar to render: is it hidden in renders?"))
        self.update_stats("Cameo", tr("{count} splats", count=len(splats.means)))
        raster = self._draw(splats, camera_view(camera, depsgraph, size, window), scene)
        if raster is None:
            return  # given up
        background = None if scene.render.film_transparent else _world_color(scene)
        self._write(window, combined_pass(raster, background), depth_pass(raster))

    def _draw(self, splats: SplatScene, view: View, scene: bpy.types.Scene) -> Raster | None:
        """Blend ``splats`` (display space) as ``view`` sees them; None when the artist gave up."""
        if _find_backend is not None and scene.cameo_view.draw_by_backend and backend_raster.can_draw(splats, view):
            try:
                return backend_raster.rasterize(splats, view, _required(_find_backend()), self.test_break)
            except CameoError as error:
                told = tr("The backend did not draw the picture, Blender did: {error}", error=told_at_length(error))
                self.report({"WARNING"}, told)
        if self.bl_use_gpu_context and gpu.platform.device_type_get() != "SOFTWARE":
            try:
                return gpu_raster.rasterize(splats, view)
            except RuntimeError as error:  # too large for the card, or its context is gone
                told = tr("The graphics card could not draw the splats, the processor did: {error}", error=error)
                self.report({"WARNING"}, told)
        return cpu_raster.rasterize(*splats, view)

    def _write(self, window: Window, combined: np.ndarray, depth: np.ndarray) -> None:
        result = self.begin_result(0, 0, window[2], window[3])
        passes = result.layers[0].passes
        passes["Combined"].rect.foreach_set(np.ascontiguousarray(combined[::-1]).ravel())  # Blender: last row first
        if "Depth" in passes:
            passes["Depth"].rect.foreach_set(np.ascontiguousarray(depth[::-1]).ravel())
        self.end_result(result)

    def _fail(self, message: str) -> None:
        self.report({"ERROR"}, message)
        self.error_set(message)


def _required(backend: Address | None) -> Address:
    if backend is None:
        raise NOT_RUNNING.as_error()
    return backend


def border_window(render: bpy.types.RenderSettings, size: tuple[int, int]) -> Window:
    """The part of the picture to render: all of it, or the render border, cut to pixels as Blender cuts it."""
    width, height = size
    if not render.use_border:
        return 0, 0, width, height
    left, right = int(render.border_min_x * width), int(render.border_max_x * width)
    bottom, top = int(render.border_min_y * height), int(render.border_max_y * height)
    return left, height - top, right - left, top - bottom


def _supported_camera(camera: bpy.types.Object | None) -> bpy.types.Object:
    if camera is None:
        raise CameoError("render.no_camera", "The scene has no camera.", fix="Add a camera, or set up a turntable.")
    if camera.type != "CAMERA" or camera.data.type not in ("PERSP", "ORTHO"):
        raise CameoError(
            "render.camera_type",
            f"Cameo cannot render through '{camera.name}'.",
            cause="It is not a perspective or orthographic camera.",
            fix="Choose another camera type, or another render engine.",
        )
    return camera


def _world_color(scene: bpy.types.Scene) -> tuple[float, float, float]:
    return (0.0, 0.0, 0.0) if scene.world is None else tuple(scene.world.color)


def register(find_backend: FindBackend | None = None) -> None:
    """Add the engine. ``find_backend``: where the backend is that draws pictures on request, if one runs."""
    global _find_backend
    _find_backend = find_backend
    CameoRenderEngine.bl_use_gpu_context = not bpy.app.background
    bpy.utils.register_class(CameoRenderEngine)
    compositing.register()


def unregister() -> None:
    compositing.unregister()
    bpy.utils.unregister_class(CameoRenderEngine)
