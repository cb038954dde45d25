"""The head poses an avatar is trained on: expressions that open what neutral hides, and one kept for measuring."""

from __future__ import annotations

from collections.abc import Mapping

BOTH = ("Left", "Right")


def _both(name: str, value: float) -> dict[str, float]:
    return {name + side: value for side in BOTH}


TRAINED: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("blink", _both("eyeBlink", 1.0)),
    ("jaw open", {"jawOpen": 1.0}),
    (
        "toothy smile",
        _both("mouthSmile", 0.8) | _both("mouthUpperUp", 0.6) | _both("mouthLowerDown", 0.5) | {"jawOpen": 0.25},
    ),
    ("smile", _both("mouthSmile", 1.0) | _both("cheekSquint", 0.4)),
    ("pucker", {"mouthPucker": 1.0}),
    ("brows up", {"browInnerUp": 1.0} | _both("browOuterUp", 0.8) | _both("eyeWide", 0.6)),
    ("frown", _both("browDown", 1.0) | _both("mouthFrown", 0.8) | _both("noseSneer", 0.6)),
    ("look left", {"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8}),
    ("look down", _both("eyeLookDown", 0.8)),
)
"""Controls of the trained expressions, by name; every pair shows something no other does."""

HELD_OUT: tuple[str, Mapping[str, float]] = ("funnel", {"mouthFunnel": 0.8, "jawOpen": 0.3})
"""Never trained on."""
