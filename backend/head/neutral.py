"""From the fitted expression to the person at rest: what of a photo belongs to the neutral head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..artifacts import Portrait
from ..config import FitConfig
from . import face_regions as regions
from .model import HeadModel, personal_units

LEFT_EYE, RIGHT_EYE = 3, 4
MOUTH_CORNERS = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "cheekSquint")


def head_at_rest(
    model: HeadModel,
    neutral: np.ndarray,
    posed: np.ndarray,
    residual: np.ndarray,
    units: np.ndarray,
    joints: np.ndarray,
    portrait: Portrait,
    config: FitConfig,
) -> tuple[np.ndarray, np.ndarray]:
    """Neutral vertices float64 [V,3] and joints float64 [5,3].

    Args:
        neutral: [V,3] of the identity alone. posed: [V,3] in the photo's expression. residual: [V,3], to be added.
        units: [U] of the photo. joints: [5,3] of ``neutral``.
    """
    kept = _lips_together(model, neutral, _kept_in_neutral(residual, posed - neutral, config))
    places = _moved_joints(model, joints, kept)
    vertices = neutral + kept + _mouth_at_rest(model, units, config)
    return vertices + _eyes_as_open(model, posed + residual, vertices, places, portrait.blendshapes, config), places


def _kept_in_neutral(residual: np.ndarray, motion: np.ndarray, config: FitConfig) -> np.ndarray:
    """The part [V,3] of the residual that belongs to the person and not to an expression the units missed.

    It is capped, and the cap sinks where the expression moved the skin far.
    """
    cap = config.neutral_residual / (1 + (np.linalg.norm(motion, axis=1) / 0.004) ** 2)
    length = np.linalg.norm(residual, axis=1)
    return residual * np.minimum(1, cap / np.maximum(length, 1e-9))[:, None]


def _mouth_at_rest(model: HeadModel, units: np.ndarray, config: FitConfig) -> np.ndarray:
    """What the neutral head keeps of the photo's mouth, [V,3]: its corners, nothing that parts the lips."""
    kept = np.array([name.startswith(MOUTH_CORNERS) for name in model.unit_names]) * config.mouth_kept
    return np.tensordot(units * kept, model.unit_dirs, 1)


def _eyes_as_open(
    model: HeadModel,
    posed: np.ndarray,
    neutral: np.ndarray,
    joints: np.ndarray,
    scores: dict[str, float],
    config: FitConfig,
) -> np.ndarray:
    """Displacement [V,3] that lowers the lids of ``neutral`` [V,3] to the opening of ``posed``.

    Squinting is how the landmarker reads narrow eyes; taking it out of them makes a person stare.
    """
    moved = np.zeros_like(neutral)
    units = personal_units(model, neutral, joints)
    for side, (upper, lower) in zip(("Left", "Right"), (regions.LEFT_LID_MIDDLES, regions.RIGHT_LID_MIDDLES)):
        name = f"eyeBlink{side}"
        if scores.get(name, 0.0) > config.blink_from:
            continue
        gaps = []
        for vertices in (posed, neutral):
            points = landmark_points(vertices, model, (upper, lower))
            gaps.append(float(np.linalg.norm(points[0] - points[1])))
        closing = np.clip(1 - gaps[0] / max(gaps[1], 1e-6), 0, config.most_eye_closing)
        moved += closing * units[model.unit_names.index(name)]
    return moved


def _lips_together(model: HeadModel, neutral: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """``moved`` [V,3] blurred over the lips across the gap between them, so that closed lips stay closed."""
    lips = np.flatnonzero(model.masks["lips"] | model.masks["inner_mouth"])
    distance = np.linalg.norm(neutral[lips, None] - neutral[None, lips], axis=2)
    near = np.exp(-((distance / 0.004) ** 2))
    result = moved.copy()
    result[lips] = near @ moved[lips] / near.sum(1, keepdims=True)
    return result


def _moved_joints(model: HeadModel, joints: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Eye joints go where their eyeballs went; the others stay."""
    result = joints.astype(np.float64).copy()
    for joint, name in ((LEFT_EYE, "left_eyeball"), (RIGHT_EYE, "right_eyeball")):
        result[joint] += moved[model.masks[name]].mean(0)
    return result


def landmark_points(vertices: np.ndarray, model: HeadModel, which: Sequence[int]) -> np.ndarray:
    """Some of the 478 landmarks on a mesh, [len(which),3]."""
    embedding, index = model.landmarks478, list(which)
    return np.einsum("kc,kcx->kx", embedding.bary[index], vertices[model.faces[embedding.face[index]]])
