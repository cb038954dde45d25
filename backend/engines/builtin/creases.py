"""Takes the creases of a smile out of a photo: a neutral face must not keep them painted on its cheeks."""

from __future__ import annotations

import cv2
import numpy as np

from ...artifacts import Portrait
from ...head import face_regions as regions
from .photo_samples import eye_distance

WINGS, CORNERS, CHEEKS = (129, 358), (61, 291), (205, 425)
"""Landmarks (right, left): the nose's wings, the corners of the mouth, the cheeks beside the fold."""
STRENGTH = 0.9  # part of a crease that goes at a full smile
SMILE_FROM, SMILE_TO = 0.15, 0.6  # smile scores over which the softening sets in


def soften_creases(portrait: Portrait) -> np.ndarray:
    """The portrait's picture, uint8 [S,S,3], with the folds from nose to mouth made shallower if the person smiles."""
    scores = [portrait.blendshapes.get(f"mouthSmile{side}", 0.0) for side in ("Right", "Left")]
    image = portrait.image.astype(np.float32)
    unit = eye_distance(portrait)
    where = np.zeros(image.shape[:2], np.float32)
    for side, score in enumerate(scores):
        amount = STRENGTH * float(np.clip((score - SMILE_FROM) / (SMILE_TO - SMILE_FROM), 0, 1))
        where = np.maximum(where, amount * _fold_region(portrait, side, unit))
    if where.max() == 0:
        return portrait.image
    # a fold is what a closing fills: darker than the skin on both of its sides
    size = int(0.2 * unit) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    smooth = cv2.GaussianBlur(image, (0, 0), 0.012 * unit)
    filled = cv2.GaussianBlur(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, kernel), (0, 0), 0.05 * unit)
    depth = np.maximum(filled - smooth - 1.5, 0)
    lifted = np.minimum(image + depth * where[..., None], np.maximum(image, filled))  # no halo beside a hard line
    return np.clip(lifted, 0, 255).astype(np.uint8)


def _fold_region(portrait: Portrait, side: int, unit: float) -> np.ndarray:
    """Soft mask [S,S] of the strip from the nose's wing past the corner of the mouth, without nose and lips."""
    points = portrait.landmarks[:, :2]
    wing, corner, cheek = points[WINGS[side]], points[CORNERS[side]], points[CHEEKS[side]]
    outwards = (cheek - corner) / max(float(np.linalg.norm(cheek - corner)), 1.0)
    end = corner + 0.35 * (corner - wing) + 0.1 * unit * outwards
    path = np.stack([wing + 0.1 * unit * outwards, corner + 0.22 * unit * outwards, end]).astype(np.int32)
    mask = np.zeros(portrait.image.shape[:2], np.uint8)
    cv2.polylines(mask, [path], False, 255, int(0.34 * unit))
    keep = np.zeros_like(mask)
    cv2.fillPoly(keep, [points[list(regions.OUTER_LIPS)].astype(np.int32)], 255)
    keep = cv2.dilate(keep, np.ones((3, 3)), iterations=max(1, int(0.03 * unit)))
    nose = cv2.convexHull(points[[129, 358, 98, 327, 2, 6, 4, 64, 294]].astype(np.int32))
    cv2.fillConvexPoly(keep, nose, 255)
    mask[keep > 0] = 0
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.03 * unit)
