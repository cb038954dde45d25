"""Custom bone shapes: the slider's knob, the board's tracks and labels, the handles of the joints."""

from __future__ import annotations

import math

import bpy
import numpy as np

from .board_layout import BOARD_BONES, SLIDER_LENGTH, BoardLayout, Label, mirrored_name

SHAPES = "Cameo Shapes"  # collection outside every scene: shapes are data, nobody meets them in the viewport
KNOB, RING, LYING_RING = "Cameo Knob", "Cameo Ring", "Cameo Lying Ring"
KNOB_RADIUS = 0.0035
TEXT_SIZE, HEADING_SIZE = 0.0085, 0.0105
_THINNER = -0.035  # of a letter's size: its outline meets in the middle of a stroke, and lines stay crisp from afar
_BOARD_COLOR, _SELECTED_COLOR = (0.9, 0.9, 0.9), (1.0, 1.0, 1.0)  # sRGB
_LEFT_COLOR, _RIGHT_COLOR, _MIDDLE_COLOR = (0.35, 0.6, 1.0), (1.0, 0.4, 0.35), (1.0, 0.8, 0.3)

Edges = list[tuple[int, int]]


def wear(bone: bpy.types.PoseBone, shape: bpy.types.Object) -> None:
    """Give the bone its custom shape, in the colour of its side."""
    bone.custom_shape = shape
    bone.use_custom_shape_bone_size = False
    bone.color.palette = "CUSTOM"
    bone.color.custom.normal = _side_color(bone.name)
    bone.color.custom.select = bone.color.custom.active = _SELECTED_COLOR


def knob_mesh() -> bpy.types.Object:
    """A filled disc in the board's plane, which is the slider's yz plane."""
    points = _circle(12, KNOB_RADIUS)[:, [2, 0, 1]]
    return _shape(KNOB, points, [], [tuple(range(12))])


def ring_mesh(*, lying: bool) -> bpy.types.Object:
    """A unit circle, the handle of a joint: lying round the neck, or standing before the face."""
    circle = _circle(48, 1.0)
    points = circle[:, [0, 2, 1]] if lying else circle
    edges = [(i, (i + 1) % len(points)) for i in range(len(points))]
    return _shape(LYING_RING if lying else RING, points, edges, [])


def draw_board(name: str, layout: BoardLayout) -> bpy.types.Object:
    """Tracks of all sliders and their labels in one mesh, in the board bone's frame."""
    points: list[np.ndarray] = []
    edges: Edges = []
    count = 0
    for slider in layout.sliders:
        track = np.array([[0, 0, 0], [SLIDER_LENGTH, 0, 0], [0, -0.002, 0], [0, 0.002, 0]])
        points.append(np.add(track, (slider.x, slider.y, -0.0005)))
        edges += [(count, count + 1), (count + 2, count + 3)]
        count += 4
    for label in layout.labels:
        places, outline = letters(label)
        points.append(places)
        edges += [(a + count, b + count) for a, b in outline]
        count += len(places)
    return _shape(name, np.concatenate(points), edges, [])


def _side_color(bone: str) -> tuple[float, float, float]:
    """The sides in two colours, as rigs have it."""
    if bone in BOARD_BONES.values():
        return _BOARD_COLOR
    if mirrored_name(bone) == bone:
        return _MIDDLE_COLOR
    return _LEFT_COLOR if "left" in bone.lower() else _RIGHT_COLOR


def _circle(count: int, radius: float) -> np.ndarray:
    angles = np.arange(count) * 2 * math.pi / count
    return radius * np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], 1)


def letters(label: Label) -> tuple[np.ndarray, Edges]:
    """Vertices and edges of a line of text in Blender's own font, as thin as one stroke.

    Filled letters would be smeared: Blender draws an outline, two pixels wide, round what has faces.
    """
    curve = bpy.data.curves.new("label", "FONT")
    curve.body = label.text
    curve.size = HEADING_SIZE if label.heading else TEXT_SIZE
    curve.offset = _THINNER * curve.size
    curve.resolution_u = 2
    curve.fill_mode = "NONE"
    writer = bpy.data.objects.new("label", curve)
    mesh = bpy.data.meshes.new_from_object(writer)
    places = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", places)
    edges = [tuple(edge.vertices) for edge in mesh.edges]
    bpy.data.meshes.remove(mesh)
    bpy.data.objects.remove(writer)
    bpy.data.curves.remove(curve)
    return np.add(places.reshape(-1, 3), (label.x, label.y, 0)), edges


def _shape(name: str, points: np.ndarray, edges: Edges, faces: list[tuple[int, ...]]) -> bpy.types.Object:
    """The shape object of that name, made on first use and kept in a collection of its own."""
    existing = bpy.data.objects.get(name)
    if existing is not None:
        return existing
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), edges, faces)
    shape = bpy.data.objects.new(name, mesh)
    collection = bpy.data.collections.get(SHAPES) or bpy.data.collections.new(SHAPES)
    collection.objects.link(shape)
    return shape
