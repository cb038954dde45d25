"""What controls may do together: a blink stays a closed eye whatever else moves the lids, lips meet only in a mouth
that is open.

A limit is a ceiling, linear in the values of other controls, so that Blender's drivers compute exactly the same
(``protocol/SPEC.md``). The lids' shares were measured on the mean head: how much of the way from open to blink 1 each
control closes the eye.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..artifacts import Ceiling, Control

# control -> (constant, gain by other control); {} stands for the side
_LIDS: dict[str, tuple[float, dict[str, float]]] = {
    # what the other controls close already, the blink need not
    "eyeBlink{}": (
        1.0,
        {
            "eyeSquint{}": -0.28,
            "eyeLookDown{}": -0.25,
            "eyeLookUp{}": 0.10,  # against eyeLookDown; the two are one angle
            "cheekSquint{}": -0.09,
            "browDown{}": -0.05,
            "AU07LidTightener{}": -0.33,
            "AU43EyeClosure{}": -0.60,
        },
    ),
    # an eye that is held closed opens no wider, and one that is wide has no white left to show
    "eyeWide{}": (1.0, {"eyeBlink{}": -1.0, "AU43EyeClosure{}": -1.0}),
    "AU05UpperLidRaiser{}": (1.0, {"eyeBlink{}": -1.0, "AU43EyeClosure{}": -1.0, "eyeWide{}": -0.5}),
    # a lowered gaze and a squint bring lids down, of which closure need not bring the last part
    "AU43EyeClosure{}": (
        1.4,
        {"eyeSquint{}": -0.40, "eyeLookDown{}": -0.40, "cheekSquint{}": -0.12, "browDown{}": -0.08},
    ),
    # slit and closure together are more than a closed eye
    "AU07LidTightener{}": (2.0, {"AU43EyeClosure{}": -1.5, "eyeSquint{}": -0.5, "eyeLookDown{}": -0.5}),
}
_ASIDE = {"jawLeft": -0.5, "jawRight": -0.5, "mouthLeft": -0.5, "mouthRight": -0.5}
_ASKEW = {"mouthLeft": -1.0, "mouthRight": -1.0}
_WIDE = {f"{name}{side}": -0.5 for name in ("mouthSmile", "mouthStretch", "mouthPress") for side in ("Left", "Right")}
_ROLLED = {
    **dict.fromkeys(("AU10UpperLipRaiser", "AU12LipCornerPuller", "AU12+25OpenSmile", "AU10+16LipsBared"), -1.0),
    **dict.fromkeys(("AU13SharpLipPuller", "AU15LipCornerDepressor", "AU16LowerLipDepressor"), -1.0),
    **dict.fromkeys(("AU20LipStretcher", "AU21NeckTightener", "AU22LipFunneler", "AU25LipsPart"), -1.0),
}
_BARED = dict.fromkeys(("AU13SharpLipPuller", "AU21NeckTightener", "jawForward"), -0.5)
_PULLED = dict.fromkeys(("AU12LipCornerPuller", "AU21NeckTightener", "jawForward"), -0.5)
_SMILING = {"mouthSmileLeft": -0.2, "mouthSmileRight": -0.2}
_LOWERED = {"mouthLowerDownLeft": -0.2, "mouthLowerDownRight": -0.2}
# lips that two controls would push through the teeth, or turn inside out; measured in test_interpenetration
_LIPS: dict[str, tuple[float, dict[str, float]]] = {
    "mouthRollUpper": (1.0, {**_ROLLED, "jawForward": -0.7, "jawLeft": -0.3, "jawRight": -0.3}),
    "mouthRollLower": (1.0, {**_ROLLED, **_ASIDE, **_LOWERED, **_SMILING}),
    "mouthLeft": (1.0, {"jawRight": -0.5, "jawLeft": -0.4, "mouthLowerDownLeft": -0.3}),
    "mouthRight": (1.0, {"jawLeft": -0.5, "jawRight": -0.4, "mouthLowerDownRight": -0.3}),
    "jawLeft": (1.0, {"jawForward": -0.4}),
    "jawRight": (1.0, {"jawForward": -0.4}),
    "AU12+25OpenSmile": (1.0, {"jawOpen": -0.7, "AU20LipStretcher": -1.0, **_BARED, **_ASIDE, **_WIDE}),
    "AU10+16LipsBared": (1.0, {"jawOpen": -0.7, "AU12+25OpenSmile": -1.0, **_PULLED, **_ASIDE, **_ASKEW}),
    "AU20LipStretcher": (1.0, {"jawOpen": -0.7, "AU13SharpLipPuller": -1.0, "mouthFunnel": -1.0, **_ASIDE, **_WIDE}),
}
LIMITS: dict[str, tuple[float, dict[str, float]]] = {
    **_LIPS,
    **{
        name.format(side): (constant, {other.format(side): gain for other, gain in others.items()})
        for name, (constant, others) in _LIDS.items()
        for side in ("Left", "Right")
    },
    # mouthClose brings the lips together over an open jaw; over a closed one it would push them through each other
    "mouthClose": (0.0, {"jawOpen": 1.0}),
}
"""Ceilings by control name: (constant, gain by name of the other control)."""


def with_ceilings(controls: Sequence[Control]) -> tuple[Control, ...]:
    """The controls with the ceilings of :data:`LIMITS`; names this head does not have are left out of them."""
    index = {control.name: place for place, control in enumerate(controls)}

    def ceiling(name: str) -> Ceiling | None:
        if name not in LIMITS:
            return None
        constant, others = LIMITS[name]
        return Ceiling(constant, tuple((index[other], gain) for other, gain in others.items() if other in index))

    return tuple(replace(control, ceiling=ceiling(control.name)) for control in controls)


def limited(controls: Sequence[Control], values: Mapping[str, float]) -> dict[str, float]:
    """The values that act: each of ``values`` (by control name; others are 0) cut to its control's ceiling."""
    result = dict(values)
    for control in controls:
        if control.ceiling is not None and control.name in values:
            others = (gain * values.get(controls[other].name, 0.0) for other, gain in control.ceiling.controls)
            result[control.name] = min(values[control.name], max(0.0, control.ceiling.constant + sum(others)))
    return result
