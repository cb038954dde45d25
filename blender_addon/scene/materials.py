"""Materials of the proxy and of the points, for every engine that is not Cameo's."""

from __future__ import annotations

import bpy

HEAD_MATERIAL, SPLAT_MATERIAL = "Cameo Proxy", "Cameo Splats"


def head_material() -> bpy.types.Material:
    """Skin coloured by the mesh's ``color`` attribute, lit by the scene."""
    material = bpy.data.materials.get(HEAD_MATERIAL)
    if material is not None:
        return material
    material, tree, color = _new_material(HEAD_MATERIAL)
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    shader.inputs["Roughness"].default_value = 0.6
    shader.inputs["Specular IOR Level"].default_value = 0.2  # highlights are in the photo's colours already
    tree.links.new(color, shader.inputs["Base Color"])
    _finish(tree, shader.outputs["BSDF"])
    return material


def splat_material() -> bpy.types.Material:
    """Points that show their colour unlit, as splats do: the light of the photo is in it."""
    material = bpy.data.materials.get(SPLAT_MATERIAL)
    if material is not None:
        return material
    material, tree, color = _new_material(SPLAT_MATERIAL)
    shader = tree.nodes.new("ShaderNodeEmission")
    tree.links.new(color, shader.inputs["Color"])
    _finish(tree, shader.outputs["Emission"])
    return material


def _new_material(name: str) -> tuple[bpy.types.Material, bpy.types.NodeTree, bpy.types.NodeSocket]:
    """An empty node material and the ``color`` attribute's socket in it."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # Blender 5.0: nodes are still a choice
        material.use_nodes = True
    material.diffuse_color = (0.5, 0.34, 0.27, 1.0)
    tree = material.node_tree
    tree.nodes.clear()
    attribute = tree.nodes.new("ShaderNodeAttribute")
    attribute.attribute_name = "color"
    return material, tree, attribute.outputs["Color"]


def _finish(tree: bpy.types.NodeTree, surface: bpy.types.NodeSocket) -> None:
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(surface, output.inputs["Surface"])
