"""The fit of all generated pictures: their landmarks and outlines as one calibrated problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...artifacts import Camera, ClipSet, ViewSet, over_white
from ...errors import StageError
from ...head.fit_sight import Outline, Sight, SkinSurface, camera_from_head
from ...head.fit_start import place_in_world
from ...head.model import HeadModel
from ...head.neutral import landmark_points
from ...head.tracking import SequenceFit
from ...head.view_tracking import track_views
from ...perception.landmarks import FaceLandmarks
from .skin_color import SkinColor, skin_color
from .tracking_config import ViewTrackingConfig
from .view_faces import ViewFaces, visible_landmarks
from .view_points import DepthView, agreed_points

SKIN_SPACING = 0.003  # metres between the places that are compared with the head


@dataclass(frozen=True)
class Tracked:
    """What the pictures told.

    Attributes:
        fit: moment 0 is that of the still views. cameras: V, of the views, from the head frame, metres.
        still_agrees: bool [V]. driven_agrees: bool [T,W]: shows a face that agrees with the others of its moment.
        still_seen, driven_seen: the same shapes: shows a face.
    """

    fit: SequenceFit
    cameras: tuple[Camera, ...]
    still_agrees: np.ndarray
    driven_agrees: np.ndarray
    still_seen: np.ndarray
    driven_seen: np.ndarray


def no_face(cause: str) -> StageError:
    """Why the pictures cannot be followed."""
    return StageError(
        "tracking.no_face",
        "The face could not be followed through the generated pictures.",
        cause=cause,
        fix="Try another picture, one that shows the face from the front and well lit, or the built-in engine.",
    )


def turns_deg(views: ViewSet) -> np.ndarray:
    """[V] yaws from -180 to 180."""
    return (np.array(views.azimuths_deg) + 180) % 360 - 180


def personal_skin(views: ViewSet, faces: ViewFaces, config: ViewTrackingConfig) -> SkinColor:
    """From the views that show the face most frontally."""
    there = [v for v, face in enumerate(faces.still) if face is not None]
    turns = np.abs(turns_deg(views))
    frontal = [v for v in there if turns[v] <= config.score_yaw_deg] or there[:1]
    found = [(over_white(views.images[v]), face.points) for v in frontal if (face := faces.still[v])]
    return skin_color([rgb for rgb, _ in found], [points for _, points in found])


def fit_all(
    views: ViewSet,
    clips: ClipSet,
    faces: ViewFaces,
    skin: SkinColor,
    config: ViewTrackingConfig,
    model: HeadModel,
    report: Callable[[float], None],
) -> Tracked:
    """One fit of all pictures; the still views are its first moment, of a clip of their own.

    Raises:
        StageError: ``tracking.no_face`` when no driven picture agrees with the others of its moment; ``fit.failed``.
    """
    sights = _sights(views, clips, faces, skin, config, model)
    count, shape = len(views.images), clips.images.shape[:2]
    fit = track_views(
        sights,
        clips.rate,
        model,
        config.fit,
        still=config.head_stays,
        clips=np.concatenate([[-1], clips.clip]),
        report=report,
    )
    agrees = ~fit.left_out
    if not agrees[count:].any():
        raise no_face("The faces in the driven pictures contradict each other.")
    scale = float(np.cbrt(np.linalg.det(fit.similarity[:3, :3])))
    rotation, translation = fit.similarity[:3, :3] / scale, fit.similarity[:3, 3]
    seen = np.array([face is not None for face in (*faces.still, *(one for row in faces.driven for one in row))])
    return Tracked(
        fit,
        tuple(camera_from_head(camera, rotation, translation, scale) for camera in views.cameras),
        agrees[:count],
        agrees[count:].reshape(shape),
        seen[:count],
        seen[count:].reshape(shape),
    )


def _sights(
    views: ViewSet, clips: ClipSet, faces: ViewFaces, skin: SkinColor, config: ViewTrackingConfig, model: HeadModel
) -> list[Sight]:
    """Of the still views (moment 0), then of the clips' pictures, moment by moment."""
    turns = turns_deg(views)
    visible = [visible_landmarks(model, turn) for turn in turns]

    def sight(view: int, moment: int, face: FaceLandmarks | None, outline: Outline | None = None) -> Sight:
        points = np.full((len(visible[view]), 2), np.nan)
        scores: dict[str, float] = {}
        if face is not None:
            points[visible[view]] = face.points[visible[view], :2]
            scores = face.blendshapes if abs(turns[view]) <= config.score_yaw_deg else {}
        return Sight(points, views.cameras[view], moment, scores, outline)

    still = [
        sight(view, 0, face, _outline(views.images[view], skin) if config.outlines else None)
        for view, face in enumerate(faces.still)
    ]
    if config.depth:
        surface = _skin_surface(views, still, skin, config, model)
        first = next(view for view, face in enumerate(faces.still) if face is not None)
        still[first] = replace(still[first], surface=surface)
    driven = [
        sight(int(view), t + 1, face) for t, row in enumerate(faces.driven) for view, face in zip(clips.views, row)
    ]
    return still + driven


def _skin_surface(
    views: ViewSet, still: list[Sight], skin: SkinColor, config: ViewTrackingConfig, model: HeadModel
) -> SkinSurface:
    """What the still views' depth shows of skin, in the views' world. Where the head stands is known roughly enough."""
    faces = [sight for sight in still if np.isfinite(sight.points).any()]
    count = len(model.landmarks478.face)
    rotation, translation, scale = place_in_world(landmark_points(model.v_template, model, range(count)), faces)
    seen = [
        DepthView(image, depth / scale, camera_from_head(camera, rotation, translation, scale), azimuth)
        for image, depth, camera, azimuth in zip(views.images, views.depth, views.cameras, views.azimuths_deg)
    ]
    found = agreed_points(seen, replace(config.surface, spacing=SKIN_SPACING))
    colors = (np.clip(found.colors, 0, 1) * 255).astype(np.uint8)
    kept = skin(colors[:, None])[:, 0]
    return SkinSurface(scale * found.points[kept] @ rotation.T + translation, found.normals[kept] @ rotation.T)


def _outline(rgba: np.ndarray, skin: SkinColor) -> Outline:
    person = rgba[..., 3] > 127
    return Outline(person, person & skin(over_white(rgba)))
