"""One head in many pictures: calibrated views of many moments, or a clip from one camera.

The identity and the world's scale (or the focal length) are shared; every moment has its own expression, jaw, gaze and
place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..artifacts import Camera, HeadParameters
from ..config import FitConfig, TrackingConfig
from .face_regions import CHIN_SKIN
from .fit_priors import fitted_units, head_parameters
from .fit_sight import Sight, camera_from_head
from .fit_start import seen
from .fit_state import Moment, Person
from .fitting import picture_camera, refined_camera
from .landmark_fit import SightFitter, fit_landmarks, landmark_weights
from .landmark_rig import LandmarkRig
from .model import HeadModel, LandmarkEmbedding
from .smoothing import steady


@dataclass(frozen=True)
class SequenceFit:
    """One person through a sequence.

    Attributes:
        betas: float32 [B].
        parameters: T; the root joint carries the head's motion about its mean place, neck at rest.
        cameras: those of the sights, or the clip's one, seen from the head frame of the mean place, metres.
        similarity: float64 [4,4] head frame of the mean place to world, with the scale.
        errors: float64 [T], mean landmark distance, per cent of the distance between the eyes.
        left_out: bool [S], sights that show no face or contradict the others of their moment.
    """

    betas: np.ndarray
    parameters: tuple[HeadParameters, ...]
    cameras: tuple[Camera, ...]
    similarity: np.ndarray
    errors: np.ndarray
    left_out: np.ndarray


def fit_views(
    sights: Sequence[Sight],
    model: HeadModel,
    embedding: LandmarkEmbedding | None = None,
    config: FitConfig | None = None,
) -> SequenceFit:
    """Fit calibrated pictures of one or more moments at once.

    The scale of the world is found where a moment has two pictures or more; otherwise it is taken to be metres.

    Raises:
        StageError: ``fit.failed`` when landmarks do not look like a face.
    """
    fit = fit_landmarks(sights, model, embedding, config, calibrated=True)
    errors = [
        float(np.mean(np.concatenate([error for error, sight in zip(fit.errors, sights) if sight.moment == moment])))
        for moment in range(len(fit.moments))
    ]
    nothing = np.zeros(len(sights), bool)
    return sequence_of(fit.person, fit.moments, [sight.camera for sight in sights], np.array(errors), model, nothing)


def track_clip(
    points: np.ndarray,
    scores: Sequence[Mapping[str, float]],
    size: tuple[int, int],
    rate: float,
    model: HeadModel,
    config: TrackingConfig | None = None,
) -> SequenceFit:
    """Track a clip of one camera of unknown focal length.

    Args:
        points: float [T,478,2] pixels; pictures without a face hold NaN and take their motion from their neighbours.
        scores: the landmarker's expression scores of every picture. size: (width, height) of the pictures.
        rate: pictures per second.

    Raises:
        StageError: ``fit.failed`` when landmarks do not look like a face.
    """
    config = config or TrackingConfig()
    guess = picture_camera(*size, config.fit.focal)
    chosen = telling_pictures(points, config.keyframes)
    keys = [Sight(points[picture], guess, at, scores[picture]) for at, picture in enumerate(chosen)]
    person = fit_landmarks(keys, model, config=config.fit, calibrated=False).person
    full = LandmarkRig(model, len(person.betas), units=fitted_units(model))
    weights = landmark_weights(model, model.landmarks478, config.fit)
    weights[list(CHIN_SKIN)] *= config.chin_weight
    fitter = SightFitter(full.of_person(person.betas), weights, model, config.fit, calibrated=False)
    found = [_one(fitter, Sight(p, guess, 0, s), person) for p, s in zip(points, scores)]
    moments, seconds, errors = without_gaps(found)
    moments = steady(moments, seconds, rate, config)
    lost = np.array([one is None for one in found])
    return sequence_of(person, moments, [refined_camera(guess, person.log_focal)], errors, model, lost)


def telling_pictures(points: np.ndarray, count: int) -> np.ndarray:
    """Indices of ``count`` pictures that differ most, the most ordinary one first; ``points`` [T,K,2]."""
    usable = np.flatnonzero(np.isfinite(points).all((1, 2)))
    shapes = points[usable] - points[usable].mean(1, keepdims=True)
    shapes = (shapes / shapes.std((1, 2), keepdims=True)).reshape(len(usable), -1)
    distance = np.linalg.norm(shapes - np.median(shapes, 0), axis=1)
    chosen = [int(distance.argmin())]
    nearest = np.linalg.norm(shapes - shapes[chosen[0]], axis=1)
    while len(chosen) < min(count, len(usable)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(shapes - shapes[chosen[-1]], axis=1))
    return usable[chosen]


Seen = tuple[Moment, np.ndarray, float]
"""A moment's fit, how sharply its energy rises round it, and its error."""


def _one(fitter: SightFitter, sight: Sight, person: Person) -> Seen | None:
    """The fit of one picture of a known person; None where it shows no face."""
    if not seen(sight.points).any():
        return None
    fit = fitter.fit([sight], person)
    return fit.moments[0], fitter.second_derivative([sight], fit), float(fit.errors[0].mean())


def without_gaps(
    found: Sequence[Seen | None], clips: np.ndarray | None = None
) -> tuple[list[Moment], list[np.ndarray], np.ndarray]:
    """Pictures without a face get the nearest one's fit, of their own clip (``clips`` int [T]) where it has any.

    It counts nothing; their errors are NaN.
    """
    seen_ones = [one for one in found if one is not None]
    there = np.array([index for index, one in enumerate(found) if one is not None])
    clips = np.zeros(len(found), int) if clips is None else clips
    moments, seconds, errors = [], [], []
    for index, one in enumerate(found):
        away = np.abs(there - index) + len(found) * (clips[there] != clips[index])
        moment, second, error = one or seen_ones[int(away.argmin())]
        moments.append(moment)
        seconds.append(second if one else np.zeros_like(second))
        errors.append(error if one else np.nan)
    return moments, seconds, np.array(errors)


def sequence_of(
    person: Person,
    moments: Sequence[Moment],
    cameras: Sequence[Camera],
    errors: np.ndarray,
    model: HeadModel,
    left_out: np.ndarray,
) -> SequenceFit:
    """Split every moment's place into the sequence's mean place and motion about it."""
    scale = float(np.exp(person.log_scale))
    rotation = Rotation.from_matrix(np.stack([moment.rotation for moment in moments])).mean().as_matrix()
    translation = np.mean([moment.translation for moment in moments], axis=0)
    root = model.joints(model.neutral(person.betas))[0].astype(np.float64)
    similarity = np.eye(4)
    similarity[:3, :3], similarity[:3, 3] = scale * rotation, translation
    parameters = []
    for moment in moments:
        rest = head_parameters(model, moment)
        turn = rotation.T @ moment.rotation
        pose = rest.pose.copy()
        pose[0] = Rotation.from_matrix(turn).as_rotvec()
        shift = rotation.T @ (moment.translation - translation) / scale - root + turn @ root
        parameters.append(HeadParameters(rest.units, pose, shift.astype(np.float32)))
    seen_from_head = tuple(camera_from_head(camera, rotation, translation, scale) for camera in cameras)
    return SequenceFit(person.betas.astype(np.float32), tuple(parameters), seen_from_head, similarity, errors, left_out)
