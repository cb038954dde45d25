"""Splats in the 3D viewport, drawn over whatever Blender shows, or alone as the view of the engine ``CAMEO``.

Splats blend in display space and the viewport's buffer does not, so they are drawn off screen first and laid over the
view as one picture with a depth of its own: nearer objects hide them, as they hide the viewport's other objects. The
avatar's own mesh is the exception where it is drawn (``scene/head_display.py``): splats that lie a little inside it
count as lying on it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import bpy
import gpu
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix

from ..scene.picture import ENGINE
from ..words import tr
from .gather import Cloud, gather_clouds, is_splat_cloud, together
from .gpu_splats import GpuView, SplatDrawer
from .proxy_depth import ProxyDrawer, Surface, gather_surfaces
from .thinning import thinned

INSIDE = 0.05  # metres below the avatar's surface to which splats still belong to it

_OVERLAY_VERTEX = "void main() { uv = corner * 0.5 + 0.5; gl_Position = vec4(corner, 0.0, 1.0); }"
_OVERLAY_FRAGMENT = """
vec3 linear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(vec3(0.04045), c)); }

float on_surface(float z) {  // the nearest surface around this pixel that a splat at z belongs to; else z itself
  float place = z;
  vec2 step = 1.0 / vec2(textureSize(colors, 0));  // the viewport smooths edges, and these pictures may be coarser
  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++) {
      vec4 found = texture(proxy, uv + step * vec2(i, j));
      float gap = max(0.0005, 2e-5 * found.r * found.r);  // metres; the depth buffer is coarse far away
      if (found.a > 0.5 && z > found.r - gap && z < found.r + inside) place = min(place, found.r - gap);
    }
  return place;
}

void main() {
  vec4 splats = texture(colors, uv);
  if (behind.a > 0.5) {  // nothing else shows: blend as the render does
    color = vec4(linear(splats.rgb + (1.0 - splats.a) * behind.rgb), 1.0);
    gl_FragDepth = 0.0;
    return;
  }
  if (splats.a < 0.004) discard;
  float z = on_surface(texture(depths, uv).r / splats.a);
  vec4 clip = projection * vec4(0.0, 0.0, -max(z, 0.011), 1.0);
  gl_FragDepth = clip.z / clip.w * 0.5 + 0.5;
  color = vec4(linear(splats.rgb / splats.a), splats.a);  // the viewport's buffer encodes sRGB itself
}
"""


class ViewportSplats:
    """Draws the splats of the scene after each redraw of a 3D view; one for the whole add-on."""

    def __init__(self) -> None:
        self._handle: object | None = None
        self._clouds: dict[tuple[str, str], list[Cloud]] = {}  # by scene and view layer
        self._surfaces: dict[tuple[str, str], list[Surface]] = {}
        self._drawers: dict[tuple[object, ...], SplatDrawer] = {}  # by what is seen, and how densely
        self._proxies: dict[tuple[object, ...], ProxyDrawer] = {}  # by what is seen
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
        bpy.app.handlers.depsgraph_update_post.append(_forget_what_changed)
        for event in _everything_changes():
            event.append(_forget_splats)

    def stop(self) -> None:
        if self._handle is None:
            return
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        self._handle = None
        bpy.app.handlers.depsgraph_update_post.remove(_forget_what_changed)
        for event in _everything_changes():
            event.remove(_forget_splats)
        self.forget()

    def forget(self) -> None:
        """The scene changed: gather its splats again at the next redraw."""
        for kept in (self._clouds, self._surfaces, self._drawers, self._proxies):
            kept.clear()

    def draw(
        self,
        depsgraph: bpy.types.Depsgraph,
        region: bpy.types.Region,
        view: bpy.types.RegionView3D,
        space: bpy.types.SpaceView3D,
        *,
        alone: bool = False,
        background: tuple[float, float, float] | None = None,
    ) -> None:
        """Draw what ``space`` shows (local view, hidden objects) into the region that is being redrawn.

        Args:
            alone: as the render shows them: nothing else in the scene hides them, and they are never left out.
            background: display-space colour that fills the region behind them; needs ``alone``.
        """
        settings = depsgraph.scene.cameo_view
        wanted = alone or settings.show_splats
        drawer = self._drawer_of(depsgraph, space, settings.density / 100, native=alone) if wanted else None
        if drawer is None and background is None:
            return
        whole = GpuView(view.view_matrix, view.window_matrix, region.width, region.height, not view.is_perspective)
        share = int(settings.resolution)
        seen = whole._replace(width=max(1, region.width // share), height=max(1, region.height // share))
        proxy = None if alone else self._proxy_of(depsgraph, space)
        depth = None if alone else partial(drawer.draw, depth=True)
        region_buffer = gpu.state.active_framebuffer_get()  # to make an off-screen buffer leaves none bound
        pictures = {
            "colors": self._draw_off_screen("color", seen, drawer and drawer.draw),
            "depths": self._draw_off_screen("depth", seen, depth),
            "proxy": self._draw_off_screen("proxy", whole, proxy and proxy.draw),
        }
        with region_buffer.bind():
            # in Rendered view Blender knows the depth of its objects only for the sake of its overlays
            has_depth = not _is_rendered(space) or space.overlay.show_overlays
            self._lay_over(pictures, view.window_matrix, background, hidden_by_others=has_depth and not alone)

    def _drawer_of(
        self, depsgraph: bpy.types.Depsgraph, space: bpy.types.SpaceView3D, density: float, *, native: bool
    ) -> SplatDrawer | None:
        """The splats of all clouds that the view shows, sorted together; None where it shows none.

        Args:
            native: those that Blender draws, too; else it would show them twice.
        """
        layer = (depsgraph.scene.name, depsgraph.view_layer.name)
        if layer not in self._clouds:
            self._clouds[layer] = gather_clouds(depsgraph)
        clouds = self._clouds[layer]
        shown = tuple(
            number
            for number, cloud in enumerate(clouds)
            if (native or not cloud.native) and _is_shown(cloud.owner, space)
        )
        if not shown:
            return None
        key = (layer, shown, density)
        if key not in self._drawers:
            splats = together(clouds[number].splats for number in shown)
            self._drawers[key] = SplatDrawer(thinned(splats, density * len(splats.means)))
        return self._drawers[key]

    def _proxy_of(self, depsgraph: bpy.types.Depsgraph, space: bpy.types.SpaceView3D) -> ProxyDrawer | None:
        """The meshes of all avatars that the view shows; None where it shows none."""
        layer = (depsgraph.scene.name, depsgraph.view_layer.name)
        if layer not in self._surfaces:
            self._surfaces[layer] = gather_surfaces(depsgraph)
        surfaces = self._surfaces[layer]
        shown = tuple(number for number, surface in enumerate(surfaces) if _is_shown(surface.owner, space))
        if not shown:
            return None
        if (layer, shown) not in self._proxies:
            self._proxies[layer, shown] = ProxyDrawer([surfaces[number] for number in shown])
        return self._proxies[layer, shown]

    def _draw_safely(self) -> None:
        """Blender's border: an error in a draw handler would be printed at every redraw, for ever."""
        context = bpy.context
        if context.region_data is None or (_is_rendered(context.space_data) and context.scene.render.engine == ENGINE):
            return  # the engine itself calls draw
        try:
            depsgraph = context.evaluated_depsgraph_get()
            self.draw(depsgraph, context.region, context.region_data, context.space_data)
        except Exception as error:  # noqa: BLE001
            words = f"{type(error).__name__}: {error}"
            self._problem = tr("Splats cannot be drawn in the viewport: {error}", error=words)
            print(self._problem)
            self.stop()

    def _draw_off_screen(
        self, name: str, view: GpuView, draw: Callable[[GpuView], None] | None
    ) -> gpu.types.GPUTexture:
        """A picture of its own, empty where there is nothing to ``draw``."""
        target = self._targets.get(name)
        if target is None or (target.width, target.height) != (view.width, view.height):
            target = self._targets[name] = gpu.types.GPUOffScreen(view.width, view.height, format="RGBA32F")
        with target.bind():
            gpu.state.active_framebuffer_get().clear(color=(0.0, 0.0, 0.0, 0.0), depth=1.0)
            gpu.state.depth_test_set("NONE")
            if draw is not None:
                draw(view)
        return target.texture_color

    def _lay_over(
        self,
        pictures: dict[str, gpu.types.GPUTexture],
        projection: Matrix,
        background: tuple[float, float, float] | None,
        *,
        hidden_by_others: bool,
    ) -> None:
        shader = self._overlay = self._overlay or _make_overlay_shader()
        batch = batch_for_shader(shader, "TRI_STRIP", {"corner": [(-1, -1), (1, -1), (-1, 1), (1, 1)]})
        shader.bind()
        for name, picture in pictures.items():
            shader.uniform_sampler(name, picture)
        shader.uniform_float("projection", projection)
        shader.uniform_float("inside", INSIDE)
        shader.uniform_float("behind", (0.0, 0.0, 0.0, 0.0) if background is None else (*background, 1.0))
        gpu.state.blend_set("ALPHA")
        gpu.state.depth_test_set("LESS_EQUAL" if hidden_by_others else "NONE")
        gpu.state.depth_mask_set(False)
        batch.draw(shader)
        gpu.state.depth_test_set("NONE")
        gpu.state.blend_set("NONE")


VIEWPORT = ViewportSplats()


@bpy.app.handlers.persistent
def _forget_splats(*_: object) -> None:
    VIEWPORT.forget()


@bpy.app.handlers.persistent
def _forget_what_changed(_scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """A moved cube does not change a head: gathering 100 000 splats takes longer than drawing the cube."""
    if any(_concerns_splats(update.id) for update in depsgraph.updates):
        VIEWPORT.forget()


def _concerns_splats(changed: bpy.types.ID) -> bool:
    if isinstance(changed, bpy.types.Object):
        return changed.instance_type != "NONE" or is_splat_cloud(changed)  # a head's splats change with it
    return isinstance(changed, (bpy.types.Scene, bpy.types.Collection, bpy.types.PointCloud))


def _everything_changes() -> tuple[list[object], ...]:
    events = bpy.app.handlers
    return events.frame_change_post, events.load_post, events.undo_post, events.redo_post


def _is_shown(name: str, space: bpy.types.SpaceView3D) -> bool:
    owner = bpy.data.objects.get(name)
    return owner is not None and owner.visible_in_viewport_get(space)


def _is_rendered(space: bpy.types.SpaceView3D) -> bool:
    return space.shading.type == "RENDERED"


def _make_overlay_shader() -> gpu.types.GPUShader:
    passed = gpu.types.GPUStageInterfaceInfo("cameo_overlay")
    passed.smooth("VEC2", "uv")
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "projection")
    info.push_constant("FLOAT", "inside")
    info.push_constant("VEC4", "behind")
    info.sampler(0, "FLOAT_2D", "colors")
    info.sampler(1, "FLOAT_2D", "depths")
    info.sampler(2, "FLOAT_2D", "proxy")
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
