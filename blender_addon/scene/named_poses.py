"""Visemes and emotions: the named poses that came in the avatar's file."""

from __future__ import annotations

import json
from typing import NamedTuple

import bpy

from ...protocol.errors import CameoError
from .avatar import POSES, control_names, parts_of


class NamedPose(NamedTuple):
    """As in the avatar file: ``controls`` maps control names to values 0..1."""

    name: str
    group: str
    controls: dict[str, float]


def poses_of(member: bpy.types.Object) -> list[NamedPose]:
    """The avatar's poses in the file's order; none for an avatar of an older file."""
    return [NamedPose(*row) for row in json.loads(parts_of(member).root.get(POSES, "[]"))]


def pose_values(member: bpy.types.Object, name: str, strength: float) -> dict[str, float]:
    """Values of every control that the pose's group uses: a viseme leaves the brows to the emotion.

    Args:
        strength: 0..1, how much of the pose.

    Raises:
        CameoError: ``avatar.unknown_pose``.
    """
    poses = poses_of(member)
    found = next((pose for pose in poses if pose.name == name), None)
    if found is None:
        raise CameoError(
            "avatar.unknown_pose",
            f"This avatar has no pose named '{name}'.",
            fix="Use one that the Poses panel offers; avatars of older files have none.",
        )
    known = set(control_names(member))
    used = {control for pose in poses if pose.group == found.group for control in pose.controls}
    return {control: strength * found.controls.get(control, 0.0) for control in sorted(used & known)}
