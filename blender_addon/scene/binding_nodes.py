"""The binding of ``conventions.md`` as geometry nodes: splats follow and stretch with the head, without any add-on.

Frames are computed once per face of the posed head and sampled by every splat, which is cheaper than three corner
look-ups per splat because an avatar has several splats on each face.
"""

from __future__ import annotations

from typing import NamedTuple

import bpy

from .node_graph import NodeGraph, enabled_output

TREE_NAME = "Cameo Binding"
TREE_VERSION = 2

DEGENERATE_AREA = 1e-12  # m², |e1 x e2| below which a triangle has no frame
STRETCH_RANGE = (0.15, 4.0)

# What import writes on the point cloud, and the names that Blender 5.3 reads natively on the result.
FACE, OFFSET, REST_EDGES = "bind_face", "bind_offset", "bind_rest_edges"
REST_ROTATION, REST_SCALE = "bind_rotation", "bind_scale"
ROTATION, SCALE = "rotation", "scale"


class _Frame(NamedTuple):
    """Face attributes of the head, or their samples at the splats."""

    centroid: bpy.types.NodeSocket
    e1: bpy.types.NodeSocket
    e2: bpy.types.NodeSocket
    rotation: bpy.types.NodeSocket
    edges: bpy.types.NodeSocket  # (|e1|, e2.t, e2.b)


_FRAME_TYPES = ("VECTOR", "VECTOR", "VECTOR", "ROTATION", "VECTOR")  # as Capture Attribute names them
_SAMPLE_TYPES = ("FLOAT_VECTOR", "FLOAT_VECTOR", "FLOAT_VECTOR", "QUATERNION", "FLOAT_VECTOR")


def binding_tree() -> bpy.types.NodeTree:
    """The node group, shared by all avatars of the file; made on first use. Inputs: Geometry, Head (object)."""
    for tree in bpy.data.node_groups:
        if tree.name.startswith(TREE_NAME) and tree.get("cameo_version") == TREE_VERSION:
            return tree
    tree = bpy.data.node_groups.new(TREE_NAME, "GeometryNodeTree")
    tree["cameo_version"] = TREE_VERSION
    tree.is_modifier = True
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Head", in_out="INPUT", socket_type="NodeSocketObject")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    _build(NodeGraph(tree))
    return tree


def bind(splats: bpy.types.Object, head: bpy.types.Object) -> None:
    """Add the modifier that lays the point cloud ``splats`` on ``head``."""
    modifier = splats.modifiers.new("Binding", "NODES")
    tree = binding_tree()
    modifier.node_group = tree
    identifier = next(item.identifier for item in tree.interface.items_tree if item.name == "Head")
    if hasattr(modifier, "properties"):  # since Blender 5.2
        getattr(modifier.properties.inputs, identifier).value = head
    else:
        modifier[identifier] = head


def _build(g: NodeGraph) -> None:
    inputs, output = g.node("NodeGroupInput"), g.node("NodeGroupOutput")
    head = g.node("GeometryNodeObjectInfo", transform_space="RELATIVE")
    g.connect(inputs.outputs["Head"], head.inputs["Object"])
    geometry, faces = _capture(g, head.outputs["Geometry"], _face_frame(g))
    index = g.named_attribute(FACE, "INT")
    frame = _Frame(*(g.sample_face(geometry, kind, value, index) for kind, value in zip(_SAMPLE_TYPES, faces)))

    rotation = g.node("FunctionNodeRotateRotation", rotation_space="GLOBAL")
    local = g.named_attribute(REST_ROTATION, "QUATERNION")
    g.connect(local, rotation.inputs["Rotation"])
    g.connect(frame.rotation, rotation.inputs["Rotate By"])
    placed = g.node("GeometryNodeSetPosition")
    g.connect(inputs.outputs["Geometry"], placed.inputs["Geometry"])
    g.connect(_mean(g, frame), placed.inputs["Position"])
    turned = g.store(placed.outputs[0], ROTATION, "QUATERNION", rotation.outputs[0])
    scaled = g.store(turned, SCALE, "FLOAT_VECTOR", _scale(g, frame, local))
    g.connect(_without_points_in_the_viewport(g, scaled), output.inputs[0])


def _without_points_in_the_viewport(g: NodeGraph, geometry: object) -> bpy.types.NodeSocket:
    """The viewport shows the proxy, and the add-on the splats over it; points are for renders by other engines."""
    points = g.node("GeometryNodeSetPointRadius")
    g.connect(geometry, points.inputs[0])
    g.connect(g.node("GeometryNodeIsViewport").outputs[0], points.inputs["Selection"])
    points.inputs["Radius"].default_value = 0.0
    return points.outputs[0]


def _face_frame(g: NodeGraph) -> _Frame:
    """centroid, e1, e2, R and E of every face of the mesh the fields are evaluated on."""
    p0, p1, p2 = (_corner(g, index) for index in range(3))
    e1, e2 = g.vector_math("SUBTRACT", p1, p0), g.vector_math("SUBTRACT", p2, p0)
    cross = g.vector_math("CROSS_PRODUCT", e1, e2)
    area = g.vector_math("LENGTH", cross)
    degenerate = g.less_than(area, DEGENERATE_AREA)
    axes = g.node("FunctionNodeAxesToRotation", primary_axis="Z", secondary_axis="X")
    g.connect(cross, axes.inputs["Primary Axis"])
    g.connect(e1, axes.inputs["Secondary Axis"])
    length = g.vector_math("LENGTH", e1)
    along = g.math("DIVIDE", g.vector_math("DOT_PRODUCT", e1, e2), length)
    edges = g.combine(length, along, g.math("DIVIDE", area, length))
    total = g.vector_math("ADD", g.vector_math("ADD", p0, p1), p2)
    return _Frame(
        g.vector_math("SCALE", total, 1 / 3),
        e1,
        e2,
        g.switch("ROTATION", degenerate, axes.outputs[0], None),
        g.switch("VECTOR", degenerate, edges, None),  # zero edges mark a face without a frame
    )


def _corner(g: NodeGraph, sort_index: int) -> bpy.types.NodeSocket:
    """Position of one corner of the current face."""
    corner = g.node("GeometryNodeCornersOfFace")
    corner.inputs["Sort Index"].default_value = sort_index
    vertex = g.node("GeometryNodeVertexOfCorner")
    g.connect(corner.outputs["Corner Index"], vertex.inputs["Corner Index"])
    position = g.node("GeometryNodeFieldAtIndex", domain="POINT", data_type="FLOAT_VECTOR")
    g.connect(g.node("GeometryNodeInputPosition").outputs[0], position.inputs["Value"])
    g.connect(vertex.outputs["Vertex Index"], position.inputs["Index"])
    return enabled_output(position)


def _capture(g: NodeGraph, geometry: object, frame: _Frame) -> tuple[bpy.types.NodeSocket, _Frame]:
    """Evaluate the frame once per face."""
    node = g.node("GeometryNodeCaptureAttribute", domain="FACE")
    for name, kind in zip(_Frame._fields, _FRAME_TYPES):
        node.capture_items.new(kind, name)
    g.connect(geometry, node.inputs["Geometry"])
    for name, value in zip(_Frame._fields, frame):
        g.connect(value, node.inputs[name])
    return node.outputs["Geometry"], _Frame(*(node.outputs[name] for name in _Frame._fields))


def _mean(g: NodeGraph, frame: _Frame) -> bpy.types.NodeSocket:
    """(v0 + v1 + v2)/3 + a e1 + b e2 + h n."""
    a, b, h = g.separate(g.named_attribute(OFFSET, "FLOAT_VECTOR"))
    normal = g.rotate_vector((0.0, 0.0, 1.0), frame.rotation)
    mean = g.vector_math("ADD", frame.centroid, g.vector_math("SCALE", frame.e1, a))
    mean = g.vector_math("ADD", mean, g.vector_math("SCALE", frame.e2, b))
    return g.vector_math("ADD", mean, g.vector_math("SCALE", normal, h))


def _scale(g: NodeGraph, frame: _Frame, local: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """s_i clip(|D r_i|): the rows of R(q) hold the three axes' x, y and z, so all three lengths come at once."""
    inverse = g.node("FunctionNodeInvertRotation")
    g.connect(local, inverse.inputs[0])
    rows = [g.rotate_vector(axis, inverse.outputs[0]) for axis in ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))]
    xx, xy, yy = _stretch(g, frame)
    x = g.vector_math("ADD", g.vector_math("SCALE", rows[0], xx), g.vector_math("SCALE", rows[1], xy))
    y = g.vector_math("SCALE", rows[1], yy)
    squares = [g.vector_math("MULTIPLY", v, v) for v in (x, y, rows[2])]
    square = g.vector_math("ADD", g.vector_math("ADD", squares[0], squares[1]), squares[2])
    lowest, highest = ((limit,) * 3 for limit in STRETCH_RANGE)
    length = g.vector_math("POWER", square, (0.5, 0.5, 0.5))
    clipped = g.vector_math("MINIMUM", g.vector_math("MAXIMUM", length, lowest), highest)
    return g.vector_math("MULTIPLY", g.named_attribute(REST_SCALE, "FLOAT_VECTOR"), clipped)


def _stretch(g: NodeGraph, frame: _Frame) -> tuple[bpy.types.NodeSocket, ...]:
    """E Er^-1 (xx, xy, yy); the identity where either triangle is degenerate."""
    length, along, across = g.separate(frame.edges)
    rest_length, rest_along, rest_across = g.separate(g.named_attribute(REST_EDGES, "FLOAT_VECTOR"))
    area = g.math("MINIMUM", g.math("MULTIPLY", length, across), g.math("MULTIPLY", rest_length, rest_across))
    xx = g.math("DIVIDE", length, rest_length)
    xy = g.math("DIVIDE", g.math("SUBTRACT", along, g.math("MULTIPLY", xx, rest_along)), rest_across)
    yy = g.math("DIVIDE", across, rest_across)
    stretch = g.switch("VECTOR", g.less_than(area, DEGENERATE_AREA), g.combine(xx, xy, yy), (1.0, 0.0, 1.0))
    return g.separate(stretch)
