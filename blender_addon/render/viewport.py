"""Splats in the 3D viewport, drawn over whatever Blender shows.

Splats blend in display space and the viewport's buffer does not, so they are drawn off screen first and laid over the
view as one picture with a depth of its own: nearer objects hide them, as they hide the viewport's other objects. They
are taken to be a little nearer than they are, so that the proxy inside them does not shine through.
"""

from __future__ import annotations

import bpy
import gpu
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix

from .gather import gather_splats
from .gpu_splats import GpuView, SplatDrawer

PULL = 0.03  # metres, more than hair stands off its proxy

_OVERLAY_VERTEX = "void main() { uv = corner * 0.5 + 0.5; gl_Position = vec4(corner, 0.0, 1.0); }"
_OVERLAY_FRAGMENT = """
vec3 linear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(vec3(0.04045), c)); }

void main() {
  vec4 splats = texture(colors, uv);
  if (splats.a < 0.004) discard;
  float z = texture(depths, uv).r / splats.a - pull;
  vec4 clip = projection * vec4(0.0, 0.0, -max(z, 0.011), 1.0);
  gl_FragDepth = clip.z / clip.w * 0.5 + 0.5;
  color = vec4(linear(splats.rgb / splats.a), splats.a);  // the viewport's buffer encodes sRGB itself
}
"""


class ViewportSplats:
    """Draws the splats of the scene after each redraw of a 3D view; one for the whole add-on."""

    def __init__(self) -> None:
        self._handle: object | None = None
        self._drawer: SplatDrawer | None = None
        self._overlay: gpu.types.GPUShader | None = None
        self._targets: dict[str, gpu.types.GPUOffScreen] = {}
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why nothing is drawn, or empty."""
        return self._problem

    def start(self) -> None:
        """Begin to draw. Without a window there is nothing to draw on, and this does nothing."""
        if self._handle is not None or bpy.app.background:
            return
        self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw_safely, (), "WINDOW", "POST_VIEW")
        for event in (bpy.app.handlers.depsgraph_update_post, bpy.app.handlers.frame_change_post):
            event.append(_forget_splats)
        bpy.app.handlers.load_post.append(_forget_splats)

    def stop(self) -> None:
        if self._handle is None:
            return
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        self._handle = None
        for event in (
            bpy.app.handlers.depsgraph_update_post,
            bpy.app.handlers.frame_change_post,
            bpy.app.handlers.load_post,
        ):
            if _forget_splats in event:
                event.remove(_forget_splats)
        self.forget()

    def forget(self) -> None:
        """The scene changed: gather its splats again at the next redraw."""
        self._drawer = None

    def draw(self, depsgraph: bpy.types.Depsgraph, region: bpy.types.Region, view: bpy.types.RegionView3D) -> None:
        """Draw into the region that is being redrawn."""
        if self._drawer is None:
            splats = gather_splats(depsgraph)
            self._drawer = SplatDrawer(splats) if len(splats.means) else None
        if self._drawer is None:
            return
        seen = GpuView(view.view_matrix, view.window_matrix, region.width, region.height, not view.is_perspective)
        colors, depths = (self._draw_off_screen(name, seen) for name in ("color", "depth"))
        self._lay_over(colors, depths, view.window_matrix)

    def _draw_safely(self) -> None:
        """Blender's border: an error in a draw handler would be printed at every redraw, for ever."""
        context = bpy.context
        if context.region_data is None or context.space_data.shading.type == "RENDERED":
            return  # in rendered view the engine in use shows what it can
        try:
            self.draw(context.evaluated_depsgraph_get(), context.region, context.region_data)
        except Exception as error:  # noqa: BLE001
            self._problem = f"Splats cannot be drawn in the viewport: {type(error).__name__}: {error}"
            print(self._problem)
            self.stop()

    def _draw_off_screen(self, name: str, view: GpuView) -> gpu.types.GPUTexture:
        target = self._targets.get(name)
        if target is None or (target.width, target.height) != (view.width, view.height):
            target = self._targets[name] = gpu.types.GPUOffScreen(view.width, view.height, format="RGBA32F")
        with target.bind():
            gpu.state.active_framebuffer_get().clear(color=(0.0, 0.0, 0.0, 0.0))
            gpu.state.depth_test_set("NONE")
            self._drawer.draw(view, depth=name == "depth")
        return target.texture_color

    def _lay_over(self, colors: gpu.types.GPUTexture, depths: gpu.types.GPUTexture, projection: Matrix) -> None:
        shader = self._overlay = self._overlay or _make_overlay_shader()
        batch = batch_for_shader(shader, "TRI_STRIP", {"corner": [(-1, -1), (1, -1), (-1, 1), (1, 1)]})
        shader.bind()
        shader.uniform_sampler("colors", colors)
        shader.uniform_sampler("depths", depths)
        shader.uniform_float("projection", projection)
        shader.uniform_float("pull", PULL)
        gpu.state.blend_set("ALPHA")
        gpu.state.depth_test_set("LESS_EQUAL")
        gpu.state.depth_mask_set(False)
        batch.draw(shader)
        gpu.state.depth_test_set("NONE")
        gpu.state.blend_set("NONE")


VIEWPORT = ViewportSplats()


@bpy.app.handlers.persistent
def _forget_splats(*_: object) -> None:
    VIEWPORT.forget()


def _make_overlay_shader() -> gpu.types.GPUShader:
    passed = gpu.types.GPUStageInterfaceInfo("cameo_overlay")
    passed.smooth("VEC2", "uv")
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "projection")
    info.push_constant("FLOAT", "pull")
    info.sampler(0, "FLOAT_2D", "colors")
    info.sampler(1, "FLOAT_2D", "depths")
    info.vertex_in(0, "VEC2", "corner")
    info.vertex_out(passed)
    info.fragment_out(0, "VEC4", "color")
    info.depth_write("ANY")
    info.vertex_source(_OVERLAY_VERTEX)
    info.fragment_source(_OVERLAY_FRAGMENT)
    return gpu.shader.create_from_info(info)


def register() -> None:
    VIEWPORT.start()


def unregister() -> None:
    VIEWPORT.stop()
