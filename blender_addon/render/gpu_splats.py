"""Splats on the graphics card: one instanced-by-hand quad per splat, drawn far to near with premultiplied blending.

Constants and formulas are those of ``projection.py``. All per-splat data lie in one float texture, so that turning the
view only uploads a new order.
"""

from __future__ import annotations

from typing import NamedTuple

import gpu
import numpy as np
from mathutils import Matrix

from .gather import SplatScene
from .projection import ALPHA_MIN, EPS2D, FRUSTUM_MARGIN, rotation_matrices

_TEXELS = 4  # of the data texture per splat: mean and opacity; covariance (6); colour
_TEXTURE_WIDTH = 2048
_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, -1], [1, 1], [-1, 1]], np.float32)

_UNIFORMS = """
struct SplatView {
  mat4 view;
  mat4 projection;
  vec4 size;   // viewport width, height in pixels; focal lengths in pixels
  vec4 limits; // x/z and y/z (lowest, highest) inside which the projection's Jacobian follows the point
  vec4 extra;  // 1 if orthographic; 1 to draw depth; unused
};
"""

_VERTEX = f"""
vec4 texel(int i) {{ return texelFetch(splats, ivec2(i % {_TEXTURE_WIDTH}, i / {_TEXTURE_WIDTH}), 0); }}

void main() {{
  vec4 a = texel(number * 4), c0 = texel(number * 4 + 1), c1 = texel(number * 4 + 2), rgb = texel(number * 4 + 3);
  vec3 p = (u.view * vec4(a.xyz, 1.0)).xyz;
  float z = max(-p.z, 1e-6);
  bool ortho = u.extra.x > 0.5;
  vec2 focal = u.size.zw;
  vec2 slope = clamp(p.xy / z, u.limits.xz, u.limits.yw);
  mat3 world = mat3(c0.x, c0.y, c0.z,  c0.y, c0.w, c1.x,  c0.z, c1.x, c1.y);
  mat3 turn = mat3(u.view);
  mat3 cov = turn * world * transpose(turn);
  vec3 ju = ortho ? vec3(focal.x, 0.0, 0.0) : vec3(focal.x, 0.0, focal.x * slope.x) / z;
  vec3 jv = ortho ? vec3(0.0, focal.y, 0.0) : vec3(0.0, focal.y, focal.y * slope.y) / z;
  float xx = dot(ju, cov * ju) + {EPS2D}, xy = dot(ju, cov * jv), yy = dot(jv, cov * jv) + {EPS2D};
  float reach = sqrt(2.0 * log(max(a.w, {ALPHA_MIN}) / {ALPHA_MIN}));
  float mid = 0.5 * (xx + yy), spread = length(vec2(0.5 * (xx - yy), xy));
  float longer = mid + spread, shorter = max(mid - spread, 0.5 * {EPS2D});
  vec2 axis = spread < 1e-6 ? vec2(1.0, 0.0) : normalize(abs(xx - longer) > abs(yy - longer) ? vec2(xy, longer - xx)
                                                                                            : vec2(longer - yy, xy));
  vec2 reach2 = reach * sqrt(vec2(longer, shorter));
  vec2 offset = corner.x * reach2.x * axis + corner.y * reach2.y * vec2(-axis.y, axis.x);
  place = corner * reach;
  shade = vec4(u.extra.y > 0.5 ? vec3(z) : rgb.rgb, a.w);
  vec4 clip = u.projection * vec4(p, 1.0);
  clip.xy += offset * 2.0 / u.size.xy * clip.w;
  bool hidden = a.w < {ALPHA_MIN} || (!ortho && -p.z <= 0.01);
  gl_Position = hidden ? vec4(2.0, 2.0, 2.0, 1.0) : clip;
}}
"""

_FRAGMENT = f"""
void main() {{
  float alpha = min(0.999, shade.a * exp(-0.5 * dot(place, place)));
  if (alpha < {ALPHA_MIN}) discard;
  color = vec4(shade.rgb * alpha, alpha);
}}
"""


class GpuView(NamedTuple):
    """What the shader sees: Blender's own matrices (camera looks along -z) and the viewport in pixels."""

    view: Matrix
    projection: Matrix
    width: int
    height: int
    orthographic: bool


class SplatDrawer:
    """Splats of one moment on the graphics card. Needs a current GPU context in every method."""

    _shader: gpu.types.GPUShader | None = None  # one for all drawers

    def __init__(self, splats: SplatScene) -> None:
        self._means = splats.means
        self._texture = _data_texture(splats)
        self._batch: gpu.types.GPUBatch | None = None
        self._sorted_along: np.ndarray | None = None

    def draw(self, view: GpuView, *, depth: bool = False) -> None:
        """Blend into the bound framebuffer, display-space colour, premultiplied.

        Args:
            depth: draw distance along the camera's axis in place of colour.
        """
        self._sort(view)
        shader = self._shader or _make_shader()
        SplatDrawer._shader = shader
        shader.bind()
        uniforms = gpu.types.GPUUniformBuf(_uniforms(view, depth))  # must outlive the draw call
        shader.uniform_block("u", uniforms)
        shader.uniform_sampler("splats", self._texture)
        gpu.state.blend_set("ALPHA_PREMULT")
        self._batch.draw(shader)
        gpu.state.blend_set("NONE")

    def _sort(self, view: GpuView) -> None:
        """Order the quads far to near, if the view turned since the last time."""
        along = np.array(view.view, np.float32)[2, :3]  # moving the view does not change the order along its axis
        if self._sorted_along is not None and np.allclose(along, self._sorted_along, atol=1e-3):
            return
        order = np.argsort(self._means @ along).astype(np.int32)
        layout = gpu.types.GPUVertFormat()
        layout.attr_add(id="corner", comp_type="F32", len=2, fetch_mode="FLOAT")
        layout.attr_add(id="number", comp_type="I32", len=1, fetch_mode="INT")
        vertices = gpu.types.GPUVertBuf(layout, len(order) * len(_CORNERS))
        vertices.attr_fill("corner", np.tile(_CORNERS, (len(order), 1)))
        vertices.attr_fill("number", np.repeat(order, len(_CORNERS)))
        self._batch = gpu.types.GPUBatch(type="TRIS", buf=vertices)
        self._sorted_along = along


def _make_shader() -> gpu.types.GPUShader:
    passed = gpu.types.GPUStageInterfaceInfo("cameo_splat")
    passed.smooth("VEC2", "place")
    passed.flat("VEC4", "shade")
    info = gpu.types.GPUShaderCreateInfo()
    info.typedef_source(_UNIFORMS)
    info.uniform_buf(0, "SplatView", "u")
    info.sampler(0, "FLOAT_2D", "splats")
    info.vertex_in(0, "VEC2", "corner")
    info.vertex_in(1, "INT", "number")
    info.vertex_out(passed)
    info.fragment_out(0, "VEC4", "color")
    info.vertex_source(_VERTEX)
    info.fragment_source(_FRAGMENT)
    return gpu.shader.create_from_info(info)


def _uniforms(view: GpuView, depth: bool) -> gpu.types.Buffer:
    """The SplatView block in std140: matrices by columns."""
    projection = np.array(view.projection, np.float32)
    focal = projection[0, 0] * view.width / 2, projection[1, 1] * view.height / 2
    limits = []
    for axis in range(2):
        center, half = projection[axis, 2] / projection[axis, axis], 1 / projection[axis, axis]
        reach = half * (1 + 2 * FRUSTUM_MARGIN)
        limits += [center - reach, center + reach]
    values = [
        *np.array(view.view, np.float32).T.ravel(),
        *projection.T.ravel(),
        *(view.width, view.height, *focal),
        *limits,
        *(float(view.orthographic), float(depth), 0.0, 0.0),
    ]
    return gpu.types.Buffer("FLOAT", len(values), [float(value) for value in values])


def _data_texture(splats: SplatScene) -> gpu.types.GPUTexture:
    count = len(splats.means)
    rows = max(1, -(-count * _TEXELS // _TEXTURE_WIDTH))
    texels = np.zeros((rows * _TEXTURE_WIDTH, 4), np.float32)
    data = texels[: count * _TEXELS].reshape(count, _TEXELS, 4)
    covariance = _covariances(splats.quats, splats.scales)
    data[:, 0, :3], data[:, 0, 3] = splats.means, splats.opacities
    data[:, 1, :3], data[:, 1, 3] = covariance[:, 0], covariance[:, 1, 1]
    data[:, 2, 0], data[:, 2, 1] = covariance[:, 1, 2], covariance[:, 2, 2]
    data[:, 3, :3] = splats.colors
    buffer = gpu.types.Buffer("FLOAT", texels.size, texels.ravel())
    return gpu.types.GPUTexture((_TEXTURE_WIDTH, rows), format="RGBA32F", data=buffer)


def _covariances(quats: np.ndarray, scales: np.ndarray) -> np.ndarray:
    axes = rotation_matrices(quats) * scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)
