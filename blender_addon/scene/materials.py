"""The material of proxy and points, for every engine that is not Cameo's."""

from __future__ import annotations

import bpy

MATERIAL = "Cameo Avatar"
COLOR_ATTRIBUTE = "Color"  # never "color": Cycles then reads the object's own property of that name and shows black


def avatar_material() -> bpy.types.Material:
    """Shows the colour attribute unlit, as splats do: the light of the photo is in it. Shared by all avatars."""
    material = bpy.data.materials.get(MATERIAL)
    if material is not None:
        return material
    material = bpy.data.materials.new(MATERIAL)
    if material.node_tree is None:  # Blender 5.0: nodes are still a choice
        material.use_nodes = True
    material.diffuse_color = (0.5, 0.34, 0.27, 1.0)  # in solid view, where vertex colours are off
    tree = material.node_tree
    tree.nodes.clear()
    color, emission, output = (
        tree.nodes.new(kind) for kind in ("ShaderNodeAttribute", "ShaderNodeEmission", "ShaderNodeOutputMaterial")
    )
    color.attribute_name = COLOR_ATTRIBUTE
    tree.links.new(color.outputs["Color"], emission.inputs["Color"])
    tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
    _light_nothing(tree, emission)
    return material


def _light_nothing(tree: bpy.types.NodeTree, emission: bpy.types.Node) -> None:
    """The photo's light is for the camera and for mirrors: a head is no lamp for what stands beside it."""
    path, seen = tree.nodes.new("ShaderNodeLightPath"), tree.nodes.new("ShaderNodeMath")
    seen.operation = "SUBTRACT"
    seen.inputs[0].default_value = 1.0
    tree.links.new(path.outputs["Is Diffuse Ray"], seen.inputs[1])
    tree.links.new(seen.outputs[0], emission.inputs["Strength"])
