"""A clip of known truth as the paper's second stage makes it: a head of the rig from the frontal half of the orbit.

The world is PanoHead's, whose box is not metric. The face moves by smooth random curves; landmarks that a view cannot
see are missing, the others are noisy, and some are anywhere. Also what a tracking of it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage as ndi
from cameo.backend.artifacts import HeadParameters, orbit_camera
from cameo.backend.head.controls import ARKIT_NAMES, controls_from_parameters, parameters_from_controls
from cameo.backend.head.fit_priors import CANNOT_BE_SEEN
from cameo.backend.head.fit_sight import Outline, Sight, camera_from_head
from cameo.backend.head.lbs import pose_vertices, rotation_matrices
from cameo.backend.head.mesh_raster import project, rasterize_mesh
from cameo.backend.head.model import HeadModel, make_avatar_mesh
from cameo.backend.head.neutral import landmark_points
from cameo.backend.head.tracking import SequenceFit
from scipy.spatial.transform import Rotation

SIZE, RATE = 512, 24.0
TURNS = tuple(range(-75, 91, 15))
"""Twelve of the orbit's 24 views, degrees."""
SCALE = 1.7
"""PanoHead's unit against the metre: eyes are 87 pixels apart from the front."""
ROTATION, SHIFT = rotation_matrices(np.array([0.06, 0.1, -0.03])), np.array([0.02, -0.05, 0.04])
_DISTANCE, _FOV = 2.7, 2 * np.rad2deg(np.arctan(0.5 / 4.2647))
_SLOWNESS = 4.0  # pictures, the standard deviation by which the curves are smoothed
_HIDDEN = 0.005  # metres behind what a view sees
_WRONG_VIEW = np.array([30.0, 12.0])  # pixels by which all landmarks of a wrong view are off
_GAZE = (("eyeLookInRight", "eyeLookOutLeft"), ("eyeLookOutRight", "eyeLookInLeft"))
_GAZE += tuple((f"eyeLook{way}Right", f"eyeLook{way}Left") for way in ("Up", "Down"))


@dataclass(frozen=True)
class OrbitClip:
    """``vertices`` float64 [T,V,3] in the head frame, metres; ``sights`` moment by moment, view by view."""

    betas: np.ndarray
    parameters: list[HeadParameters]
    vertices: np.ndarray
    sights: list[Sight]


def orbit_clip(
    model: HeadModel,
    moments: int,
    seed: int,
    *,
    noise: float = 1.0,
    outliers: float = 0.1,
    wrong_view: int | None = None,
) -> OrbitClip:
    """A random person's clip.

    Args:
        noise: standard deviation, pixels. outliers: part of the landmarks that are anywhere in the picture.
        wrong_view: index of a view whose landmarks all belong elsewhere.
    """
    rng = np.random.default_rng(seed)
    betas = rng.normal(size=model.shapedirs.shape[2]) * 0.7
    mesh = make_avatar_mesh(model, model.neutral(betas), model.v_template)
    parameters = [parameters_from_controls(model, values) for values in _curves(moments, rng)]
    vertices = np.stack([pose_vertices(mesh, one) for one in parameters])
    sights = []
    for moment, posed in enumerate(vertices):
        for view, turn in enumerate(TURNS):
            sight = _sight(model, posed, turn, moment)
            points = sight.points + rng.normal(size=sight.points.shape) * noise
            lost = rng.random(len(points)) < outliers
            points[lost] = rng.uniform(0.15 * SIZE, 0.85 * SIZE, (int(lost.sum()), 2))
            points[np.isnan(sight.points)] = np.nan
            sights.append(replace(sight, points=points + (_WRONG_VIEW if view == wrong_view else 0)))
    return OrbitClip(betas, parameters, vertices, sights)


def _sight(model: HeadModel, posed: np.ndarray, turn: float, moment: int) -> Sight:
    """What one camera truly sees."""
    camera = orbit_camera(turn, distance=_DISTANCE, fov_deg=_FOV, size=SIZE, center=(0, 0, 0))
    near = camera_from_head(camera, ROTATION, SHIFT, SCALE)
    points = landmark_points(posed, model, range(478))
    raster = rasterize_mesh(posed, model.faces, near)
    at = project(points, near)
    column, row = (np.clip(at[:, axis].astype(int), 0, SIZE - 1) for axis in (0, 1))
    pixels = np.where((at[:, 2] > raster.depth[row, column] + _HIDDEN)[:, None], np.nan, at[:, :2])
    matte = raster.face >= 0
    return Sight(pixels, camera, moment, outline=Outline(matte, matte))


def _curves(moments: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """Every control that landmarks can tell moves by itself, about a third of the time; the eyes look at one thing."""
    names = [name for name in ARKIT_NAMES if name not in CANNOT_BE_SEEN]
    around = int(4 * _SLOWNESS)
    raw = ndi.gaussian_filter1d(rng.normal(size=(len(names), moments + 2 * around)), _SLOWNESS, axis=1)
    values = np.clip(0.55 * (raw[:, around:-around] / raw.std() - 0.4), 0, 1)
    for follower, leader in _GAZE:
        values[names.index(follower)] = values[names.index(leader)]
    return [{name: float(value) for name, value in zip(names, column)} for column in values.T]


@dataclass(frozen=True)
class Judgement:
    """How far a tracking is from the truth.

    Attributes:
        vertices_mm: [T,V], in the world as fitted (nothing is aligned), in the head's millimetres.
        jaw_degrees: [T].
        correlations: of the controls that move (standard deviation above .05).
        lag: pictures by which the tracked controls come later than the true ones; between pictures by a parabola.
        scale: found over true.
    """

    vertices_mm: np.ndarray
    jaw_degrees: np.ndarray
    correlations: dict[str, float]
    lag: float
    scale: float


def judged(fit: SequenceFit, clip: OrbitClip, model: HeadModel) -> Judgement:
    """Compare ``fit`` with what it should have found."""
    mesh = make_avatar_mesh(model, model.neutral(fit.betas), model.v_template)
    found = np.stack([pose_vertices(mesh, one) for one in fit.parameters])
    in_world = found @ fit.similarity[:3, :3].T + fit.similarity[:3, 3]
    away = np.linalg.norm(in_world - (SCALE * clip.vertices @ ROTATION.T + SHIFT), axis=2)
    jaws = [[Rotation.from_rotvec(one.pose[2]) for one in who.parameters] for who in (fit, clip)]
    off = [np.rad2deg((one.inv() * other).magnitude()) for one, other in zip(*jaws)]
    told, true = _controls(model, fit.parameters), _controls(model, clip.parameters)
    moving = [name for name in true if true[name].std() > 0.05]
    return Judgement(
        vertices_mm=1000 * away / SCALE,
        jaw_degrees=np.array(off),
        correlations={name: _correlation(told[name], true[name]) for name in moving},
        lag=_lag(np.stack([told[name] for name in moving]), np.stack([true[name] for name in moving])),
        scale=float(np.linalg.det(fit.similarity[:3, :3]) ** (1 / 3) / SCALE),
    )


def _controls(model: HeadModel, parameters: tuple[HeadParameters, ...] | list[HeadParameters]) -> dict[str, np.ndarray]:
    """[T] of every control."""
    found = [controls_from_parameters(model, one) for one in parameters]
    return {control.name: np.array([one.get(control.name, 0.0) for one in found]) for control in model.controls}


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def _lag(told: np.ndarray, true: np.ndarray, most: int = 4) -> float:
    """Where the cross-correlation of [C,T] curves is highest; NaN for clips too short to tell."""
    if told.shape[1] <= 2 * most:
        return float("nan")
    inner = slice(most, told.shape[1] - most)
    told, true = (curves - curves.mean(1, keepdims=True) for curves in (told, true))
    shifts = range(-most, most + 1)
    match = np.array([(told[:, inner] * np.roll(true, shift, axis=1)[:, inner]).sum() for shift in shifts])
    best = int(np.clip(match.argmax(), 1, len(match) - 2))
    before, here, after = match[best - 1 : best + 2]
    return shifts[best] + 0.5 * (before - after) / (before - 2 * here + after)
