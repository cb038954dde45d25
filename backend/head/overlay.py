"""A picture of a fit: the head's mesh and its landmarks drawn over the portrait."""

from __future__ import annotations

import cv2
import numpy as np

from ..artifacts import Part, Portrait
from .fit_result import HeadFit
from .mesh_raster import MeshRaster, project, rasterize_mesh
from .model import HeadModel
from .neutral import landmark_points

SAMPLES = 3  # per pixel side; lines are one sample wide
LINE_OPACITY = 0.75
SKIN_COLOR, EYE_COLOR, TEETH_COLOR, OTHER_COLOR = (120, 235, 255), (255, 220, 60), (255, 140, 200), (170, 170, 170)
FOUND_COLOR, MODEL_COLOR = (60, 255, 90), (255, 60, 60)
_COLORS = {
    Part.SKIN: SKIN_COLOR,
    Part.LEFT_EYE: EYE_COLOR,
    Part.RIGHT_EYE: EYE_COLOR,
    Part.TEETH: TEETH_COLOR,
}


def overlay(portrait: Portrait, fit: HeadFit, model: HeadModel) -> np.ndarray:
    """The fitted mesh as lines over the picture: uint8 [S,S,3] sRGB.

    Hidden lines are left out. Green dots are the landmarks that were found, red strokes lead to where the model has
    them.
    """
    raster = rasterize_mesh(fit.posed_vertices, model.faces, fit.camera, supersample=SAMPLES)
    colors = np.array([_COLORS.get(Part(part), OTHER_COLOR) for part in range(len(Part))], np.float32)
    lines = _borders(raster)
    picture = np.repeat(np.repeat(portrait.image, SAMPLES, 0), SAMPLES, 1).astype(np.float32)
    ink = colors[model.part[raster.face[lines]]]
    picture[lines] += LINE_OPACITY * (ink - picture[lines])
    size = portrait.image.shape[1], portrait.image.shape[0]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).round().astype(np.uint8)
    return _with_landmarks(small, portrait.landmarks, fit, model)


def _borders(raster: MeshRaster) -> np.ndarray:
    """bool [H,W]: samples of a face whose right or lower neighbour is another, or nothing."""
    face = raster.face
    border = np.zeros(face.shape, bool)
    border[:, :-1] |= face[:, :-1] != face[:, 1:]
    border[:-1] |= face[:-1] != face[1:]
    return border & (face >= 0)


def _with_landmarks(picture: np.ndarray, landmarks: np.ndarray, fit: HeadFit, model: HeadModel) -> np.ndarray:
    """``picture`` with found landmarks [478,>=2] and the strokes to the model's."""
    picture = np.ascontiguousarray(picture)
    modelled = project(landmark_points(fit.posed_vertices, model, range(len(landmarks))), fit.camera)
    fine = 4  # fractional bits of OpenCV's coordinates, whose pixel centres are integers

    def place(point: np.ndarray) -> tuple[int, int]:
        x, y = np.round((point[:2] - 0.5) * 2**fine).astype(int)
        return int(x), int(y)

    for found, at in zip(landmarks, modelled):
        cv2.line(picture, place(found), place(at), MODEL_COLOR, 1, cv2.LINE_AA, fine)
        cv2.circle(picture, place(found), round(1.2 * 2**fine), FOUND_COLOR, -1, cv2.LINE_AA, fine)
    return picture
