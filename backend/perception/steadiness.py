"""How sure the landmark network is of each point: it looks several times, each time framed a little differently.

Where it sees a feature it finds the same place each time; where something hides it, or where there is no face at all,
it guesses, and the guesses differ.
"""

from __future__ import annotations

import numpy as np

from .landmarks import Roi, landmarks_at, roi_of

# How each look is framed: shift (part of the region), zoom, turn (radians).
_LOOKS = (
    (0.0, 0.0, 1.0, 0.0),
    (0.06, 0.0, 1.0, 0.0),
    (-0.06, 0.0, 1.0, 0.0),
    (0.0, 0.06, 1.0, 0.0),
    (0.0, -0.06, 1.0, 0.0),
    (0.0, 0.0, 1.15, 0.0),
    (0.0, 0.0, 0.9, 0.0),
    (0.0, 0.0, 1.0, 0.12),
    (0.0, 0.0, 1.0, -0.12),
)


def landmark_spread(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How far each landmark wanders between differently framed looks: float64 [478], percent of the face's height."""
    roi = roi_of(points)
    looks = []
    for dx, dy, zoom, turn in _LOOKS:
        framed = Roi(roi.center + np.array([dx, dy]) * roi.size, roi.size * zoom, roi.roll + turn)
        looks.append(landmarks_at(image, framed)[0][:, :2])
    return np.std(looks, axis=0).mean(axis=1) / np.ptp(points[:, 1]) * 100
