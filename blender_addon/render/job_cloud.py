"""The head in the making: the newest cloud of a running job, drawn in the viewport where its avatar will stand.

Soft discs, blended far to near; sorted again only when the view turns. There is no draw handler without a cloud.
"""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import gpu
import numpy as np
from mathutils import Matrix

from ...protocol.messages import Preview
from ..link.job_view import JobView
from ..scene.placing import free_place

_REACH = 2.2  # of a splat's scale: the radius of its disc, at whose rim the bell is cut
_GROWN = 1.3  # discs are round and few: grown they cover what lies under the skin
_LARGEST = 80  # percentile of the scales that no disc exceeds: needles would be large round clouds
_TO_BLENDER = Matrix(((1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)))  # the avatar's root stands so

_VERTEX = """
void main() {
  vec4 clip = projection * vec4(place.xyz, 1.0);
  float along = ortho > 0.5 ? 1.0 : max(clip.w, 1e-4);
  gl_Position = clip;
  gl_PointSize = clamp(2.0 * place.w * focal / along, 1.5, 200.0);
  shade = tint;
}
"""
_FRAGMENT = """
vec3 linear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(vec3(0.04045), c)); }

void main() {
  vec2 from_center = gl_PointCoord * 2.0 - 1.0;
  float out_there = dot(from_center, from_center);
  if (out_there > 1.0) discard;
  float alpha = exp(-0.5 * REACH * REACH * out_there);
  color = vec4(linear(shade.rgb), alpha);  // the viewport's buffer encodes sRGB itself
}
""".replace("REACH", str(_REACH))


class JobCloud:
    """One for the whole add-on. Draws the cloud of the newest job that is not finished."""

    def __init__(self) -> None:
        self._handle: object | None = None
        self._cloud: Preview | None = None
        self._vertices: gpu.types.GPUVertBuf | None = None
        self._batch: gpu.types.GPUBatch | None = None
        self._sorted_along: np.ndarray | None = None
        self._shader: gpu.types.GPUShader | None = None
        self._place: Matrix | None = None  # found at the first drawing
        self._problem = ""

    @property
    def cloud(self) -> Preview | None:
        """What is drawn now."""
        return self._cloud

    def follow(self, jobs: Iterable[JobView], *, wanted: bool = True) -> bool:
        """Take up what the jobs have become; whether the viewport has to be drawn again. Costs nothing without jobs."""
        made = [job for job in jobs if job.splats is not None and not job.finished] if wanted else []
        shown = [job for job in made if len(job.splats.means)]
        cloud = shown[-1].splats if shown and not self._problem else None
        if cloud is self._cloud:
            return False
        self._cloud, self._vertices = cloud, None
        if cloud is None:
            self._remove_handler()
            self._place = None
        elif self._handle is None and not bpy.app.background:
            draw = bpy.types.SpaceView3D.draw_handler_add
            self._handle = draw(self._draw_safely, (), "WINDOW", "POST_VIEW")
        return True

    def stop(self) -> None:
        """Draw nothing any more."""
        self._cloud = self._vertices = self._batch = self._place = None
        self._problem = ""
        self._remove_handler()

    def draw(
        self,
        window_matrix: Matrix,
        view_matrix: Matrix,
        width: int,
        *,
        orthographic: bool,
        place: Matrix = Matrix(),  # noqa: B008 - nobody changes it
    ) -> None:
        """Draw into the bound framebuffer, with its depth. Needs a current GPU context.

        Args:
            window_matrix, view_matrix: Blender's own. width: of the region, pixels.
            place: where the avatar's root will stand, to the world frame.
        """
        if self._cloud is None:
            return
        shader = self._shader = self._shader or make_shader()
        head2world = place @ _TO_BLENDER
        self._sort(self._cloud, np.array(view_matrix @ head2world, np.float32)[2, :3])
        shader.bind()
        shader.uniform_float("projection", window_matrix @ view_matrix @ head2world)
        shader.uniform_float("focal", window_matrix[0][0] * width / 2)
        shader.uniform_float("ortho", float(orthographic))
        gpu.state.depth_test_set("LESS_EQUAL")
        gpu.state.blend_set("ALPHA")
        gpu.state.program_point_size_set(True)
        self._batch.draw(shader)
        gpu.state.program_point_size_set(False)
        gpu.state.blend_set("NONE")
        gpu.state.depth_test_set("NONE")

    def _sort(self, cloud: Preview, along: np.ndarray) -> None:
        """Order the discs far to near along the view, if the cloud or the view is another than the last time.

        Args:
            along: [3], from the scene to the eye, head frame.
        """
        if self._vertices is None:
            self._vertices = _vertices_of(cloud)
        elif self._batch is not None and np.allclose(along, self._sorted_along, atol=1e-3):
            return
        order = np.argsort(cloud.means @ along).astype(np.int32)
        index = gpu.types.GPUIndexBuf(type="POINTS", seq=order)
        self._batch = gpu.types.GPUBatch(type="POINTS", buf=self._vertices, elem=index)
        self._sorted_along = along

    def _draw_safely(self) -> None:
        """Blender's border: an error in a draw handler would be printed at every redraw, for ever."""
        view = bpy.context.region_data
        if view is None:
            return
        try:
            width = bpy.context.region.width
            if self._place is None:
                self._place = Matrix.Translation(free_place(bpy.context))
            flat = not view.is_perspective
            self.draw(view.window_matrix, view.view_matrix, width, orthographic=flat, place=self._place)
        except Exception as error:  # noqa: BLE001
            self._problem = f"The head in the making cannot be drawn: {type(error).__name__}: {error}"
            print(self._problem)
            self._remove_handler()

    def _remove_handler(self) -> None:
        if self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None


CLOUD = JobCloud()


def _vertices_of(cloud: Preview) -> gpu.types.GPUVertBuf:
    count = len(cloud.means)
    place = np.empty((count, 4), np.float32)
    scales = np.minimum(_GROWN * cloud.scales, np.percentile(cloud.scales, _LARGEST))
    place[:, :3], place[:, 3] = cloud.means, _REACH * scales
    layout = gpu.types.GPUVertFormat()
    layout.attr_add(id="place", comp_type="F32", len=4, fetch_mode="FLOAT")
    layout.attr_add(id="tint", comp_type="F32", len=4, fetch_mode="FLOAT")
    vertices = gpu.types.GPUVertBuf(layout, count)
    vertices.attr_fill("place", place)
    tint = np.ones((count, 4), np.float32)
    tint[:, :3] = np.asarray(cloud.colors, np.float32) / 255
    vertices.attr_fill("tint", tint)
    return vertices


def make_shader() -> gpu.types.GPUShader:
    """The discs' shader. Needs a current GPU context."""
    passed = gpu.types.GPUStageInterfaceInfo("cameo_job_cloud")
    passed.flat("VEC4", "shade")
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "projection")
    info.push_constant("FLOAT", "focal")
    info.push_constant("FLOAT", "ortho")
    info.vertex_in(0, "VEC4", "place")
    info.vertex_in(1, "VEC4", "tint")
    info.vertex_out(passed)
    info.fragment_out(0, "VEC4", "color")
    info.vertex_source(_VERTEX)
    info.fragment_source(_FRAGMENT)
    return gpu.shader.create_from_info(info)
