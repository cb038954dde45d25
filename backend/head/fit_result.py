"""What fitting the head model to a portrait gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..artifacts import Camera, HeadParameters


@dataclass(frozen=True)
class HeadFit:
    """The head model laid over a portrait. The head stays upright; the photo is a camera that looks at it.

    Attributes:
        betas: float32 [B], identity coefficients.
        parameters: units, jaw and eyes of the photo; root and neck are at rest.
        camera: the photo's camera: crop pixels of ``Portrait.image``, world = head frame of the neutral head.
        posed_vertices: float64 [V,3] head frame, the photo's expression; projects onto the picture.
        neutral_vertices: float64 [V,3] head frame, the same person without any expression.
        joints: float64 [5,3], joints of the neutral head.
        linear_error: mean landmark distance of the parametric fit, per cent of the distance between the irises.
        landmark_error: the same after the smooth residual, per cent.
        angles_deg: (pitch, yaw, roll) of the head in the photo; yaw > 0: the head turned to the subject's left.
        eye_distance: distance between the irises, crop pixels.
    """

    betas: np.ndarray
    parameters: HeadParameters
    camera: Camera
    posed_vertices: np.ndarray
    neutral_vertices: np.ndarray
    joints: np.ndarray
    linear_error: float
    landmark_error: float
    angles_deg: tuple[float, float, float]
    eye_distance: float
