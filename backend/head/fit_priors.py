"""What a fit expects of a face before it has seen a landmark: believable units, jaw and gaze.

Identity and expression explain the same landmarks (a smile, or wide lips?). The landmarker's own expression scores
decide between them: they are the prior of the units, and the neutral head is what is left without units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..artifacts import HeadParameters
from ..config import FitConfig
from .controls import ARKIT_NAMES, parameters_from_controls
from .fit_state import ANGLES, EYE_PITCHES, EYE_YAWS, JAW_OPEN, JAW_SIDEWAYS, RIGID, Moment, pose_of
from .model import HeadModel

CANNOT_BE_SEEN = ("tongueOut", "cheekPuff", "mouthClose")
"""Units that landmarks cannot tell, or that fight the jaw."""
FINE = (
    *("mouthDimple", "mouthFrown", "mouthPress", "mouthRoll", "mouthShrug", "mouthLeft", "mouthRight"),
    *("jawForward", "jawLeft", "jawRight"),
)
"""How the names begin of units that refine lips and jaw, or push them aside."""
LIDS = ("eyeWide", "eyeSquint")


def fitted_units(model: HeadModel) -> np.ndarray:
    """Indices int [F] of the units that are fitted: those an artist knows by ARKit's names and landmarks can tell."""
    names = enumerate(model.unit_names)
    return np.array([i for i, name in names if name in ARKIT_NAMES and name not in CANNOT_BE_SEEN])


def head_parameters(model: HeadModel, moment: Moment) -> HeadParameters:
    """Units, jaw and eyes of ``moment``; root and neck at rest."""
    units = np.zeros(len(model.unit_names), np.float32)
    units[fitted_units(model)] = moment.units
    return HeadParameters(units, pose_of(moment.angles).astype(np.float32))


@dataclass(frozen=True)
class Expectation:
    """The prior of one moment, a sum of squares.

    Attributes:
        units: float64 [F], expected values. angles: float64 [7] radians.
        unit_weights: [F]. angle_weights: [7]. low, high: [F+7], what may not be left, at the cost of ``range_weights``.
    """

    units: np.ndarray
    angles: np.ndarray
    unit_weights: np.ndarray
    angle_weights: np.ndarray
    low: np.ndarray
    high: np.ndarray
    range_weights: np.ndarray
    pitch_weight: float
    yaw_weight: float

    def evaluate(self, moment: Moment) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy, half its gradient [6+F+7] and half its second derivative [6+F+7,6+F+7]."""
        value = np.concatenate([moment.units, moment.angles])
        weight = np.concatenate([self.unit_weights, self.angle_weights])
        off = value - np.concatenate([self.units, self.angles])
        beyond = np.minimum(value - self.low, 0) + np.maximum(value - self.high, 0)
        gradient = weight * off + self.range_weights * beyond
        second = np.diag(weight + self.range_weights * (beyond != 0))
        energy = float(weight @ off**2 + self.range_weights @ beyond**2)
        for (left, right), tie in ((EYE_PITCHES, self.pitch_weight), (EYE_YAWS, self.yaw_weight)):
            difference = np.zeros(len(value))
            difference[len(moment.units) + left], difference[len(moment.units) + right] = 1, -1
            apart = difference @ value
            energy += tie * apart**2
            gradient += tie * apart * difference
            second += tie * np.outer(difference, difference)
        whole = np.zeros((RIGID + len(value), RIGID + len(value)))
        whole[RIGID:, RIGID:] = second
        return float(energy), np.concatenate([np.zeros(RIGID), gradient]), whole


def expectation(model: HeadModel, scores: Mapping[str, float], config: FitConfig) -> Expectation:
    """What the landmarker's ``scores`` (ARKit names, 0..1) let expect; without any, a face at rest."""
    names = [model.unit_names[unit] for unit in fitted_units(model)]
    known = {control.name for control in model.controls}
    trusted = {name: config.score_trust * score for name, score in scores.items() if name in known}
    pose = parameters_from_controls(model, trusted).pose.astype(np.float64)
    low, high = _angle_ranges(model)
    units = np.array([trusted.get(n, 0.0) * (config.squint_trust if n.startswith("eyeSquint") else 1.0) for n in names])
    # a unit the landmarker does not see at all must be bought dearly, or pairs of them fight each other
    unseen = (1 - np.clip(units / 0.3, 0, 1)) if trusted else np.zeros(len(names))
    dearer = 1 + (config.unseen_unit_factor - 1) * unseen * config.score_trust
    dearer[[name.startswith(LIDS) for name in names]] *= config.lid_factor
    fine = [name.startswith(FINE) for name in names]
    dearer[fine] = np.maximum(dearer[fine], config.fine_unit_factor)
    angle_weights = np.zeros(len(ANGLES))
    angle_weights[JAW_OPEN] = config.jaw_open_weight
    angle_weights[[*JAW_SIDEWAYS]] = config.jaw_sideways_weight
    angle_weights[[*EYE_PITCHES]] = config.gaze_pitch_weight
    angle_weights[[*EYE_YAWS]] = config.gaze_yaw_weight
    return Expectation(
        units=units,
        angles=np.array([pose[joint, component] for joint, component in ANGLES]),
        unit_weights=config.unit_weight * dearer,
        angle_weights=angle_weights,
        low=np.concatenate([np.zeros(len(names)), low]),
        high=np.concatenate([np.ones(len(names)), high]),
        range_weights=np.repeat([config.unit_range_weight, config.angle_range_weight], [len(names), len(ANGLES)]),
        pitch_weight=config.gaze_pitch_tie,
        yaw_weight=config.gaze_yaw_tie,
    )


def _angle_ranges(model: HeadModel) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest angle [7] the artist's controls reach; the jaw's sideways angles are free."""
    low, high = np.zeros(len(ANGLES)), np.zeros(len(ANGLES))
    for control in model.controls:
        for joint, component, radians in control.joints:
            if (joint, component) in ANGLES:
                at = ANGLES.index((joint, component))
                low[at], high[at] = min(low[at], radians), max(high[at], radians)
    for at in JAW_SIDEWAYS:
        low[at], high[at] = -np.inf, np.inf
    high[JAW_OPEN] = max(high[JAW_OPEN], 0.5)
    return low, high
