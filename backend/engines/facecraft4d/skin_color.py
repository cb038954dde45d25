"""The colour of this person's skin, from the cheeks and the forehead that the frontal views show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...perception.landmark_names import (
    FACE_OVAL,
    LEFT_BROW,
    LEFT_EYE,
    LIPS_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
)

SHADING = 3.0  # how much more lightness may differ than hue: light falls on skin from one side
REACH = 3.0  # standard deviations
FLOOR = np.array([36.0, 9.0, 9.0])  # least variances of 8-bit Lab
MIDDLE = 0.75  # part of the face's oval that shows no hair


@dataclass(frozen=True)
class SkinColor:
    """``mean`` float64 [3] and ``precision`` [3,3] of 8-bit OpenCV Lab."""

    mean: np.ndarray
    precision: np.ndarray

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Which of the pixels uint8 [H,W,3] look like skin, bool [H,W]."""
        away = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB).astype(np.float64) - self.mean
        return np.einsum("...a,ab,...b->...", away, self.precision, away) < REACH**2


def skin_color(pictures: Sequence[np.ndarray], points: Sequence[np.ndarray]) -> SkinColor:
    """Measure skin in pictures uint8 [H,W,3] whose landmarks are ``points`` [478,2+]."""
    samples = [_face_pixels(rgb, at[:, :2]) for rgb, at in zip(pictures, points)]
    lab = np.concatenate(samples).astype(np.float64)
    mean = np.median(lab, axis=0)
    near = lab[(np.abs(lab - mean) < 2.5 * np.percentile(np.abs(lab - mean), 70, axis=0) + 6).all(1)]
    spread = np.cov(near.T) + np.diag(FLOOR)
    spread[0] *= SHADING
    spread[:, 0] *= SHADING
    return SkinColor(near.mean(0), np.linalg.inv(spread))


def _face_pixels(rgb: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Lab [n,3] of the face without eyes, brows and lips."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    oval = at[list(FACE_OVAL)]
    cv2.fillConvexPoly(mask, cv2.convexHull(_pixels(oval.mean(0) + MIDDLE * (oval - oval.mean(0)))), 1)
    for feature in (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, LIPS_OUTER):
        around = at[list(feature)]
        cv2.fillConvexPoly(mask, cv2.convexHull(_pixels(around.mean(0) + 1.3 * (around - around.mean(0)))), 0)
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB)[mask > 0]


def _pixels(points: np.ndarray) -> np.ndarray:
    return np.round(points).astype(np.int32)
