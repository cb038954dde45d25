"""Compositor nodes that lay two renders over each other by depth, with clean edges.

A pixel at an object's edge holds the object and what its own render has behind it, which is not the head. There the
colour from inside the object is taken instead, and the edge is smoothed anew.
"""

from __future__ import annotations

from typing import NamedTuple

import bpy

from .node_graph import NodeGraph

_MIXED = 2  # pixels at an edge that are mixed
_SOLID = 0.9  # alpha from which the splats' edge is not their own softness


class Layer(NamedTuple):
    """A render: colour, premultiplied, and distance along the camera's axis."""

    color: bpy.types.NodeSocket
    depth: bpy.types.NodeSocket


def joined(g: NodeGraph, others: Layer, splats: Layer, alpha: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Where the splats are nearer: splats over the others; elsewhere the others over the splats.

    Args:
        alpha: of the splats.
    """
    nearer = g.math("LESS_THAN", splats.depth, others.depth)
    smooth = g.node("CompositorNodeAntiAliasing")
    g.connect(nearer, smooth.inputs["Image"])
    covered = g.math("GREATER_THAN", alpha, _SOLID)
    choice = g.mix("FLOAT", covered, nearer, smooth.outputs["Image"])
    clean = g.mix("RGBA", covered, others.color, _without_edges(g, others.color, nearer))
    return g.mix("RGBA", choice, _over(g, splats.color, clean), _over(g, others.color, splats.color))


def _without_edges(g: NodeGraph, color: bpy.types.NodeSocket, nearer: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """The colour of what stands before the splats, continued outwards over its mixed pixels."""
    inside, cut, continued = (g.node(f"CompositorNode{kind}") for kind in ("DilateErode", "SetAlpha", "Inpaint"))
    g.connect(g.math("SUBTRACT", 1.0, nearer), inside.inputs["Mask"])
    inside.inputs["Size"].default_value = -_MIXED
    cut.inputs["Type"].default_value = "Replace Alpha"
    g.connect(color, cut.inputs["Image"])
    g.connect(inside.outputs["Mask"], cut.inputs["Alpha"])
    g.connect(cut.outputs["Image"], continued.inputs["Image"])
    continued.inputs["Size"].default_value = 2 * _MIXED + 1
    return _over(g, color, continued.outputs["Image"])


def _over(g: NodeGraph, behind: bpy.types.NodeSocket, front: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    over = g.node("CompositorNodeAlphaOver")
    g.connect(behind, over.inputs["Background"])
    g.connect(front, over.inputs["Foreground"])
    return over.outputs["Image"]
