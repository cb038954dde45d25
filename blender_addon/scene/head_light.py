"""The light that falls on the heads of a scene: rendered by Cycles or EEVEE, multiplied onto the splats.

Each head gets a white catcher, a copy of its mesh that lies a little above it and that the camera sees in a view layer
of its own. The layer's diffuse passes are the light without any colour of the surface; in a pass of its own the catcher
marks its pixels. Hair has no mesh: there the light next to it is continued. Light never makes the splats brighter than
the photo, which had light of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from .avatar import avatars_in, parts_of
from .cameras import camera_intrinsics
from .node_graph import NodeGraph

LIGHT_LAYER = "Cameo Light"  # view layer, collection and material
STRENGTH_NODE, GAIN_NODE = "Cameo Light Strength", "Cameo Light Gain"
_MARK = "cameo_catcher"  # on catchers; name of the pass that shows them
_ABOVE = 0.001  # metres between mesh and catcher, or the mesh would shadow it in spots
_SAMPLE_SHARE = 4  # of Cycles' samples one in so many is enough: the light is smoothed
_LINES = 0.004  # metres: dark lines, where the mesh of hair ends over skin, that splats do not have
_REACHES = (0.09, 0.018)  # metres that light is continued for, coarse to fine
_GRAIN = {"CYCLES": 0.0025}  # metres: what noise the light has left, by engine
_COARSE_GRAIN = 0.005
_NEAREST = 0.1  # metres from the camera, to which a head counts as farther away
_RAYS = ("diffuse", "glossy", "transmission", "volume_scatter", "shadow")


def set_up_light(scene: bpy.types.Scene, roots: Iterable[bpy.types.Object]) -> None:
    """Make (or make anew) catchers and view layer."""
    remove_light(scene)
    collection = bpy.data.collections.new(LIGHT_LAYER)
    collection[_MARK] = True
    scene.collection.children.link(collection)
    for root in roots:
        _add_catcher(root, collection)
    layer = scene.view_layers.new(LIGHT_LAYER)
    layer[_MARK] = True
    layer.use_pass_diffuse_direct = layer.use_pass_diffuse_indirect = True
    mark = layer.aovs.add()
    mark.name, mark.type = _MARK, "VALUE"
    if scene.render.engine == "CYCLES":
        layer.samples = max(1, scene.cycles.samples // _SAMPLE_SHARE)
    for other in scene.view_layers:
        other.layer_collection.children[collection.name].exclude = other != layer


def remove_light(scene: bpy.types.Scene) -> None:
    """Take catchers and view layer out of the scene."""
    for collection in [found for found in scene.collection.children if _MARK in found]:
        for catcher in list(collection.objects):
            used = catcher.data, *(modifier.node_group for modifier in catcher.modifiers)
            bpy.data.objects.remove(catcher)
            bpy.data.batch_remove(used)
        bpy.data.collections.remove(collection)
    layer = light_layer(scene)
    if layer is not None:
        scene.view_layers.remove(layer)


def light_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer | None:
    """The view layer that renders the light; None where heads receive none."""
    return next((layer for layer in scene.view_layers if _MARK in layer), None)


def lit(
    g: NodeGraph, scene: bpy.types.Scene, splats: bpy.types.NodeSocket, strength: float, gain: float
) -> bpy.types.NodeSocket:
    """Compositor nodes: the picture ``splats`` times the light, by ``strength`` 0..1; ``gain`` makes light brighter."""
    pixels = _pixels_per_metre(scene)
    layer = g.node("CompositorNodeRLayers")
    layer.scene, layer.layer = scene, light_layer(scene).name
    outputs = {socket.name: socket for socket in layer.outputs if socket.enabled}
    light = outputs["Diffuse Direct"]
    if "Diffuse Indirect" in outputs:  # EEVEE's direct light holds both
        light = g.vector_math("ADD", light, outputs["Diffuse Indirect"])
    reaches = [metres * pixels for metres in (*_REACHES, _GRAIN.get(scene.render.engine, _COARSE_GRAIN))]
    light, known = _continued(g, _smooth(g, light, pixels), outputs[_MARK], reaches)
    brighter = g.node("ShaderNodeVectorMath", operation="SCALE", name=GAIN_NODE, label=GAIN_NODE)
    g.connect(light, brighter.inputs["Vector"])
    brighter.inputs["Scale"].default_value = gain
    limited = g.vector_math("MINIMUM", brighter.outputs["Vector"], (1.0, 1.0, 1.0))
    factor = g.math("MULTIPLY", known, strength)
    factor.node.name = factor.node.label = STRENGTH_NODE
    return g.mix("RGBA", factor, splats, limited, "MULTIPLY")


def _pixels_per_metre(scene: bpy.types.Scene) -> float:
    """In the picture as it is now, at the nearest head."""
    render, camera = scene.render, scene.camera
    size = [round(side * render.resolution_percentage / 100) for side in (render.resolution_x, render.resolution_y)]
    viewmat, K = camera_intrinsics(camera, bpy.context.evaluated_depsgraph_get(), *size)
    if camera.data.type == "ORTHO":
        return float(K[0, 0])
    places = [viewmat[2, :3] @ np.array(root.matrix_world.translation) + viewmat[2, 3] for root in avatars_in(scene)]
    return float(K[0, 0]) / max(min((place for place in places if place > 0), default=1.0), _NEAREST)


def _smooth(g: NodeGraph, light: bpy.types.NodeSocket, pixels: float) -> bpy.types.NodeSocket:
    """Without noise and without thin lines, which folds of the mesh make; edges of shadows stay."""
    clean, even = g.node("CompositorNodeDenoise"), g.node("CompositorNodeKuwahara")
    even.inputs["Type"].default_value = "Classic"
    g.connect(light, clean.inputs["Image"])
    g.connect(clean.outputs["Image"], even.inputs["Image"])
    even.inputs["Size"].default_value = max(2.0, _LINES * pixels)
    return even.outputs["Image"]


def _continued(
    g: NodeGraph, light: bpy.types.NodeSocket, mark: bpy.types.NodeSocket, reaches: list[float]
) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
    """The light of the catchers' pixels alone, and around them what is nearest; 1 where there is any, else 0.

    Args:
        reaches: radii in pixels, from that of the last help to that within which light is evened out.
    """
    whole = g.math("GREATER_THAN", mark, 0.95)  # at its edges a catcher's light is mixed with its neighbours'
    inner, cut = g.node("CompositorNodeDilateErode"), g.node("CompositorNodeSetAlpha")
    g.connect(whole, inner.inputs["Mask"])
    inner.inputs["Size"].default_value = -max(1, round(reaches[-1]))
    cut.inputs["Type"].default_value = "Apply Mask"
    g.connect(light, cut.inputs["Image"])
    g.connect(inner.outputs["Mask"], cut.inputs["Alpha"])
    found, known = _spread(g, cut.outputs["Image"], reaches[0])
    for radius in reaches[1:]:
        nearer, covered = _spread(g, cut.outputs["Image"], radius)
        found = g.mix("RGBA", g.math("MINIMUM", g.math("MULTIPLY", covered, 4.0), 1.0), found, nearer)
    return found, g.math("MINIMUM", g.math("MULTIPLY", known, 1e4), 1.0)


def _spread(
    g: NodeGraph, picture: bpy.types.NodeSocket, radius: float
) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
    """Mean colour of what is opaque within ``radius`` pixels, and how much of it there is."""
    blur, straight, parts = (g.node(f"CompositorNode{kind}") for kind in ("Blur", "PremulKey", "SeparateColor"))
    blur.inputs["Size"].default_value = (max(1.0, radius),) * 2
    g.connect(picture, blur.inputs["Image"])
    straight.inputs["Type"].default_value = "To Straight"
    g.connect(blur.outputs["Image"], straight.inputs["Image"])
    g.connect(blur.outputs["Image"], parts.inputs["Image"])
    return straight.outputs["Image"], parts.outputs["Alpha"]


def _add_catcher(root: bpy.types.Object, collection: bpy.types.Collection) -> None:
    name = f"{root.name} Light"
    catcher = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    collection.objects.link(catcher)
    modifier = catcher.modifiers.new("Catcher", "NODES")
    modifier.node_group = _catcher_tree(parts_of(root).head)
    catcher.hide_select = True
    for ray in _RAYS:
        setattr(catcher, f"visible_{ray}", False)


def _catcher_tree(head: bpy.types.Object) -> bpy.types.NodeTree:
    """The posed head, where it stands, moved outwards and painted white."""
    tree = bpy.data.node_groups.new(LIGHT_LAYER, "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    g = NodeGraph(tree)
    mesh = g.node("GeometryNodeObjectInfo", transform_space="RELATIVE")
    mesh.inputs["Object"].default_value = head
    moved, painted = g.node("GeometryNodeSetPosition"), g.node("GeometryNodeSetMaterial")
    g.connect(mesh.outputs["Geometry"], moved.inputs["Geometry"])
    outwards = g.vector_math("SCALE", g.node("GeometryNodeInputNormal").outputs[0], _ABOVE)
    g.connect(outwards, moved.inputs["Offset"])
    g.connect(moved.outputs[0], painted.inputs["Geometry"])
    painted.inputs["Material"].default_value = _white()
    g.connect(painted.outputs[0], g.node("NodeGroupOutput").inputs[0])
    return tree


def _white() -> bpy.types.Material:
    material = bpy.data.materials.get(LIGHT_LAYER)
    if material is not None:
        return material
    material = bpy.data.materials.new(LIGHT_LAYER)
    if material.node_tree is None:  # Blender 5.0: nodes are still a choice
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    diffuse, output, mark = (
        tree.nodes.new(kind) for kind in ("ShaderNodeBsdfDiffuse", "ShaderNodeOutputMaterial", "ShaderNodeOutputAOV")
    )
    diffuse.inputs["Color"].default_value = (1.0, 1.0, 1.0, 1.0)
    mark.aov_name = _MARK
    mark.inputs["Value"].default_value = 1.0
    tree.links.new(diffuse.outputs[0], output.inputs["Surface"])
    return material
