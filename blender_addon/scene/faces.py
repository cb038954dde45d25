"""Faces by name: named poses, controls, and lists of them as an artist types them."""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from .avatar import control_names
from .named_poses import pose_values, poses_of


def face_values(member: bpy.types.Object, text: str) -> dict[str, float]:
    """Control values of one face: ``joy``, ``jawOpen``, ``mouthSmile`` (both sides), each with ``=0.5`` for less.

    Raises:
        CameoError: ``avatar.unknown_face``.
    """
    name, _, amount = (part.strip() for part in text.partition("="))
    controls = control_names(member)
    try:
        strength = float(amount) if amount else 1.0
    except ValueError:
        strength = -1.0
    if not 0.0 <= strength <= 1.0:
        raise _unknown(text, "Behind the = there is no number from 0 to 1.")
    if name.lower() == "neutral":
        return {}
    if any(pose.name == name for pose in poses_of(member)):
        return pose_values(member, name, strength)
    sides = [name] if name in controls else [name + side for side in ("Left", "Right")]
    if not set(sides) <= set(controls):
        raise _unknown(text, "The avatar has no pose and no control of that name.")
    return dict.fromkeys(sides, strength)


def faces_of(member: bpy.types.Object, text: str) -> list[tuple[str, dict[str, float]]]:
    """Title and values of each face in a list such as ``neutral, joy, jawOpen=0.5``.

    Raises:
        CameoError: ``avatar.unknown_face``, ``avatar.no_faces``.
    """
    titles = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    if not titles:
        raise CameoError(
            "avatar.no_faces", "The list of faces is empty.", fix="Name some, such as: neutral, joy, jawOpen=0.5."
        )
    return [(title, face_values(member, title)) for title in titles]


def _unknown(text: str, cause: str) -> CameoError:
    return CameoError(
        "avatar.unknown_face",
        f"There is no face '{text}'.",
        cause=cause,
        fix="Use names from the panels Poses and Controls, such as joy, mouthSmile or jawOpen=0.5.",
    )
