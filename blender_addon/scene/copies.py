"""Copies of avatars, and taking one out of the file with all that is its own.

Blender's Shift-D of all four objects makes a whole new avatar. Alt-D shares the face's mesh and so the drivers of its
shape keys, which can follow one rig only: the copy's face then follows the original. :func:`give_own_face` mends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import bpy

from .avatar import AvatarParts, parts_of, select_avatar, select_only
from .board_drawing import SHAPES


def shares_face(root: bpy.types.Object) -> bool:
    """Whether the avatar's face follows the rig of another one."""
    parts = parts_of(root)
    keys = parts.head.data.shape_keys
    animation = keys.animation_data if keys is not None else None
    if animation is None:
        return False
    variables = (variable for curve in animation.drivers for variable in curve.driver.variables)
    first = next(variables, None)
    return first is not None and first.targets[0].id != parts.rig


def give_own_face(root: bpy.types.Object) -> None:
    """Give the avatar a mesh of its own whose shape keys follow its own rig."""
    parts = parts_of(root)
    parts.head.data = parts.head.data.copy()
    for curve in parts.head.data.shape_keys.animation_data.drivers:
        for variable in curve.driver.variables:
            for target in variable.targets:
                target.id = parts.rig


def duplicate_avatar(context: bpy.types.Context, root: bpy.types.Object) -> bpy.types.Object:
    """A whole copy in a collection of its own, at the same place, and selected."""
    parts = parts_of(root)
    with _selectable(parts):
        select_only(context, root)
        for part in parts:
            part.select_set(True)
        bpy.ops.object.duplicate(linked=False)
        copy = parts_of(context.view_layer.objects.active)
    collection = bpy.data.collections.new(copy.root.name)
    context.scene.collection.children.link(collection)
    for part in copy:
        for former in part.users_collection:
            former.objects.unlink(part)
        collection.objects.link(part)
    if shares_face(copy.root):  # the preferences may tell Blender not to copy meshes
        give_own_face(copy.root)
    select_avatar(context, copy.root)
    context.view_layer.update()
    return copy.root


def remove_avatar(root: bpy.types.Object) -> None:
    """Take the avatar out of the file: objects, meshes, shape keys, board, and its collection when that is empty.

    Actions stay: they are the artist's work. What it shares with another avatar stays as long as that does. Things that
    were parented to it stay where they are.
    """
    parts = parts_of(root)
    _let_go(parts)
    shapes = {bone.custom_shape for bone in parts.rig.pose.bones} - {None}
    materials = {slot.material for part in (parts.head, parts.splats) for slot in part.material_slots} - {None}
    graphs = {modifier.node_group for modifier in parts.splats.modifiers if modifier.type == "NODES"} - {None}
    data = [part.data for part in parts if part.data is not None]
    collections = root.users_collection
    bpy.data.batch_remove(parts)
    _remove_unused(data)
    _remove_shapes(shapes)
    _remove_unused([*materials, *graphs])
    for collection in collections:
        if collection in bpy.data.collections.values() and not collection.objects and not collection.children:
            bpy.data.collections.remove(collection)


@contextmanager
def _selectable(parts: AvatarParts) -> Iterator[None]:
    """Blender copies what is selected, and selects what is shown."""
    before = [(part, part.hide_viewport, part.hide_select, part.hide_get()) for part in parts]
    for part in parts:
        part.hide_viewport = part.hide_select = False
        part.hide_set(False)
    yield
    for part, viewport, select, eye in before:
        part.hide_viewport, part.hide_select = viewport, select
        part.hide_set(eye)


def _let_go(parts: AvatarParts) -> None:
    for part in parts:
        for child in part.children:
            if child not in parts:
                place = child.matrix_world.copy()
                child.parent = None
                child.matrix_world = place


def _remove_unused(data: Iterable[bpy.types.ID]) -> None:
    unused = [item for item in data if item.users == 0]
    if unused:
        bpy.data.batch_remove(unused)


def _remove_shapes(shapes: Iterable[bpy.types.Object]) -> None:
    """Custom bone shapes live in a collection of their own, which uses each once."""
    collections = [c for c in bpy.data.collections if c.name.startswith(SHAPES)]
    for shape in shapes:
        own = [collection for collection in collections if shape.name in collection.objects]
        if shape.users <= len(own):
            mesh = shape.data
            bpy.data.objects.remove(shape)
            _remove_unused([mesh])
    for collection in collections:
        if not collection.objects:
            bpy.data.collections.remove(collection)
