"""Where a new avatar stands: at the world's origin, or beside what would hide it there.

A head is .3 m high. In Blender's own first scene it would come to stand inside the cube, where nobody finds it; and a
second avatar inside the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import bpy
from mathutils import Euler, Vector

from .avatar import MARK, is_avatar
from .cameras import ORBIT_CENTER

ROOM = 0.2
"""Metres that a head needs on each side of its place."""
_BOARD_END = 0.45  # metres from a head's place to the far end of its face board
_SET = 3.0  # metres; what is larger than this is a room or a landscape, in which heads stand
_SOLID = {"MESH", "CURVE", "SURFACE", "META", "FONT"}
_FROM_BEFORE = Euler((math.radians(-8), math.radians(20), 0.0)).to_quaternion()  # a little above and beside
_VIEW_DISTANCE = 1.1  # metres: the head fills half of a window's height


def free_place(context: bpy.types.Context) -> Vector:
    """Where a new avatar's root is to stand, metres, world frame: on the x axis, as near to the origin as it can be."""
    context.view_layer.update()  # or what was just moved would still be where it was
    x = 0.0
    for low, high in sorted(_taken(context)):
        if low < x < high:
            x = high + ROOM
    return Vector((x, 0.0, 0.0))


def look_at(root: bpy.types.Object, view: bpy.types.RegionView3D) -> None:
    """Bring the avatar into the middle of a 3D view, its face turned to us, at a size to work with."""
    if view.view_perspective == "CAMERA":
        view.view_perspective = "PERSP"
    view.view_location = root.matrix_world @ Vector(ORBIT_CENTER)
    view.view_rotation = root.matrix_world.to_quaternion() @ _FROM_BEFORE
    view.view_distance = _VIEW_DISTANCE * max(root.matrix_world.to_scale())


def _taken(context: bpy.types.Context) -> Iterator[tuple[float, float]]:
    """Stretches of the x axis on which a head would stand inside something."""
    for item in context.view_layer.objects:
        if is_avatar(item):
            place = item.matrix_world.translation
            if max(abs(place.y), abs(place.z)) < ROOM:
                yield place.x - ROOM, place.x + _BOARD_END
        elif item.type in _SOLID and item.visible_get() and not _is_part(item):
            corners = [item.matrix_world @ Vector(corner) for corner in item.bound_box]
            low, high = (Vector(map(side, zip(*corners))) for side in (min, max))
            if max(high - low) <= _SET and low.y < 0.0 < high.y and low.z < 0.0 < high.z:
                yield low.x, high.x


def _is_part(item: bpy.types.Object) -> bool:
    return item.parent is not None and MARK in item.parent
