"""Visemes and emotions as named sets of ARKit controls: the one table that Blender, the command line and the docs use.

Visemes are the fifteen of MPEG-4 as speech tools emit them (Oculus' names). Emotions follow the action units of EMFACS
(Ekman and Friesen): joy 6+12, sadness 1+4+15, surprise 1+2+5+26, fear 1+2+4+5+20+26, anger 4+5+7+23, disgust 9+10+17,
contempt 12+14 on one side. Values were set by eye on the built-in head (docs/controls.md shows them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import CameoError

VISEME, EMOTION = "viseme", "emotion"
_PAIRED = (
    *("browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookUp", "eyeSquint", "eyeWide"),
    *("mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp"),
    "noseSneer",
)


@dataclass(frozen=True)
class NamedPose:
    """``group`` is :data:`VISEME` or :data:`EMOTION`; ``controls``: control name -> 0..1, all others at rest."""

    name: str
    group: str
    controls: dict[str, float]

    def at(self, strength: float) -> dict[str, float]:
        """The pose in part: ``strength`` 0..1."""
        return {name: strength * value for name, value in self.controls.items()}


def _both_sides(values: Mapping[str, float]) -> dict[str, float]:
    """Names of pairs without a side mean both sides."""
    named: dict[str, float] = {}
    for name, value in values.items():
        named |= {name + side: value for side in ("Left", "Right")} if name in _PAIRED else {name: value}
    return named


_VISEMES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {"mouthPress": 0.5, "mouthRollLower": 0.4, "mouthRollUpper": 0.4, "mouthPucker": 0.1},
    "FF": {"mouthRollLower": 0.7, "mouthUpperUp": 0.35, "jawOpen": 0.08},
    "TH": {"jawOpen": 0.2, "tongueOut": 0.85, "mouthUpperUp": 0.2, "mouthLowerDown": 0.2},
    "DD": {"jawOpen": 0.18, "mouthUpperUp": 0.2, "mouthLowerDown": 0.35},
    "kk": {"jawOpen": 0.28, "mouthUpperUp": 0.15, "mouthLowerDown": 0.25, "mouthStretch": 0.15},
    "CH": {"mouthFunnel": 0.45, "mouthPucker": 0.3, "jawOpen": 0.06, "mouthUpperUp": 0.3, "mouthLowerDown": 0.4},
    "SS": {"jawOpen": 0.05, "mouthStretch": 0.35, "mouthUpperUp": 0.25, "mouthLowerDown": 0.5, "mouthSmile": 0.15},
    "nn": {"jawOpen": 0.12, "mouthUpperUp": 0.15, "mouthLowerDown": 0.25, "mouthStretch": 0.1},
    "RR": {"jawOpen": 0.14, "mouthFunnel": 0.3, "mouthPucker": 0.35, "mouthShrugLower": 0.25},
    "aa": {"jawOpen": 0.65, "mouthLowerDown": 0.2, "mouthUpperUp": 0.15},
    "E": {"jawOpen": 0.32, "mouthSmile": 0.25, "mouthStretch": 0.3, "mouthUpperUp": 0.2, "mouthLowerDown": 0.3},
    "I": {"jawOpen": 0.15, "mouthSmile": 0.45, "mouthStretch": 0.3, "mouthUpperUp": 0.2, "mouthLowerDown": 0.3},
    "O": {"jawOpen": 0.42, "mouthPucker": 0.55, "mouthFunnel": 0.15},
    "U": {"jawOpen": 0.12, "mouthPucker": 0.78, "mouthRollLower": 0.25, "mouthFunnel": 0.1},
}
_EMOTIONS: dict[str, dict[str, float]] = {
    "calm": {"eyeBlink": 0.18, "mouthSmile": 0.15, "browInnerUp": 0.08},
    "joy": {"mouthSmile": 0.9, "cheekSquint": 0.7, "eyeSquint": 0.35, "mouthUpperUp": 0.5, "jawOpen": 0.1},
    "amusement": {
        **{"mouthSmile": 0.85, "cheekSquint": 0.9, "eyeSquint": 0.6, "jawOpen": 0.4, "mouthUpperUp": 0.55},
        **{"mouthLowerDown": 0.2, "browOuterUp": 0.25, "browInnerUp": 0.15},
    },
    "sadness": {
        **{"browInnerUp": 0.9, "browDown": 0.35, "mouthFrown": 0.8, "mouthShrugLower": 0.45, "eyeSquint": 0.2},
        **{"eyeBlink": 0.25, "eyeLookDown": 0.35},
    },
    "anger": {
        **{"browDown": 1.0, "eyeSquint": 0.55, "eyeWide": 0.2, "noseSneer": 0.8, "mouthPress": 0.8, "mouthFrown": 0.55},
        **{"jawForward": 0.4, "mouthRollLower": 0.3, "mouthRollUpper": 0.2},
    },
    "fear": {
        **{"browInnerUp": 1.0, "browOuterUp": 0.15, "browDown": 0.45, "eyeWide": 0.9, "mouthStretch": 1.0},
        **{"jawOpen": 0.12, "mouthLowerDown": 0.6, "mouthFrown": 0.3},
    },
    "disgust": {
        **{"noseSneer": 1.0, "browDown": 0.6, "eyeSquint": 0.6, "cheekSquint": 0.5, "mouthUpperUp": 0.6},
        **{"mouthFrown": 0.45, "mouthShrugLower": 0.4},
    },
    "surprise": {"browInnerUp": 0.9, "browOuterUp": 0.9, "eyeWide": 0.9, "jawOpen": 0.6, "mouthFunnel": 0.15},
    "contempt": {
        **{"mouthSmileLeft": 0.55, "mouthDimpleLeft": 0.7, "mouthPressLeft": 0.3, "cheekSquintLeft": 0.4},
        **{"noseSneerLeft": 0.25, "eyeSquint": 0.3, "eyeBlink": 0.15, "browOuterUpRight": 0.45},
    },
    "boredom": {"eyeBlink": 0.45, "browInnerUp": 0.2, "mouthFrown": 0.3, "mouthShrugLower": 0.2, "eyeLookUp": 0.3},
}
POSES: tuple[NamedPose, ...] = (
    *(NamedPose(name, VISEME, _both_sides(values)) for name, values in _VISEMES.items()),
    *(NamedPose(name, EMOTION, _both_sides(values)) for name, values in _EMOTIONS.items()),
)


def named_pose(name: str) -> NamedPose:
    """The pose of that name.

    Raises:
        CameoError: ``head.unknown_pose``.
    """
    for pose in POSES:
        if pose.name == name:
            return pose
    raise CameoError(
        "head.unknown_pose",
        f"There is no pose named '{name}'.",
        fix=f"Use one of: {', '.join(pose.name for pose in POSES)}.",
    )
