"""The engine's last stage: generated pictures become those of one rigged head (FaceCraft4D, supplement 6.3)."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ...artifacts import AvatarMesh, ClipSet, PersonalizedSet, Portrait, ViewSet
from ...head.controls import controls_from_parameters
from ...head.lbs import pose_vertices
from ...head.model import HeadModel, make_avatar_mesh
from ...progress import Reporter
from .frame_plan import FramePlan, plan_frames
from .surface import surface_of_views
from .tracking_config import ViewTrackingConfig
from .view_colors import Shot, personal_colors
from .view_faces import ViewFaces, find_view_faces
from .view_fit import Tracked, fit_all, no_face, personal_skin, turns_deg
from .view_points import REFERENCE_GAIN, DepthView

READ, TRACKED, PAINTED = 0.5, 0.85, 0.9  # fractions of the stage at which its parts end
MANY = 0.25  # part of the readable pictures; if more contradict, the artist is told
OPEN_MOMENTS = 3  # with the mouth widest open, from which its inside takes its colours


def personalized(
    portrait: Portrait,
    views: ViewSet,
    clips: ClipSet,
    config: ViewTrackingConfig,
    model: HeadModel,
    reporter: Reporter,
) -> PersonalizedSet:
    """Track ``model`` through views and clips and lay everything out in the head's frame and metres.

    ``poses`` are neutral, the photo's, which the still views show, then the clips' moments.

    Raises:
        StageError: ``tracking.no_face`` when the views, or all of the clips' pictures, show no face that can be read;
            ``fit.failed`` when their landmarks do not look like one.
        JobCancelled: the artist cancelled.
    """
    started = time.perf_counter()
    reporter.progress(0.0, "Reading the faces")
    faces = find_view_faces(
        portrait, views, clips, config.face_yaw_deg, lambda done: reporter.progress(READ * done, "Reading the faces")
    )
    _require_faces(faces)
    skin = personal_skin(views, faces, config)
    tracked = fit_all(
        views,
        clips,
        faces,
        skin,
        config,
        model,
        lambda done: reporter.progress(READ + (TRACKED - READ) * done, "Following the face"),
    )
    still_good = _good_views(views, tracked, config)
    plan = plan_frames(views, clips, still_good, tracked.driven_agrees, config)
    reporter.progress(TRACKED, "Painting the head")
    mesh = _painted_mesh(views, clips, tracked, plan, model)
    reporter.progress(PAINTED, "Lifting the surface")
    posed = pose_vertices(mesh, tracked.fit.parameters[0])
    surface = surface_of_views(_depth_views(views, tracked, plan), mesh, posed, model, skin, config.surface)
    cameras = (*tracked.cameras, tracked.cameras[views.reference])[: plan.views]
    reporter.progress(1.0, "Tracked")
    return PersonalizedSet(
        mesh=mesh,
        cameras=cameras,
        poses=(model.rest(), *tracked.fit.parameters),
        images=np.concatenate([views.images[plan.still], clips.images[plan.driven[:, 0], plan.driven[:, 1]]]),
        view_index=plan.view,
        pose_index=plan.pose,
        held_out=plan.held_out,
        reference_view=views.reference,
        surface=surface,
        provenance={
            "photo_controls": controls_from_parameters(mesh, tracked.fit.parameters[0]),
            "frames": _names(views, clips, plan),
            "topology": model.topology_id,
            "tracking": {
                **_record(clips, tracked, still_good, plan),
                "seconds": round(time.perf_counter() - started, 2),
            },
        },
        warnings=warnings_of(tracked.driven_seen, tracked.driven_agrees),
    )


def _require_faces(faces: ViewFaces) -> None:
    """Both the still views and the clips must show a face."""
    for shown, cause in (
        (faces.still, "None of the still views shows a face that the landmarker can read."),
        ([one for row in faces.driven for one in row], "None of the driven pictures shows a face that can be read."),
    ):
        if not any(shown):
            raise no_face(cause)


def _good_views(views: ViewSet, tracked: Tracked, config: ViewTrackingConfig) -> np.ndarray:
    """bool [V]: still views that are not contradicted where landmarks are to be believed."""
    good = tracked.still_agrees | ~tracked.still_seen | (np.abs(turns_deg(views)) > config.judged_yaw_deg)
    good[views.reference] = True
    return good


def _painted_mesh(views: ViewSet, clips: ClipSet, tracked: Tracked, plan: FramePlan, model: HeadModel) -> AvatarMesh:
    """The person's mesh with colours from what is trained on."""
    neutral, parameters = model.neutral(tracked.fit.betas), tracked.fit.parameters
    mesh = make_avatar_mesh(model, neutral, np.zeros_like(neutral))
    posed = pose_vertices(mesh, parameters[0])
    first = sorted(plan.trained_still, key=lambda v: v != views.reference)
    still = [Shot(views.images[v], tracked.cameras[v], posed) for v in first]
    trained = plan.driven[~plan.held_out[len(plan.still) :]]
    jaw = np.array([parameters[t + 1].pose[2, 0] for t in range(len(clips.images))])
    widest = np.argsort(-jaw * np.isin(np.arange(len(jaw)), trained[:, 0]), kind="stable")[:OPEN_MOMENTS]
    wide = trained[np.isin(trained[:, 0], widest)]
    poses = {t: pose_vertices(mesh, parameters[t + 1]) for t in widest}
    opened = [Shot(clips.images[t, w], tracked.cameras[clips.views[w]], poses[t]) for t, w in wide]
    return replace(mesh, colors=personal_colors(mesh, model, still, opened))


def _depth_views(views: ViewSet, tracked: Tracked, plan: FramePlan) -> list[DepthView]:
    """The still views that are trained on, with depth in metres."""
    scale = float(np.cbrt(np.linalg.det(tracked.fit.similarity[:3, :3])))
    return [
        DepthView(
            views.images[v],
            views.depth[v] / scale,
            tracked.cameras[v],
            views.azimuths_deg[v],
            REFERENCE_GAIN if v == views.reference else 1.0,
        )
        for v in plan.trained_still
    ]


def _names(views: ViewSet, clips: ClipSet, plan: FramePlan) -> list[str]:
    """What every frame shows."""
    still = ["photo" if v == views.reference else f"orbit {views.azimuths_deg[v]:g}" for v in plan.still]
    first = {clip: int(np.flatnonzero(clips.clip == clip)[0]) for clip in np.unique(clips.clip)}
    driven = [
        f"{clips.names[clips.clip[t]]} {t - first[clips.clip[t]]} from {views.azimuths_deg[clips.views[w]]:g}"
        for t, w in plan.driven
    ]
    return still + driven


def _record(clips: ClipSet, tracked: Tracked, still_good: np.ndarray, plan: FramePlan) -> dict[str, object]:
    """How well it went; errors are mean landmark distances in per cent of the distance between the eyes."""
    errors = tracked.fit.errors
    lost = tracked.driven_seen & ~tracked.driven_agrees
    of_clips = []
    for clip in np.unique(clips.clip):
        moments = clips.clip == clip
        of_clips.append(
            {
                "name": clips.names[clip],
                "moments": int(moments.sum()),
                "error_percent": _mean(errors[1:][moments]),
                "contradicting": int(lost[moments].sum()),
                "without_face": int((~tracked.driven_seen[moments]).sum()),
            }
        )
    return {
        "error_percent": _mean(errors[1:]),
        "still_error_percent": _mean(errors[:1]),
        "clips": of_clips,
        "pictures": int(tracked.driven_seen.size),
        "contradicting": int(lost.sum()),
        "without_face": int((~tracked.driven_seen).sum()),
        "still_views_left_out": int((~still_good).sum()),
        "held_out": int(plan.held_out.sum()),
        "scale": float(np.cbrt(np.linalg.det(tracked.fit.similarity[:3, :3]))),
    }


def _mean(errors: np.ndarray) -> float | None:
    """Of those that are known."""
    known = errors[np.isfinite(errors)]
    return round(float(known.mean()), 3) if len(known) else None


def warnings_of(seen: np.ndarray, agrees: np.ndarray) -> tuple[tuple[str, str], ...]:
    """Codes and sentences for the artist; ``seen`` and ``agrees`` bool [T,W] as in :class:`~.view_fit.Tracked`."""
    readable, lost = int(seen.sum()), int((seen & ~agrees).sum())
    if lost <= MANY * readable:
        return ()
    sentence = f"{lost} of {readable} driven pictures contradict the others of their moment and were left out."
    return (("tracking.many_left_out", sentence),)
