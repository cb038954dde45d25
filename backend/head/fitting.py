"""Lays the head model over a portrait: camera, identity, expression, jaw and gaze from 478 landmarks.

Everything but the camera and six joint angles is linear, so a damped Gauss-Newton with exact derivatives replaces the
usual hundreds of gradient steps: under a second on one thread, and deterministic.

Identity and expression explain the same landmarks (a smile, or wide lips?). The landmarker's own expression scores
decide between them: they are the prior of the units, and the neutral head is what is left without units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..artifacts import Camera, HeadParameters, Portrait
from ..config import FitConfig
from ..errors import StageError
from . import face_regions as regions
from .fit_result import HeadFit
from .landmark_rig import LandmarkRig
from .lbs import pose_vertices
from .mesh_raster import project
from .model import HeadModel, make_avatar_mesh
from .neutral import head_at_rest, landmark_points
from .residual import smooth_residual

JAW, LEFT_EYE, RIGHT_EYE = 2, 3, 4
POSE_ANGLES = ((JAW, 0), (JAW, 1), (JAW, 2), (LEFT_EYE, 0), (LEFT_EYE, 1), (RIGHT_EYE, 0), (RIGHT_EYE, 1))
"""(joint, axis) of the angles that are fitted."""
IRIS_DISTANCE = 0.06  # metres, of the mean head; only the first guess of the depth
CANNOT_BE_SEEN = ("tongueOut", "cheekPuff", "mouthClose")
"""Units that landmarks cannot tell, or that fight the jaw."""


@dataclass
class _State:
    """The unknowns; rotation [3,3] and translation [3] take the head frame to the camera frame."""

    rotation: np.ndarray
    translation: np.ndarray
    betas: np.ndarray
    units: np.ndarray
    pose: np.ndarray  # [5,3]

    def moved(self, step: np.ndarray, free: np.ndarray) -> _State:
        """The state after ``step`` [6 + B + free units + 7]."""
        camera, rest = step[:6], step[6:]
        betas, units, angles = np.split(rest, [len(self.betas), len(self.betas) + len(free)])
        new_units, new_pose = self.units.copy(), self.pose.copy()
        new_units[free] += units
        for (joint, axis), angle in zip(POSE_ANGLES, angles):
            new_pose[joint, axis] += angle
        turn = Rotation.from_rotvec(camera[:3]).as_matrix()
        return _State(turn @ self.rotation, self.translation + camera[3:], self.betas + betas, new_units, new_pose)


def fit_head(portrait: Portrait, model: HeadModel, config: FitConfig | None = None) -> HeadFit:
    """Fit ``model`` to ``portrait``.

    Raises:
        StageError: ``fit.failed`` when the landmarks do not look like a face.
    """
    config = config or FitConfig()
    problem = _Problem(portrait, model, config)
    state = problem.solve()
    return _result(portrait, model, config, problem, state)


class _Problem:
    """Residuals and derivatives of the fit, all in per cent of the distance between the irises."""

    def __init__(self, portrait: Portrait, model: HeadModel, config: FitConfig) -> None:
        self.config = config
        self.rig = LandmarkRig(model, min(config.betas, model.shapedirs.shape[2]))
        self.target = portrait.landmarks[:, :2].astype(np.float64)
        self.size = portrait.image.shape[0]
        self.focal = config.focal * self.size
        self.eye_distance = float(np.linalg.norm(self.target[regions.LEFT_IRIS] - self.target[regions.RIGHT_IRIS]))
        if not self.eye_distance > 1:
            raise StageError(
                "fit.failed",
                "The face in the picture could not be measured.",
                cause="Both eyes were found at the same place.",
                fix="Use a picture that shows the face from the front.",
            )
        self.weights = _landmark_weights(model, config)
        self.scores, self.free = _unit_prior(model, portrait.blendshapes, config)
        # a unit the landmarker does not see at all must be bought dearly, or pairs of them fight each other
        unseen = 1 - np.clip(self.scores[self.free] / 0.3, 0, 1)
        self.unit_weights = config.unit_weight * (1 + (config.unseen_unit_factor - 1) * unseen)
        self.jaw_score = portrait.blendshapes.get("jawOpen", 0.0)
        self.jaw_range = dict((c.name, c) for c in model.controls)["jawOpen"].joints[0][2]

    def solve(self) -> _State:
        """First the camera, then everything."""
        state = self._start()
        state = self._descend(state, self.config.pose_steps, camera_only=True)
        return self._descend(state, self.config.steps, camera_only=False)

    def _start(self) -> _State:
        depth = self.focal * IRIS_DISTANCE / self.eye_distance
        pose = np.zeros((5, 3))
        pose[JAW, 0] = self.jaw_score * self.jaw_range
        middle = (self.target[regions.LEFT_IRIS] + self.target[regions.RIGHT_IRIS]) / 2 - self.size / 2
        # the camera looks along +z with y down: the upright head is the head frame turned half round x
        rotation = np.diag([1.0, -1.0, -1.0])
        rest = self.rig.positions(np.zeros(self.rig.betas), self.scores, pose)
        eyes = rotation @ rest[[regions.LEFT_IRIS, regions.RIGHT_IRIS]].mean(0)
        translation = np.array([*(middle * depth / self.focal), depth]) - eyes
        return _State(rotation, translation, np.zeros(self.rig.betas), self.scores.copy(), pose)

    def _project(self, points: np.ndarray, state: _State) -> tuple[np.ndarray, np.ndarray]:
        """Pixels [K,2] and camera points [K,3]."""
        local = points @ state.rotation.T + state.translation
        return local[:, :2] / local[:, 2:] * self.focal + self.size / 2, local

    def _error(self, points: np.ndarray, state: _State) -> np.ndarray:
        return (self._project(points, state)[0] - self.target) * (100 / self.eye_distance)

    def energy(self, state: _State) -> float:
        """What is minimised: robust landmark distances and the priors."""
        error = self._error(self.rig.positions(state.betas, state.units, state.pose), state)
        data = (self.weights * np.sqrt((error**2).sum(1) + 1)).sum() / 5
        prior, _ = self._priors(state)
        return float(data + (prior**2).sum())

    def _priors(self, state: _State) -> tuple[np.ndarray, np.ndarray]:
        """Residuals [R] and their derivative [R, 6+B+free+7] of everything that is not a landmark."""
        config, betas, free = self.config, len(state.betas), self.free
        width = 6 + betas + len(free) + len(POSE_ANGLES)
        unit0, angle0 = 6 + betas, 6 + betas + len(free)
        rows: list[tuple[np.ndarray, np.ndarray]] = []

        def add(residual: np.ndarray, columns: np.ndarray, slope: np.ndarray, weight: float | np.ndarray) -> None:
            block = np.zeros((len(residual), width))
            block[np.arange(len(residual)), columns] = slope * np.sqrt(weight)
            rows.append((residual * np.sqrt(weight), block))

        units = state.units[free]
        unit_columns = unit0 + np.arange(len(free))
        outside = np.minimum(units, 0) + np.maximum(units - 1, 0)
        add(state.betas, 6 + np.arange(betas), np.ones(betas), config.identity_weight)
        add(units - self.scores[free], unit_columns, np.ones(len(free)), self.unit_weights)
        add(outside, unit_columns, (outside != 0).astype(float), config.unit_range_weight)
        add(state.pose[JAW, 1:], angle0 + np.array([1, 2]), np.ones(2), config.jaw_sideways_weight)
        shut = np.minimum(state.pose[JAW, :1], 0)
        add(shut, np.array([angle0]), (shut != 0).astype(float), config.jaw_closed_weight)
        pitch = np.zeros((1, width))
        pitch[0, angle0 + 3], pitch[0, angle0 + 5] = 1, -1
        difference = state.pose[LEFT_EYE, :1] - state.pose[RIGHT_EYE, :1]
        rows.append((difference * config.gaze_weight**0.5, pitch * config.gaze_weight**0.5))
        return np.concatenate([r for r, _ in rows]), np.concatenate([j for _, j in rows])

    def _linearise(self, state: _State) -> tuple[np.ndarray, np.ndarray]:
        """Landmark errors [K,2] and their derivative [K,2,6+B+free+7]."""
        points, linear = self.rig.jacobian(state.betas, state.units, state.pose)
        pixels, local = self._project(points, state)
        error = (pixels - self.target) * (100 / self.eye_distance)
        of_units = linear[:, :, self.rig.betas + self.free]
        columns = [linear[:, :, : self.rig.betas], of_units, self._pose_derivative(state, points)]
        in_camera = np.einsum("ab,kbd->kad", state.rotation, np.concatenate(columns, 2))
        turned = local - state.translation
        camera = np.zeros((len(points), 3, 6))
        camera[:, :, :3] = -_cross_matrix(turned)
        camera[:, :, 3:] = np.eye(3)
        depth = local[:, 2]
        perspective = np.zeros((len(points), 2, 3))
        perspective[:, 0, 0] = perspective[:, 1, 1] = 1 / depth
        perspective[:, :, 2] = -local[:, :2] / depth[:, None] ** 2
        scale = self.focal * 100 / self.eye_distance
        return error, scale * perspective @ np.concatenate([camera, in_camera], 2)

    def _pose_derivative(self, state: _State, points: np.ndarray, delta: float = 1e-4) -> np.ndarray:
        """By differences, [K,3,7]: seven cheap evaluations."""
        columns = []
        for joint, axis in POSE_ANGLES:
            pose = state.pose.copy()
            pose[joint, axis] += delta
            columns.append((self.rig.positions(state.betas, state.units, pose) - points) / delta)
        return np.stack(columns, 2)

    def _descend(self, state: _State, steps: int, *, camera_only: bool) -> _State:
        """Levenberg-Marquardt on the reweighted squares."""
        damping, energy = 1e-3, self.energy(state)
        for _ in range(steps):
            error, derivative = self._linearise(state)
            robust = self.weights / (10 * np.sqrt((error**2).sum(1) + 1))
            prior, prior_derivative = self._priors(state)
            J = derivative.reshape(-1, derivative.shape[2])
            q = np.repeat(robust, 2)
            H = J.T @ (J * q[:, None]) + prior_derivative.T @ prior_derivative
            g = J.T @ (q * error.ravel()) + prior_derivative.T @ prior
            used = slice(0, 6) if camera_only else slice(None)
            H, g = H[used, used], g[used]
            step = np.zeros(J.shape[1])
            step[used] = -np.linalg.solve(H + damping * np.diag(np.diag(H) + 1e-6), g)
            trial = state.moved(step, self.free)
            trial_energy = self.energy(trial)
            if trial_energy < energy:
                converged = energy - trial_energy < 1e-5 * energy
                state, energy, damping = trial, trial_energy, max(damping / 5, 1e-7)
                if converged:
                    break
            else:
                damping *= 10
        return state


def _cross_matrix(v: np.ndarray) -> np.ndarray:
    """[K,3] -> [K,3,3] with ``M x = v x x``."""
    x, y, z = v.T
    o = np.zeros_like(x)
    return np.stack([o, -z, y, z, o, -x, -y, x, o], 1).reshape(-1, 3, 3)


def _landmark_weights(model: HeadModel, config: FitConfig) -> np.ndarray:
    """What each landmark counts: features more than the outline, steady ones more than those that wander."""
    weight = np.ones(478)
    weight[list(regions.OVAL)] = 0.6
    weight[[*regions.LEFT_EYE, *regions.RIGHT_EYE]] = 2.5
    weight[[*regions.OUTER_LIPS, *regions.INNER_LIPS]] = 2.0
    weight[[*regions.LEFT_BROW, *regions.RIGHT_BROW]] = 1.5
    weight[468:] = 1.5
    return weight / (1 + (model.landmarks478.spread / config.spread) ** 2)


def _unit_prior(model: HeadModel, scores: dict[str, float], config: FitConfig) -> tuple[np.ndarray, np.ndarray]:
    """Expected units float64 [U] and the indices of those that are fitted."""
    prior = np.array([scores.get(name, 0.0) for name in model.unit_names])
    squint = np.array(["eyeSquint" in name for name in model.unit_names])
    prior[squint] *= config.squint_trust
    free = [i for i, n in enumerate(model.unit_names) if not n.startswith("mh_") and n not in CANNOT_BE_SEEN]
    held = np.ones(len(prior), bool)
    held[free] = False
    prior[held] = 0
    return prior, np.array(free)


def _result(portrait: Portrait, model: HeadModel, config: FitConfig, problem: _Problem, state: _State) -> HeadFit:
    """Add the smooth residual and say how good the fit is."""
    viewmat = np.eye(4)
    viewmat[:3, :3], viewmat[:3, 3] = state.rotation, state.translation
    half = problem.size / 2
    K = np.array([[problem.focal, 0, half], [0, problem.focal, half], [0, 0, 1]])
    camera = Camera(viewmat, K, problem.size, problem.size)
    neutral = model.neutral(state.betas)
    parameters = HeadParameters(state.units.astype(np.float32), state.pose.astype(np.float32))
    bare = make_avatar_mesh(model, neutral, np.zeros_like(neutral))
    posed = pose_vertices(bare, parameters)
    landmarks = portrait.landmarks[:, :2].astype(np.float64)
    linear = _mean_error(posed, model, camera, landmarks) / problem.eye_distance
    residual = smooth_residual(model, posed, camera, landmarks, problem.weights, config)
    at_rest, joints = head_at_rest(model, neutral, posed, residual, state.units, bare.joints, portrait, config)
    posed = posed + residual
    refined = _mean_error(posed, model, camera, landmarks) / problem.eye_distance
    return HeadFit(
        betas=state.betas.astype(np.float32),
        parameters=parameters,
        camera=camera,
        posed_vertices=posed,
        neutral_vertices=at_rest,
        joints=joints,
        linear_error=100 * linear,
        landmark_error=100 * refined,
        angles_deg=_head_angles(state.rotation),
        eye_distance=problem.eye_distance,
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
