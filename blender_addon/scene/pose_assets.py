"""Visemes and emotions as assets of Blender's pose library.

A pose is an action with one key per slider that its group uses, those at rest included: the asset browser applies it as
the panel does, and blending half-way gives half the pose. All avatars have the same bones, so one set serves all.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np

from .board_layout import SLIDE_AXIS, SLIDER_LENGTH
from .named_poses import NamedPose, pose_values, poses_of
from .pose import slider
from .thumbnail import show_pixels
from .timeline import SLIDE

CATALOG_FILE = "blender_assets.cats.txt"
POSES_FILE = "cameo_poses.blend"
_ALL = "Cameo"
_CATALOGS = {"viseme": f"{_ALL}/Visemes", "emotion": f"{_ALL}/Emotions"}
_NAMESPACE = uuid.UUID("2f6b3a5e-6c0e-4f0b-9c55-0c1d4f3f7a11")  # ours; the same catalogs get the same ids everywhere


def add_pose_assets(root: bpy.types.Object, picture: Callable[[NamedPose], np.ndarray]) -> list[bpy.types.Action]:
    """Make (or make anew) one pose asset for each of the avatar's poses.

    Args:
        picture: a pose to what the asset browser shows of it, float32 [H,W,4], display space, last row first.
    """
    actions = []
    for pose in poses_of(root):
        action = pose_action(root, pose)
        action.asset_mark()
        action.asset_data.catalog_id = catalog_id(pose.group)
        action.asset_data.description = f"{pose.group.capitalize()} '{pose.name}' of Cameo"
        for tag in ("cameo", pose.group):
            action.asset_data.tags.new(tag, skip_if_exists=True)
        show_pixels(action, picture(pose))
        actions.append(action)
    return actions


def write_pose_library(folder: Path, actions: list[bpy.types.Action]) -> Path:
    """Write the assets into an asset library's folder, its catalogs beside them; returns the .blend.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_catalogs(folder)
    path = folder / POSES_FILE
    bpy.data.libraries.write(str(path), set(actions), fake_user=True)
    return path


def write_catalogs(folder: Path) -> None:
    """Add the poses' catalogs to the folder's asset catalogs; what stands there already stays.

    Raises:
        OSError: the folder cannot be written.
    """
    catalogs = folder / CATALOG_FILE
    written = catalogs.read_text(encoding="utf-8") if catalogs.exists() else "VERSION 1\n\n"
    missing = [line for line in catalog_lines() if line.partition(":")[0] not in written]
    if missing:
        catalogs.write_text("\n".join([written.rstrip("\n"), *missing, ""]), encoding="utf-8")


def catalog_id(group: str) -> str:
    """The asset catalog of a group of poses."""
    return _id(_CATALOGS.get(group, f"{_ALL}/{group}"))


def catalog_lines() -> Iterator[str]:
    """Lines of Blender's catalog file: id, path, simple name.

    The parent, too: Blender would add it, and say that catalogs are not saved.
    """
    for path in (_ALL, *_CATALOGS.values()):
        yield f"{_id(path)}:{path}:{path.replace('/', '-')}"


def _id(path: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, path))


def pose_action(root: bpy.types.Object, pose: NamedPose) -> bpy.types.Action:
    """The asset of that name, emptied, or a new one; keyed on frame 1."""
    name = pose.name if pose.group != "emotion" else pose.name.title()
    action = bpy.data.actions.get(name)
    if action is None or action.asset_data is None:
        action = bpy.data.actions.new(name)
    for layer in list(action.layers):
        action.layers.remove(layer)
    for slot in list(action.slots):
        action.slots.remove(slot)
    slot = action.slots.new("OBJECT", "Avatar")
    strip = action.layers.new("Pose").strips.new(type="KEYFRAME")
    curves = strip.channelbag(slot, ensure=True).fcurves
    for control, value in pose_values(root, pose.name, 1.0).items():
        curve = curves.new(slider(root, control).path_from_id(SLIDE), index=SLIDE_AXIS, group_name=control)
        curve.keyframe_points.insert(1.0, value * SLIDER_LENGTH)
    return action
