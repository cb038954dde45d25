"""From what the artist keys (controls, 0..1) to head parameters and back, and mirroring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ..artifacts import Control, HeadParameters
from ..errors import CameoError
from .facs import ACTION_UNITS
from .limits import limited, with_ceilings

ARKIT_NAMES = (
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight"),
    *("eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight"),
    *("eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut"),
)
"""The 52 names of ARKit's blend shapes."""


class Controllable(Protocol):
    """A head model or an avatar mesh: whatever has units and controls."""

    @property
    def unit_names(self) -> tuple[str, ...]: ...
    @property
    def controls(self) -> tuple[Control, ...]: ...


def controls_of_table(names: Sequence[str], units: np.ndarray, joints: np.ndarray) -> tuple[Control, ...]:
    """The controls of a head's data, under the names and with the ceilings an artist meets.

    Args:
        names: of the controls; those that are not ARKit's are units' names.
        units: [N,3] rows (control, unit, gain). joints: [M,4] rows (control, joint, axis, radians).
    """
    found: list[Control] = []
    for index, name in enumerate(names):
        of_units = tuple((int(u), float(g)) for c, u, g in units if int(c) == index)
        of_joints = tuple((int(j), int(a), float(r)) for c, j, a, r in joints if int(c) == index)
        found.append(Control(ACTION_UNITS.get(str(name), str(name)), of_units, of_joints))
    return with_ceilings(found)


def parameters_from_controls(head: Controllable, values: Mapping[str, float]) -> HeadParameters:
    """Head parameters of control ``values`` by name, cut to the controls' ceilings; controls not named are 0.

    Raises:
        CameoError: ``head.unknown_control`` for a name the head does not have.
    """
    by_name = {control.name: control for control in head.controls}
    for name in values:
        if name not in by_name:
            raise CameoError(
                "head.unknown_control",
                f"This head has no control named '{name}'.",
                fix="Use one of the names on its face board; they are ARKit's.",
            )
    units = np.zeros(len(head.unit_names), np.float32)
    pose = np.zeros((5, 3), np.float32)
    for name, value in limited(head.controls, values).items():
        for unit, gain in by_name[name].units:
            units[unit] += gain * value
        for joint, axis, radians in by_name[name].joints:
            pose[joint, axis] += radians * value
    return HeadParameters(units, pose)


def mirrored_name(name: str) -> str:
    """The same control on the other side; names without a side come back unchanged."""
    for left, right in (("Left", "Right"), ("left", "right")):
        if left in name:
            return name.replace(left, right)
        if right in name:
            return name.replace(right, left)
    return name


def mirrored_controls(values: Mapping[str, float]) -> dict[str, float]:
    """The pose with the face's two sides exchanged, by control name."""
    return {mirrored_name(name): value for name, value in values.items()}


def controls_from_parameters(head: Controllable, parameters: HeadParameters) -> dict[str, float]:
    """Control values 0..1 that give ``parameters`` as nearly as the controls can; those at rest are left out.

    Parameters beyond a ceiling, which a fit may find, come back as they are; played, they are cut to it.

    A control that drives one unit takes that unit's value; one that turns a joint takes the part of the angle on its
    own side (looking left and looking right are two controls of one axis).
    """
    values: dict[str, float] = {}
    for control in head.controls:
        if len(control.units) == 1 and not control.joints:
            unit, gain = control.units[0]
            value = float(parameters.units[unit]) / gain
        elif len(control.joints) == 1 and not control.units:
            joint, axis, radians = control.joints[0]
            value = float(parameters.pose[joint, axis]) / radians
        else:
            continue
        if value > 1e-3:
            values[control.name] = round(min(value, 1.0), 4)
    return values
