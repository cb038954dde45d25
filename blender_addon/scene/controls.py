"""The drivers behind the face board: from sliders to shape keys and joints.

They read the sliders' constrained places, so what one sees is what drives. Where the avatar file gives a control a
ceiling, the drivers cut its value to it.
"""

from __future__ import annotations

import string

import bpy

from ...protocol.avatar import AvatarControl, AvatarData
from ...protocol.errors import AvatarFileError
from ..joints import JOINT_NAMES
from .board_layout import SLIDER_LENGTH
from .rig import add_driver

EXPRESSION_LIMIT = 255  # characters Blender keeps of a driver's expression


def drive_by_controls(head: bpy.types.Object, rig: bpy.types.Object, data: AvatarData) -> None:
    """Drivers from sliders to shape keys and to the driven joints' axis-angle.

    Raises:
        AvatarFileError: ``avatar.rig_too_complex``, more controls drive one thing than a driver can hold.
    """
    keys = head.data.shape_keys.key_blocks
    for unit, name in enumerate(data.unit_names):
        sources = [(c, gain) for c in data.controls for index, gain in c.units if index == unit]
        if sources:
            expression, variables = _weighted_sum(name, sources, data.controls)
            add_driver(keys[name], "value", rig, expression, variables)
    for joint in sorted({joint for control in data.controls for joint, _, _ in control.joints}):
        _drive_joint(rig, joint, data)


def _drive_joint(rig: bpy.types.Object, joint: int, data: AvatarData) -> None:
    """Axis = the sum of the controls' axis-angles, angle = its length. Blender reads a zero axis as no rotation.

    The angle is computed from the sliders too, not from the bone's own axis: a driver must not read what it drives.
    """
    bone = rig.pose.bones[JOINT_NAMES[joint]]
    terms: list[str] = []
    used: dict[str, tuple[str, str]] = {}
    for axis in range(3):
        sources = [(c, rad) for c in data.controls for j, a, rad in c.joints if (j, a) == (joint, axis)]
        # an axis no control turns is driven too, to 0: clearing a bone's rotation leaves (0, 1, 0) as its axis
        expression, variables = (
            _weighted_sum(bone.name, sources, data.controls, first=len(used)) if sources else ("0.0", {})
        )
        add_driver(bone, "rotation_axis_angle", rig, expression, variables, index=axis + 1)
        if sources:
            used |= variables
            terms.append(expression)
    length = "sqrt(" + "+".join(f"pow({term},2)" for term in terms) + ")"
    _check_length(bone.name, length)
    add_driver(bone, "rotation_axis_angle", rig, length, used, index=0)


def _weighted_sum(
    target: str, sources: list[tuple[AvatarControl, float]], controls: tuple[AvatarControl, ...], first: int = 0
) -> tuple[str, dict[str, tuple[str, str]]]:
    """Expression and variables of sum(gain * slider), sliders counted 0..1 and cut to their ceilings."""
    ceilings = [control.ceiling.controls for control, _ in sources if control.ceiling is not None]
    read = dict.fromkeys([*(c.name for c, _ in sources), *(controls[o].name for rows in ceilings for o, _ in rows)])
    letters = string.ascii_letters[first:]
    if len(read) > len(letters):
        raise _too_complex(target)
    letter = dict(zip(read, letters))
    variables = {letter[name]: (name, "LOC_Y") for name in read}
    terms = (f"{_acting(control, letter, controls)}*{gain / SLIDER_LENGTH:.9g}" for control, gain in sources)
    expression = "+".join(terms).replace("+-", "-")
    _check_length(target, expression)
    return expression, variables


def _acting(control: AvatarControl, letter: dict[str, str], controls: tuple[AvatarControl, ...]) -> str:
    """The slider's place, metres, or its ceiling if that is lower."""
    own = letter[control.name]
    if control.ceiling is None:
        return own
    others = (f"{letter[controls[other].name]}*{gain:.9g}" for other, gain in control.ceiling.controls)
    ceiling = "+".join([f"{control.ceiling.constant * SLIDER_LENGTH:.9g}", *others]).replace("+-", "-")
    return f"min({own},max(0,{ceiling}))"


def _check_length(target: str, expression: str) -> None:
    if len(expression) > EXPRESSION_LIMIT:
        raise _too_complex(target)


def _too_complex(target: str) -> AvatarFileError:
    return AvatarFileError(
        "avatar.rig_too_complex",
        f"Too many controls of this avatar drive '{target}'.",
        cause=f"A Blender driver holds {EXPRESSION_LIMIT} characters.",
        fix="Make the avatar again with this version of Cameo.",
    )
