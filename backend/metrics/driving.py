"""Does a control move the face the way its name says? Judged by the landmarker's own 52 expression scores."""

from __future__ import annotations

from collections.abc import Mapping

# A still's control and the scores it must raise.
STILL_CONTROLS: dict[str, tuple[str, ...]] = {
    "jawOpen": ("jawOpen",),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "eyeBlink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "browInnerUp": ("browInnerUp",),
    "mouthPucker": ("mouthPucker",),
}


def score_rise(neutral: Mapping[str, float], posed: Mapping[str, float], control: str) -> float:
    """How far the scores of ``control`` rose over neutral; of two sides the weaker one counts.

    Args:
        neutral, posed: scores of ``FaceLandmarks.blendshapes``.
        control: a key of :data:`STILL_CONTROLS` or any ARKit name.
    """
    return min(posed[name] - neutral[name] for name in STILL_CONTROLS.get(control, (control,)))
