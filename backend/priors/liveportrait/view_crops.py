"""One face in all views of a still head: the squares that the networks see, alike from every side.

The landmarker finds the face in the views that show it well. Its points are placed in space by all of those together
and projected into every view: a profile, where it finds nothing or half guesses, gets the square that belongs to the
same face, and squares do not jump from view to view as they would with each view's own landmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...artifacts import Camera
from ...head.mesh_raster import project
from ...perception.landmarks import find_landmarks
from .crop import CUT_SIDE, FaceCrop, face_crop

_LEAST_PARALLAX = np.deg2rad(5)
_CONTRADICTION = 0.06
"""Where a view's points lie this far from where all together put them, in face heights, one saw something else."""


@dataclass(frozen=True)
class FaceInViews:
    """``crops`` of all views, and the landmarker's ``landmarks`` float32 [478,3] in each, None where it found none."""

    crops: tuple[FaceCrop, ...]
    landmarks: tuple[np.ndarray | None, ...]


def face_in_views(images: np.ndarray, depth: np.ndarray, cameras: Sequence[Camera]) -> FaceInViews:
    """Find the face of one head in W views.

    Where no view shows one (a strange drawing), the squares are the whole pictures: shape priors frame a head much as
    the networks want a face.

    Args:
        images: uint8 [W,S,S,3]. depth: [W,S,S] camera z in the world's unit, inf where there is nothing.
    """
    faces = [find_landmarks(image) for image in images]
    landmarks = tuple(face.points if face else None for face in faces)
    points = _face_in_space(landmarks, depth, cameras)
    if points is None:
        return FaceInViews(tuple(_whole(camera) for camera in cameras), landmarks)
    return FaceInViews(tuple(face_crop(project(points, camera)) for camera in cameras), landmarks)


def _face_in_space(
    landmarks: Sequence[np.ndarray | None], depth: np.ndarray, cameras: Sequence[Camera]
) -> np.ndarray | None:
    """The face's points [478,3] in the world, from the views that agree; None without a view that shows them."""
    marks = {index: found.astype(float) for index, found in enumerate(landmarks) if found is not None}
    if not marks:
        return None
    if _parallax([cameras[index] for index in marks]) < _LEAST_PARALLAX:
        first = min(marks)
        return _lifted(marks[first], depth[first], cameras[first])
    points, error = _triangulated(marks, cameras)
    while error > _CONTRADICTION and len(marks) > 2:
        without = [{index: found for index, found in marks.items() if index != left_out} for left_out in marks]
        apart = [rest for rest in without if _parallax([cameras[index] for index in rest]) >= _LEAST_PARALLAX]
        if not apart:
            break
        # not the view that lies farthest off: one at the side pulls all others away from where they agree
        marks = min(apart, key=lambda rest: _triangulated(rest, cameras)[1])
        points, error = _triangulated(marks, cameras)
    return points


def _triangulated(marks: dict[int, np.ndarray], cameras: Sequence[Camera]) -> tuple[np.ndarray, float]:
    """The points [N,3] nearest to the rays through ``marks`` [N,2 or more] of some cameras, and how far the worst view
    is from them, in face heights.
    """
    total, right = 0.0, 0.0
    for index, pixels in marks.items():
        origin, directions = _rays(pixels, cameras[index])
        across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
        total, right = total + across, right + across @ origin
    points = np.linalg.solve(total, np.asarray(right)[..., None])[..., 0]
    away = [_distance(project(points, cameras[i]), found) / np.ptp(found[:, 1]) for i, found in marks.items()]
    return points, max(away)


def _lifted(found: np.ndarray, depth: np.ndarray, camera: Camera) -> np.ndarray:
    """Points [478,3] in the world from one view: the landmarker's own relief, laid at the depth of the skin."""
    columns, rows = (np.clip(found[:, axis].astype(int), 0, depth.shape[0] - 1) for axis in (0, 1))
    skin = depth[rows, columns]
    there = np.isfinite(skin)
    if not there.any():
        skin, there = np.ones_like(skin), np.ones_like(there)
    relief = found[:, 2] * np.median(skin[there]) / camera.K[0, 0]
    z = relief + np.median((skin - relief)[there])
    origin, directions = _rays(found, camera)
    ahead = directions @ camera.viewmat[2, :3]
    return origin + directions * (z / ahead)[:, None]


def _rays(pixels: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """The camera's place [3] and unit directions [N,3] through ``pixels`` [N,2 or more], in the world."""
    rotation = camera.viewmat[:3, :3]
    local = np.column_stack([pixels[:, :2], np.ones(len(pixels))]) @ np.linalg.inv(camera.K).T
    directions = local @ rotation
    return -rotation.T @ camera.viewmat[:3, 3], directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _parallax(cameras: Sequence[Camera]) -> float:
    """The widest angle between two cameras' axes, radians."""
    axes = np.stack([camera.viewmat[2, :3] for camera in cameras])
    return float(np.arccos(np.clip((axes @ axes.T).min(), -1, 1)))


def _distance(points: np.ndarray, pixels: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(points[:, :2] - pixels[:, :2], axis=1)))


def _whole(camera: Camera) -> FaceCrop:
    scale = CUT_SIDE / camera.width
    return FaceCrop(np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]]), CUT_SIDE)
