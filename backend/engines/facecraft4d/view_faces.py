"""Landmarks of every generated picture: each face is looked for once and then followed from picture to picture."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from ...artifacts import ClipSet, Portrait, ViewSet, orbit_camera, over_white
from ...errors import JobCancelled
from ...head.mesh_raster import project, rasterize_mesh
from ...head.model import HeadModel
from ...head.neutral import landmark_points
from ...perception.landmarks import FaceLandmarks, find_landmarks, settle_landmarks

HIDDEN = 0.006  # metres behind what a view sees of the template
_TEMPLATE_SIZE, _REPORT_SECONDS = 256, 0.3


@dataclass(frozen=True)
class ViewFaces:
    """What the landmarker saw; None where it saw no face.

    Attributes:
        still: V, of the still views. driven: T lists of W, of the clips' pictures.
    """

    still: list[FaceLandmarks | None]
    driven: list[list[FaceLandmarks | None]]


def find_view_faces(
    portrait: Portrait, views: ViewSet, clips: ClipSet, face_yaw_deg: float, report: Callable[[float], None]
) -> ViewFaces:
    """Read all pictures that may show a face.

    A still view in which nothing is found is looked at where its neighbour's face was. A clip begins where the still
    view's face is and is followed. The views of a clip are read side by side.

    Args:
        portrait: the artist's picture was read sharper there; its scores are the reference view's.
        face_yaw_deg: views turned further are not looked at.
        report: told the part that is done, 0..1.
    """
    still = _still_faces(views, face_yaw_deg)
    reference = still[views.reference]
    if reference is not None:
        still[views.reference] = FaceLandmarks(reference.points, portrait.blendshapes, reference.presence)
    total, done = max(1, clips.images.shape[0] * len(clips.views)), [0] * len(clips.views)
    stop = threading.Event()

    def follow(which: int) -> list[FaceLandmarks | None]:
        view = int(clips.views[which])
        if not _turned_less(views.azimuths_deg[view], face_yaw_deg):
            return [None] * len(clips.images)
        faces, last = [], still[view]
        for t, image in enumerate(clips.images[:, which]):
            if stop.is_set():
                break
            if t and clips.clip[t] != clips.clip[t - 1]:
                last = still[view]
            picture = over_white(image)
            face = settle_landmarks(picture, last.points) if last is not None else None
            face = face or find_landmarks(picture)
            faces.append(face)
            last = face or last
            done[which] += 1
        return faces

    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        running = [pool.submit(follow, which) for which in range(len(clips.views))]
        try:
            while wait(running, _REPORT_SECONDS).not_done:
                report(sum(done) / total)
        except JobCancelled:
            stop.set()
            raise
    return ViewFaces(still, [list(row) for row in zip(*(future.result() for future in running))])


def _still_faces(views: ViewSet, face_yaw_deg: float) -> list[FaceLandmarks | None]:
    faces: list[FaceLandmarks | None] = [None] * len(views.images)
    by_turn = sorted(range(len(faces)), key=lambda v: abs(_wrapped(views.azimuths_deg[v])))
    frontal = [v for v in by_turn if _turned_less(views.azimuths_deg[v], face_yaw_deg)]
    for view in frontal:
        picture = over_white(views.images[view])
        faces[view] = find_landmarks(picture)
        if faces[view] is None and (near := _nearest_face(views, faces, view)) is not None:
            faces[view] = settle_landmarks(picture, near.points)
    return faces


def _nearest_face(views: ViewSet, faces: list[FaceLandmarks | None], view: int) -> FaceLandmarks | None:
    """The face of the view turned nearest to ``view`` that shows one."""
    turns = np.array(views.azimuths_deg)
    for other in np.argsort(np.abs(_wrapped(turns - turns[view])), kind="stable"):
        if faces[other] is not None:
            return faces[other]
    return None


def _turned_less(azimuth_deg: float, limit_deg: float) -> bool:
    return bool(abs(_wrapped(azimuth_deg)) <= limit_deg)


def _wrapped(degrees: np.ndarray | float) -> np.ndarray | float:
    """Between -180 and 180."""
    return (degrees + 180) % 360 - 180


def visible_landmarks(model: HeadModel, azimuth_deg: float) -> np.ndarray:
    """bool [478]: which landmarks a view from there can see; what is hidden the landmarker only guesses."""
    camera = orbit_camera(azimuth_deg, distance=2.0, fov_deg=10, size=_TEMPLATE_SIZE, center=(0, 0, 0))
    raster = rasterize_mesh(model.v_template, model.faces, camera)
    at = project(landmark_points(model.v_template, model, range(len(model.landmarks478.face))), camera)
    column, row = (np.clip(at[:, axis].astype(int), 0, _TEMPLATE_SIZE - 1) for axis in (0, 1))
    return at[:, 2] < raster.depth[row, column] + HIDDEN
