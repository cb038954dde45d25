"""Where the avatars' meshes stand in the view: splats lie on them and a little inside, and must not be hidden."""

from __future__ import annotations

from typing import NamedTuple

import bpy
import gpu
import numpy as np

from ..scene.avatar import MARK
from ..scene.head_display import is_left_out
from .gpu_splats import GpuView

_VERTEX = """
void main() {
  vec4 p = view * vec4(position, 1.0);
  z = -p.z;
  gl_Position = projection * p;
}
"""
_FRAGMENT = "void main() { color = vec4(z, 0.0, 0.0, 1.0); }"


class Surface(NamedTuple):
    """An avatar's mesh in the world: float32 ``points`` [V,3], int32 ``triangles`` [T,3]; ``owner``: see ``Cloud``."""

    owner: str
    points: np.ndarray
    triangles: np.ndarray


def gather_surfaces(depsgraph: bpy.types.Depsgraph) -> list[Surface]:
    """Meshes of all avatars that the viewport draws as meshes, instances included."""
    return [_surface(instance) for instance in depsgraph.object_instances if _is_drawn_head(instance.object)]


class ProxyDrawer:
    """Depth of surfaces along the camera's axis, metres; needs a current GPU context in every method."""

    _shader: gpu.types.GPUShader | None = None  # the same for every scene

    def __init__(self, surfaces: list[Surface]) -> None:
        counts = np.cumsum([0, *(len(surface.points) for surface in surfaces)])
        points = np.concatenate([surface.points for surface in surfaces])
        triangles = np.concatenate([surface.triangles + start for surface, start in zip(surfaces, counts)])
        layout = gpu.types.GPUVertFormat()
        layout.attr_add(id="position", comp_type="F32", len=3, fetch_mode="FLOAT")
        vertices = gpu.types.GPUVertBuf(layout, len(points))
        vertices.attr_fill("position", np.ascontiguousarray(points, np.float32))
        index = gpu.types.GPUIndexBuf(type="TRIS", seq=np.ascontiguousarray(triangles, np.int32))
        self._batch = gpu.types.GPUBatch(type="TRIS", buf=vertices, elem=index)

    def draw(self, view: GpuView) -> None:
        """Fill the bound framebuffer (red: depth; alpha: 1 where there is a surface)."""
        shader = self._shader or _make_shader()
        ProxyDrawer._shader = shader
        shader.bind()
        shader.uniform_float("view", view.view)
        shader.uniform_float("projection", view.projection)
        gpu.state.blend_set("NONE")
        gpu.state.depth_mask_set(True)
        gpu.state.depth_test_set("LESS")
        self._batch.draw(shader)
        gpu.state.depth_test_set("NONE")
        gpu.state.depth_mask_set(False)


def _is_drawn_head(candidate: bpy.types.Object) -> bool:
    if candidate.type != "MESH" or candidate.parent is None or MARK not in candidate.parent:
        return False
    return not is_left_out(candidate)


def _surface(instance: bpy.types.DepsgraphObjectInstance) -> Surface:
    mesh, matrix = instance.object.data, np.array(instance.matrix_world, np.float32)
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    mesh.calc_loop_triangles()
    triangles = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles)
    owner = (instance.parent or instance.object).original.name
    return Surface(owner, points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3], triangles.reshape(-1, 3))


def _make_shader() -> gpu.types.GPUShader:
    passed = gpu.types.GPUStageInterfaceInfo("cameo_proxy")
    passed.smooth("FLOAT", "z")
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "view")
    info.push_constant("MAT4", "projection")
    info.vertex_in(0, "VEC3", "position")
    info.vertex_out(passed)
    info.fragment_out(0, "VEC4", "color")
    info.vertex_source(_VERTEX)
    info.fragment_source(_FRAGMENT)
    return gpu.shader.create_from_info(info)
