"""Fitting: exact derivatives, known heads found again, and what must hold on real photos."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.artifacts import HeadParameters, Portrait
from cameo.backend.config import FitConfig
from cameo.backend.errors import StageError
from cameo.backend.head import face_regions as regions
from cameo.backend.head.fitting import fit_head
from cameo.backend.head.landmark_rig import LandmarkRig
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path
from scipy.spatial.transform import Rotation

SIZE = 768
LIP_PAIRS = ((13, 14), (82, 87), (312, 317))  # inner lips, upper and lower


@pytest.fixture(scope="module")
def model():
    return load_head_model()


def landmarks_of(model, vertices):
    embedding = model.landmarks478
    return np.einsum("kc,kcx->kx", embedding.bary, vertices[model.faces[embedding.face]])


def random_parameters(model, rng):
    betas = rng.normal(size=40) * 0.5
    units = np.zeros(len(model.unit_names))
    units[rng.choice(len(units), 6, replace=False)] = rng.uniform(0.1, 0.8, 6)
    pose = np.zeros((5, 3))
    pose[1:] = rng.normal(size=(4, 3)) * 0.1
    return betas, units, pose


def test_rig_is_skinning_of_the_landmarks(model):
    betas, units, pose = random_parameters(model, np.random.default_rng(0))
    mesh = replace(make_avatar_mesh(model, model.neutral(betas), model.v_template), unit_dirs=model.unit_dirs)
    params = HeadParameters(units.astype(np.float32), pose.astype(np.float32))
    expected = landmarks_of(model, pose_vertices(mesh, params))
    assert np.abs(LandmarkRig(model, 40).positions(betas, units, pose) - expected).max() < 1e-5


def test_rig_derivative_agrees_with_differences(model):
    rig = LandmarkRig(model, 40)
    betas, units, pose = random_parameters(model, np.random.default_rng(1))
    _, derivative = rig.jacobian(betas, units, pose)
    rng = np.random.default_rng(2)
    direction = rng.normal(size=derivative.shape[2])
    step_b, step_u = 1e-4 * direction[:40], 1e-4 * direction[40:]
    ahead = rig.positions(betas + step_b, units + step_u, pose)
    behind = rig.positions(betas - step_b, units - step_u, pose)
    assert np.abs(derivative @ direction - (ahead - behind) / 2e-4).max() < 1e-6


def synthetic_portrait(model, betas, scores, yaw_deg, jaw=0.0):
    """Landmarks of a known head in a known pose, as if a landmarker had measured them without error."""
    units = np.array([scores.get(name, 0.0) for name in model.unit_names], np.float32)
    pose = np.zeros((5, 3), np.float32)
    pose[2, 0] = jaw
    mesh = make_avatar_mesh(model, model.neutral(betas), model.v_template)
    points = landmarks_of(model, pose_vertices(mesh, HeadParameters(units, pose)))
    turned = points @ Rotation.from_euler("y", yaw_deg, degrees=True).as_matrix().T
    camera_points = turned * [1, -1, -1] + [0.0, 0.0, 1.2]
    focal = FitConfig().focal * SIZE
    pixels = camera_points[:, :2] / camera_points[:, 2:] * focal + SIZE / 2
    nothing = np.zeros((SIZE, SIZE), np.float32)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    full = np.concatenate([pixels, np.zeros((478, 1))], 1).astype(np.float32)
    return Portrait(image, nothing, nothing, full, dict(scores), np.eye(2, 3), (SIZE, SIZE))


@pytest.mark.parametrize("yaw", [0.0, 18.0, -25.0])
def test_a_known_smiling_head_is_found_again(model, yaw):
    betas = np.zeros(30)
    betas[:12] = np.random.default_rng(3).normal(size=12) * 0.6
    smile = {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}
    fit = fit_head(synthetic_portrait(model, betas, smile, yaw, jaw=0.1), model)
    assert fit.linear_error < 0.6
    assert fit.landmark_error < 0.3
    assert fit.angles_deg[1] == pytest.approx(yaw, abs=2.5)
    found = fit.parameters.units[model.unit_names.index("mouthSmileLeft")]
    assert found == pytest.approx(0.7, abs=0.2)
    truth = model.neutral(betas)
    face = model.masks["face"]
    distance = np.linalg.norm(_aligned(fit.neutral_vertices[face], truth[face]) - truth[face], axis=1)
    assert distance.mean() < 0.003


def _aligned(moving, fixed):
    """Moved rigidly and scaled onto ``fixed``: one picture tells neither size nor distance."""
    a, b = moving - moving.mean(0), fixed - fixed.mean(0)
    rotation, _ = Rotation.align_vectors(b, a)
    scale = np.linalg.norm(b) / np.linalg.norm(a)
    return scale * rotation.apply(a) + fixed.mean(0)


def test_the_camera_carries_the_pose(model):
    fit = fit_head(synthetic_portrait(model, np.zeros(30), {}, 20.0), model)
    assert not fit.parameters.pose[:2].any()
    pixels = project(landmarks_of(model, fit.posed_vertices), fit.camera)[:, :2]
    target = synthetic_portrait(model, np.zeros(30), {}, 20.0).landmarks[:, :2]
    assert np.linalg.norm(pixels - target, axis=1).mean() < 0.005 * fit.eye_distance


def test_the_same_portrait_gives_the_same_fit(model):
    portrait = synthetic_portrait(model, np.full(30, 0.2), {"jawOpen": 0.3}, 5.0, jaw=0.1)
    first, second = fit_head(portrait, model), fit_head(portrait, model)
    assert np.array_equal(first.neutral_vertices, second.neutral_vertices)


def test_eyes_at_one_place_are_refused(model):
    portrait = synthetic_portrait(model, np.zeros(30), {}, 0.0)
    portrait.landmarks[regions.LEFT_IRIS] = portrait.landmarks[regions.RIGHT_IRIS]
    with pytest.raises(StageError) as error:
        fit_head(portrait, model)
    assert error.value.code == "fit.failed"


@pytest.fixture(scope="module")
def smiling():
    return prepare_portrait(asset_path("astronaut.png"))


def test_a_toothy_smile_leaves_the_neutral_head(model, smiling):
    fit = fit_head(smiling, model)
    assert fit.landmark_error < 1.2
    posed, neutral = landmarks_of(model, fit.posed_vertices), landmarks_of(model, fit.neutral_vertices)
    template = landmarks_of(model, model.v_template)
    for upper, lower in LIP_PAIRS:
        apart = np.linalg.norm(posed[upper] - posed[lower])
        resting = np.linalg.norm(neutral[upper] - neutral[lower])
        assert resting < 0.4 * apart
        assert resting < np.linalg.norm(template[upper] - template[lower]) + 0.001
    width = [np.linalg.norm(points[61] - points[291]) for points in (posed, neutral)]
    assert width[1] < 0.92 * width[0]


def test_a_neutral_portrait_does_not_stare(model):
    fit = fit_head(prepare_portrait(asset_path("grace_hopper.jpg")), model)
    lids = [u for u, n in zip(fit.parameters.units, model.unit_names) if n.startswith(("eyeWide", "eyeSquint"))]
    assert max(lids) <= 0.3
    opening = [
        np.linalg.norm(points[159] - points[145])
        for points in (landmarks_of(model, fit.posed_vertices), landmarks_of(model, fit.neutral_vertices))
    ]
    assert opening[1] < 1.1 * opening[0]


def test_the_residual_in_neutral_is_capped(model, smiling):
    config = FitConfig(mouth_kept=0.0, most_eye_closing=0.0)
    fit = fit_head(smiling, model, config)
    moved = np.linalg.norm(fit.neutral_vertices - model.neutral(fit.betas), axis=1)
    assert moved.max() <= config.neutral_residual + 1e-5
