"""Lays the head model over a portrait: camera, identity, expression, jaw and gaze from 478 landmarks.

Under a second on one thread, and deterministic. ``landmark_fit.py`` does the work; here a portrait goes in, and the
head at rest comes out.
"""

from __future__ import annotations

import numpy as np

from ..artifacts import Camera, Portrait
from ..config import FitConfig
from ..errors import StageError
from . import face_regions as regions
from .fit_priors import head_parameters
from .fit_result import HeadFit
from .fit_sight import Sight, landmark_trust
from .landmark_fit import LandmarkFit, fit_landmarks, landmark_weights
from .lbs import pose_vertices
from .mesh_raster import project
from .model import HeadModel, make_avatar_mesh
from .neutral import head_at_rest, landmark_points
from .residual import smooth_residual


def fit_head(portrait: Portrait, model: HeadModel, config: FitConfig | None = None) -> HeadFit:
    """Fit ``model`` to ``portrait``.

    Raises:
        StageError: ``fit.failed`` when the landmarks do not look like a face.
    """
    config = config or FitConfig()
    landmarks = portrait.landmarks[:, :2].astype(np.float64)
    eye_distance = float(np.linalg.norm(landmarks[regions.LEFT_IRIS] - landmarks[regions.RIGHT_IRIS]))
    if not eye_distance > 1:
        raise StageError(
            "fit.failed",
            "The face in the picture could not be measured.",
            cause="Both eyes were found at the same place.",
            fix="Use a picture that shows the face from the front.",
        )
    guess = picture_camera(portrait.image.shape[1], portrait.image.shape[0], config.focal)
    found = fit_landmarks([Sight(landmarks, guess, 0, portrait.blendshapes)], model, config=config, calibrated=False)
    return _result(portrait, model, config, found, guess, eye_distance)


def picture_camera(width: int, height: int, focal: float) -> Camera:
    """A camera at the origin whose focal length is ``focal`` times the picture's longer side."""
    length = focal * max(width, height)
    K = np.array([[length, 0, width / 2], [0, length, height / 2], [0, 0, 1]])
    return Camera(np.eye(4), K, width, height)


def refined_camera(guess: Camera, log_focal: float) -> Camera:
    """``guess`` with the fitted focal length."""
    K = guess.K.copy()
    K[[0, 1], [0, 1]] *= np.exp(log_focal)
    return Camera(guess.viewmat, K, guess.width, guess.height)


def _result(
    portrait: Portrait, model: HeadModel, config: FitConfig, found: LandmarkFit, guess: Camera, eye_distance: float
) -> HeadFit:
    """Add the smooth residual and say how good the fit is."""
    moment, betas = found.moments[0], found.person.betas
    viewmat = np.eye(4)
    viewmat[:3, :3], viewmat[:3, 3] = moment.rotation, moment.translation
    size = portrait.image.shape[0]
    camera = Camera(viewmat, refined_camera(guess, found.person.log_focal).K, size, size)
    neutral = model.neutral(betas)
    parameters = head_parameters(model, moment)
    bare = make_avatar_mesh(model, neutral, np.zeros_like(neutral))
    posed = pose_vertices(bare, parameters)
    landmarks = portrait.landmarks[:, :2].astype(np.float64)
    linear = _mean_error(posed, model, camera, landmarks) / eye_distance
    trust = landmark_trust(found.errors[0][:, None], config.last_doubt) / landmark_trust(
        found.errors[0][:, None], np.inf
    )
    weights = landmark_weights(model, model.landmarks478, config) * trust
    residual = smooth_residual(model, posed, camera, landmarks, weights, config)
    at_rest, joints = head_at_rest(model, neutral, posed, residual, parameters.units, bare.joints, portrait, config)
    posed = posed + residual
    refined = _mean_error(posed, model, camera, landmarks) / eye_distance
    return HeadFit(
        betas=betas.astype(np.float32),
        parameters=parameters,
        camera=camera,
        posed_vertices=posed,
        neutral_vertices=at_rest,
        joints=joints,
        linear_error=100 * linear,
        landmark_error=100 * refined,
        angles_deg=_head_angles(moment.rotation),
        eye_distance=eye_distance,
    )


def _mean_error(vertices: np.ndarray, model: HeadModel, camera: Camera, landmarks: np.ndarray) -> float:
    """Mean distance in pixels."""
    points = landmark_points(vertices, model, range(len(landmarks)))
    return float(np.linalg.norm(project(points, camera)[:, :2] - landmarks, axis=1).mean())


def _head_angles(rotation: np.ndarray) -> tuple[float, float, float]:
    """(pitch, yaw, roll) in degrees of the head seen by the camera; yaw > 0 turns to the subject's left."""
    head = np.diag([1.0, -1.0, -1.0]) @ rotation
    pitch = np.arctan2(-head[1, 2], head[2, 2])
    yaw = np.arcsin(np.clip(head[0, 2], -1, 1))
    roll = np.arctan2(-head[0, 1], head[0, 0])
    return float(np.rad2deg(pitch)), float(np.rad2deg(yaw)), float(np.rad2deg(roll))
