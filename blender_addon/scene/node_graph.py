"""A thin layer over node trees: nodes are made where they are used: a graph reads like its formula."""

from __future__ import annotations

import bpy


class NodeGraph:
    """Adds nodes to one tree. Every method takes and returns sockets."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree

    def node(self, kind: str, **settings: object) -> bpy.types.Node:
        """A new node of the type ``kind`` with its properties set."""
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        return node

    def connect(self, value: object, socket: bpy.types.NodeSocket) -> None:
        """Link a socket, or set a constant."""
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def vector_math(self, operation: str, *inputs: object) -> bpy.types.NodeSocket:
        """Vector Math; ``inputs`` in the node's own order (for SCALE: vector, number)."""
        node = self.node("ShaderNodeVectorMath", operation=operation)
        enabled = [socket for socket in node.inputs if socket.enabled]
        for value, socket in zip(inputs, enabled):
            self.connect(value, socket)
        return enabled_output(node)

    def math(self, operation: str, *inputs: object) -> bpy.types.NodeSocket:
        node = self.node("ShaderNodeMath", operation=operation)
        for value, socket in zip(inputs, node.inputs):
            self.connect(value, socket)
        return node.outputs[0]

    def mix(self, kind: str, factor: object, a: object, b: object, blend: str = "MIX") -> bpy.types.NodeSocket:
        """Mix of the type ``kind`` (FLOAT, RGBA): ``a`` where ``factor`` is 0, else ``blend`` of both."""
        node = self.node("ShaderNodeMix", data_type=kind, blend_type=blend)
        for value, socket in zip((factor, a, b), (socket for socket in node.inputs if socket.enabled)):
            self.connect(value, socket)
        return enabled_output(node)

    def combine(self, x: object, y: object, z: object) -> bpy.types.NodeSocket:
        node = self.node("ShaderNodeCombineXYZ")
        for value, socket in zip((x, y, z), node.inputs):
            self.connect(value, socket)
        return node.outputs[0]

    def separate(self, vector: object) -> tuple[bpy.types.NodeSocket, ...]:
        node = self.node("ShaderNodeSeparateXYZ")
        self.connect(vector, node.inputs[0])
        return tuple(node.outputs)

    def less_than(self, left: object, right: object) -> bpy.types.NodeSocket:
        node = self.node("FunctionNodeCompare", data_type="FLOAT", operation="LESS_THAN")
        self.connect(left, node.inputs["A"])
        self.connect(right, node.inputs["B"])
        return node.outputs["Result"]

    def switch(
        self, kind: str, condition: object, when_false: object, when_true: object | None
    ) -> bpy.types.NodeSocket:
        """Switch of the input type ``kind``; ``None`` leaves that input at the type's default."""
        node = self.node("GeometryNodeSwitch", input_type=kind)
        self.connect(condition, node.inputs["Switch"])
        self.connect(when_false, node.inputs["False"])
        if when_true is not None:
            self.connect(when_true, node.inputs["True"])
        return node.outputs[0]

    def rotate_vector(self, vector: object, rotation: object) -> bpy.types.NodeSocket:
        node = self.node("FunctionNodeRotateVector")
        self.connect(vector, node.inputs["Vector"])
        self.connect(rotation, node.inputs["Rotation"])
        return node.outputs[0]

    def named_attribute(self, name: str, kind: str) -> bpy.types.NodeSocket:
        node = self.node("GeometryNodeInputNamedAttribute", data_type=kind)
        node.inputs["Name"].default_value = name
        return enabled_output(node)

    def sample_face(self, geometry: object, kind: str, value: object, index: object) -> bpy.types.NodeSocket:
        """The face attribute ``value`` of ``geometry`` at ``index``."""
        node = self.node("GeometryNodeSampleIndex", data_type=kind, domain="FACE")
        self.connect(geometry, node.inputs["Geometry"])
        self.connect(value, enabled_input(node, "Value"))
        self.connect(index, node.inputs["Index"])
        return enabled_output(node)

    def store(self, geometry: object, name: str, kind: str, value: object) -> bpy.types.NodeSocket:
        """``geometry`` with the point attribute ``name``."""
        node = self.node("GeometryNodeStoreNamedAttribute", data_type=kind, domain="POINT")
        node.inputs["Name"].default_value = name
        self.connect(geometry, node.inputs["Geometry"])
        self.connect(value, enabled_input(node, "Value"))
        return node.outputs[0]


def enabled_input(node: bpy.types.Node, name: str) -> bpy.types.NodeSocket:
    """A node shows one socket per data type under the same name; this is the one in use."""
    return next(socket for socket in node.inputs if socket.enabled and socket.name == name)


def enabled_output(node: bpy.types.Node) -> bpy.types.NodeSocket:
    return next(socket for socket in node.outputs if socket.enabled)
