"""The Gaussians of an avatar as a point cloud that follows the head by geometry nodes.

The attributes bear the names that Blender 5.3 reads natively (``scale`` linear, ``rotation`` wxyz, ``radiance:base``);
``Color`` and ``opacity`` carry the same for everything older, and for the own render engine.
"""

from __future__ import annotations

import bpy
import numpy as np

from ...protocol.avatar import AvatarData
from . import binding_nodes as names
from .color import srgb_to_linear
from .materials import COLOR_ATTRIBUTE, avatar_material

COLOR, OPACITY, RADIUS, RADIANCE = COLOR_ATTRIBUTE, "opacity", "radius", "radiance:base"
NATIVE = "GAUSSIAN_SPLAT"  # the type of a point cloud that Blender draws as splats, since 5.3
SH_DC = 0.28209479177387814  # constant spherical harmonic: radiance = (rgb - 0.5) / SH_DC
POINT_SIGMAS = 1.2  # radius of the point that stands for a splat where splats cannot be drawn

_ELEMENT = {
    "FLOAT": ("value", np.float32),
    "INT": ("value", np.int32),
    "FLOAT_VECTOR": ("vector", np.float32),
    "FLOAT4": ("vector", np.float32),
    "QUATERNION": ("value", np.float32),
    "FLOAT_COLOR": ("color", np.float32),
}


def create_splats(
    context: bpy.types.Context, data: AvatarData, head: bpy.types.Object, collection: bpy.types.Collection, name: str
) -> bpy.types.Object:
    """A point cloud object of N splats bound to ``head``, linked to ``collection``, in the head frame."""
    splats = _new_pointcloud(context, len(data.gaussian_face), name, collection)
    cloud = splats.data
    write_attribute(cloud, "position", "FLOAT_VECTOR", rest_centres(data))
    write_attribute(cloud, names.FACE, "INT", data.gaussian_face)
    write_attribute(cloud, names.OFFSET, "FLOAT_VECTOR", data.gaussian_offset)
    write_attribute(cloud, names.REST_EDGES, "FLOAT_VECTOR", data.gaussian_rest_edges)
    write_attribute(cloud, names.REST_ROTATION, "QUATERNION", data.gaussian_rotation)
    write_attribute(cloud, names.REST_SCALE, "FLOAT_VECTOR", data.gaussian_scale)
    _write_look(cloud, data)
    cloud.materials.append(avatar_material())
    names.bind(splats, head)
    if "type" in bpy.types.PointCloud.bl_rna.properties:
        cloud.type = NATIVE
    return splats


def drawn_by_blender(cloud: bpy.types.PointCloud) -> bool:
    """Whether Blender itself draws the splats of ``cloud``, in every view and with every engine of its own."""
    return getattr(cloud, "type", "") == NATIVE


def read_splats(splats: bpy.types.Object) -> dict[str, np.ndarray]:
    """The splats as evaluated geometry holds them, in the object's own frame.

    Args:
        splats: evaluated object (``object.evaluated_get(depsgraph)``).

    Returns:
        float32 ``means`` [N,3] metres, ``quats`` [N,4] wxyz, ``scales`` [N,3] metres, ``opacities`` [N], and
        ``colors`` [N,3] scene-linear.
    """
    cloud = splats.data
    return {
        "means": read_attribute(cloud, "position"),
        "quats": read_attribute(cloud, names.ROTATION),
        "scales": read_attribute(cloud, names.SCALE),
        "opacities": read_attribute(cloud, OPACITY),
        "colors": read_attribute(cloud, COLOR)[:, :3],
    }


def write_attribute(cloud: bpy.types.PointCloud, name: str, kind: str, values: np.ndarray) -> None:
    """Create or overwrite the point attribute ``name``."""
    field, dtype = _ELEMENT[kind]
    attribute = cloud.attributes.get(name) or cloud.attributes.new(name, kind, "POINT")
    attribute.data.foreach_set(field, np.ascontiguousarray(values, dtype).ravel())


def read_attribute(cloud: bpy.types.PointCloud, name: str) -> np.ndarray:
    """float32 or int32 [N] or [N,width].

    Raises:
        KeyError: the point cloud has no such attribute.
    """
    attribute = cloud.attributes[name]
    field, dtype = _ELEMENT[attribute.data_type]
    width = {"FLOAT_VECTOR": 3, "FLOAT4": 4, "QUATERNION": 4, "FLOAT_COLOR": 4}.get(attribute.data_type, 1)
    values = np.empty(len(attribute.data) * width, dtype)
    attribute.data.foreach_get(field, values)
    return values if width == 1 else values.reshape(-1, width)


def rest_centres(data: AvatarData) -> np.ndarray:
    """Splat centres float32 [N,3] on the neutral head: where the cloud lies before its modifier runs."""
    corners = data.vertices.astype(np.float64)[data.faces[data.gaussian_face]]
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    cross = np.cross(e1, e2)
    area = np.linalg.norm(cross, axis=1, keepdims=True)
    normal = np.where(area < names.DEGENERATE_AREA, (0.0, 0.0, 1.0), cross / np.maximum(area, names.DEGENERATE_AREA))
    a, b, h = data.gaussian_offset.astype(np.float64).T[:, :, None]
    return (corners.mean(1) + a * e1 + b * e2 + h * normal).astype(np.float32)


def _write_look(cloud: bpy.types.PointCloud, data: AvatarData) -> None:
    opacity = data.gaussian_opacity
    linear = np.concatenate([srgb_to_linear(data.gaussian_color), np.ones((len(opacity), 1))], 1)
    write_attribute(cloud, COLOR, "FLOAT_COLOR", linear)
    write_attribute(cloud, OPACITY, "FLOAT", opacity)
    # a disc as wide as the splat's two longer axes, smaller where it is faint: solid points have no transparency
    middle, longest = np.sort(data.gaussian_scale, axis=1)[:, 1:].T
    write_attribute(cloud, RADIUS, "FLOAT", POINT_SIGMAS * np.sqrt(middle * longest * opacity))
    if "FLOAT4" in bpy.types.Attribute.bl_rna.properties["data_type"].enum_items:  # since Blender 5.1
        radiance = np.concatenate([(data.gaussian_color - 0.5) / SH_DC, opacity[:, None]], 1)
        write_attribute(cloud, RADIANCE, "FLOAT4", radiance)


def _new_pointcloud(
    context: bpy.types.Context, count: int, name: str, collection: bpy.types.Collection
) -> bpy.types.Object:
    if hasattr(bpy.types.PointCloud, "resize"):
        cloud = bpy.data.pointclouds.new(name)
        cloud.resize(count)
        splats = bpy.data.objects.new(name, cloud)
        collection.objects.link(splats)
        return splats
    # Blender up to 5.2 can size a point cloud only by converting a mesh
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(count)
    splats = bpy.data.objects.new(name, mesh)
    collection.objects.link(splats)
    selection = [splats]
    with context.temp_override(
        active_object=splats, object=splats, selected_objects=selection, selected_editable_objects=selection
    ):
        bpy.ops.object.convert(target="POINTCLOUD")
    if mesh.users == 0:  # the conversion leaves it behind
        bpy.data.meshes.remove(mesh)
    return splats
