"""Fitting: exact derivatives, known heads found again, and what must hold on real photos."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.artifacts import HeadParameters, Portrait
from cameo.backend.config import FitConfig
from cameo.backend.errors import StageError
from cameo.backend.head import face_regions as regions
from cameo.backend.head.controls import controls_from_parameters
from cameo.backend.head.fit_priors import FINE, expectation, fitted_units
from cameo.backend.head.fit_sight import Sight, SightTerm
from cameo.backend.head.fit_solver import FitProblem
from cameo.backend.head.fit_start import place_in_picture
from cameo.backend.head.fit_state import ANGLES, Moment, Person
from cameo.backend.head.fitting import fit_head, picture_camera
from cameo.backend.head.landmark_fit import fit_landmarks
from cameo.backend.head.landmark_rig import LandmarkRig
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import LandmarkEmbedding, load_head_model, make_avatar_mesh
from cameo.backend.head.overlay import FOUND_COLOR, overlay
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path
from scipy.spatial.transform import Rotation

SIZE = 768
IBUG_IN_478 = (
    *(127, 234, 93, 132, 58, 172, 136, 149, 152, 378, 365, 397, 288, 361, 323, 454, 356),
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87),
)
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
    _, derivative = rig.jacobian(betas, units, pose, ANGLES)
    rng = np.random.default_rng(2)
    direction = rng.normal(size=derivative.shape[2])
    angles = np.zeros((5, 3))
    for (joint, component), value in zip(ANGLES, direction[-len(ANGLES) :]):
        angles[joint, component] = value
    at = np.split(direction, [40, 40 + len(units)])

    def moved(step):
        return rig.positions(betas + step * at[0], units + step * at[1], pose + step * angles)

    assert np.abs(derivative @ direction - (moved(1e-4) - moved(-1e-4)) / 2e-4).max() < 1e-6


def test_a_rig_of_a_person_is_the_rig(model):
    rig = LandmarkRig(model, 40, units=fitted_units(model))
    betas, _, pose = random_parameters(model, np.random.default_rng(5))
    units = np.random.default_rng(6).uniform(size=rig.units)
    person, nobody = rig.of_person(betas), np.zeros(0)
    assert np.allclose(person.positions(nobody, units, pose), rig.positions(betas, units, pose), atol=1e-12)
    whole, own = (r.jacobian(b, units, pose, ANGLES)[1] for r, b in ((rig, betas), (person, nobody)))
    assert np.allclose(own, whole[..., 40:], atol=1e-12)


def test_the_solver_descends_along_the_true_gradient(model):
    """Two moments, one of them seen by two cameras; everything unknown, scale and focal length too."""
    rng = np.random.default_rng(7)
    config = FitConfig()
    rig = LandmarkRig(model, 20, units=fitted_units(model))
    person = Person(rng.normal(size=20), 0.05, -0.03)
    moments, terms = [], []
    for cameras in (2, 1):
        turn = Rotation.from_euler("xyz", rng.normal(size=3) * 0.2).as_matrix()
        moments.append(
            Moment(
                turn @ np.diag([1.0, -1, -1]),
                np.array([0.01, 0.02, 0.9]),
                rng.uniform(0.1, 0.9, rig.units),
                rng.normal(size=7) * 0.1,
            )
        )
        points = [rng.normal(384, 90, (478, 2)) for _ in range(cameras)]
        view = Rotation.from_euler("y", 0.1).as_matrix()
        terms.append(
            [
                SightTerm(
                    *(rig, p, rng.uniform(size=478), view, np.zeros(3), np.full(2, 2000.0), np.full(2, 384.0), 0.7),
                    measure=rng.normal(size=(478, 2, 2)) if cameras == 1 else None,
                )
                for p in points
            ]
        )
    priors = [expectation(model, {"jawOpen": 0.3, "mouthSmileLeft": 0.5}, config)] * 2
    problem = FitProblem(rig.betas, terms, priors, config, scale_free=True, focal_free=True)
    normal = problem.normal(person, moments, 30.0)
    step, own = rng.normal(size=22), [rng.normal(size=6 + rig.units + 7) for _ in moments]
    slope = 2 * (normal.person[0] @ step + sum(m[0] @ d for m, d in zip(normal.moments, own)))

    def energy(size):
        return problem.energy(person.moved(size * step), [m.moved(size * d) for m, d in zip(moments, own)], 30.0)

    assert (energy(1e-6) - energy(-1e-6)) / 2e-6 == pytest.approx(slope, rel=1e-4)


def synthetic_portrait(model, betas, scores, yaw_deg, jaw=0.0, *, gaze=(0.0, 0.0), focal=3.0, told=True):
    """Landmarks of a known head in a known pose, as if a landmarker had measured them without error.

    Args:
        gaze: (pitch, yaw) of both eyes, radians. focal: over the picture's side; the face keeps its size in it.
        told: whether the portrait carries the scores.
    """
    units = np.array([scores.get(name, 0.0) for name in model.unit_names], np.float32)
    pose = np.zeros((5, 3), np.float32)
    pose[2, 0] = jaw
    pose[3:, :2] = gaze
    mesh = make_avatar_mesh(model, model.neutral(betas), model.v_template)
    points = landmarks_of(model, pose_vertices(mesh, HeadParameters(units, pose)))
    turned = points @ Rotation.from_euler("y", yaw_deg, degrees=True).as_matrix().T
    camera_points = turned * [1, -1, -1] + [0.0, 0.0, 0.4 * focal]
    pixels = camera_points[:, :2] / camera_points[:, 2:] * focal * SIZE + SIZE / 2
    nothing = np.zeros((SIZE, SIZE), np.float32)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    full = np.concatenate([pixels, np.zeros((478, 1))], 1).astype(np.float32)
    return Portrait(image, nothing, nothing, full, dict(scores) if told else {}, np.eye(2, 3), (SIZE, SIZE))


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


def test_a_fifth_of_the_landmarks_may_be_anywhere(model):
    rng = np.random.default_rng(8)
    betas = rng.normal(size=12) * 0.6
    portrait = synthetic_portrait(model, betas, {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}, 18.0, jaw=0.1)
    clean = fit_head(portrait, model)
    wrong = rng.choice(468, 96, replace=False)
    portrait.landmarks[wrong, :2] += rng.uniform(-1, 1, (96, 2)) * 2 * clean.eye_distance
    fit = fit_head(portrait, model)
    assert fit.angles_deg == pytest.approx(clean.angles_deg, abs=1.5)
    right = np.setdiff1d(np.arange(478), wrong)
    before, after = (project(landmarks_of(model, f.posed_vertices)[right], f.camera)[:, :2] for f in (clean, fit))
    assert np.linalg.norm(after - before, axis=1).mean() < 0.01 * clean.eye_distance
    face = model.masks["face"]
    moved = _aligned(fit.neutral_vertices[face], clean.neutral_vertices[face]) - clean.neutral_vertices[face]
    assert np.linalg.norm(moved, axis=1).mean() < 0.002


@pytest.mark.parametrize("roll", [0.0, 40.0, 180.0])
def test_the_start_needs_no_upright_face_and_no_right_landmarks(model, roll):
    rng = np.random.default_rng(9)
    points = landmarks_of(model, model.v_template).astype(np.float64)
    truth = Rotation.from_euler("zyx", [roll, 25.0, -10.0], degrees=True).as_matrix() @ np.diag([1.0, -1.0, -1.0])
    camera = picture_camera(SIZE, SIZE, 3.0)
    local = points @ truth.T + [0.02, -0.03, 1.2]
    pixels = local[:, :2] / local[:, 2:] * camera.K[0, 0] + SIZE / 2
    wrong = rng.choice(478, 95, replace=False)
    pixels[wrong] = rng.uniform(0, SIZE, (95, 2))
    rotation, translation = place_in_picture(points, Sight(pixels, camera))
    assert Rotation.from_matrix(rotation @ truth.T).magnitude() < np.deg2rad(5)
    assert translation == pytest.approx([0.02, -0.03, 1.2], abs=0.05)


def test_gaze_is_found_without_being_told(model):
    fit = fit_head(synthetic_portrait(model, np.zeros(10), {}, 10.0, gaze=(-0.12, 0.2), told=False), model)
    assert fit.parameters.pose[3:, 0] == pytest.approx(-0.12, abs=0.05)
    assert fit.parameters.pose[3:, 1] == pytest.approx(0.2, abs=0.05)


def test_an_opened_jaw_is_found_without_being_told(model):
    """The jaw costs something, so that it does not open for a lowered lip; half opened it is found all the same."""
    fit = fit_head(synthetic_portrait(model, np.full(8, 0.4), {}, 10.0, jaw=0.21, told=False), model)
    assert fit.parameters.pose[2, 0] == pytest.approx(0.21, abs=0.03)


def test_large_motions_explain_landmarks_first(model):
    grin = {f"mouth{part}{side}": 0.6 for part in ("Smile", "UpperUp") for side in ("Left", "Right")}
    fit = fit_head(synthetic_portrait(model, np.full(8, 0.4), grin, -10.0, told=False), model)
    found = controls_from_parameters(model, fit.parameters)
    assert max(value for name, value in found.items() if name.startswith(FINE)) < 0.15
    assert min(found[name] for name in grin) > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_noise_leaves_eyes_and_jaw_believable(model, seed):
    """Landmarks that jump by 3 per cent of the eyes' distance, as in a blurred picture of a face at rest."""
    rng = np.random.default_rng(seed)
    portrait = synthetic_portrait(model, rng.normal(size=12) * 0.6, {}, rng.uniform(-20, 20), told=False)
    apart = np.linalg.norm(portrait.landmarks[473, :2] - portrait.landmarks[468, :2])
    portrait.landmarks[:, :2] += rng.normal(size=(478, 2)) * 0.03 * apart
    pose = fit_head(portrait, model).parameters.pose
    assert np.abs(np.rad2deg(pose[3:])).max() < 6
    assert np.rad2deg(np.abs(pose[3] - pose[4])).max() < 4
    assert -1.5 < np.rad2deg(pose[2, 0]) < 3
    assert np.abs(np.rad2deg(pose[2, 1:])).max() < 3


def test_a_close_camera_is_told_from_a_far_one(model):
    """How far, landmarks hardly tell; the expected focal length holds the fit back."""
    near, far = (fit_head(synthetic_portrait(model, np.zeros(10), {}, 20.0, focal=f), model) for f in (1.0, 4.0))
    assert near.camera.K[0, 0] < 0.9 * far.camera.K[0, 0]
    assert near.linear_error < 1


def test_any_landmarks_will_do(model):
    """The 68 of the iBUG scheme, without irises: pose and smile are found, the eyes look where they are expected to."""
    picked = embedding_of(model, IBUG_IN_478)
    smile = {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}
    portrait = synthetic_portrait(model, np.full(8, 0.4), smile, -15.0)
    sight = Sight(portrait.landmarks[list(IBUG_IN_478), :2], picture_camera(SIZE, SIZE, 3.0), 0, smile)
    fit = fit_landmarks([sight], model, picked, calibrated=False)
    assert fit.errors[0].mean() < 0.8
    truth = Rotation.from_euler("y", -15, degrees=True).as_matrix()
    turned = np.diag([1.0, -1.0, -1.0]) @ fit.moments[0].rotation
    assert Rotation.from_matrix(turned @ truth.T).magnitude() < np.deg2rad(3)
    assert np.abs(fit.moments[0].angles[3:]).max() < 0.05


def embedding_of(model, indices):
    whole, which = model.landmarks478, list(indices)
    return LandmarkEmbedding(whole.face[which], whole.bary[which], whole.spread[which])


def test_missing_landmarks_are_left_out(model):
    portrait = synthetic_portrait(model, np.zeros(10), {}, 5.0)
    points = portrait.landmarks[:, :2].astype(np.float64)
    points[regions.OVAL, :] = np.nan
    fit = fit_landmarks([Sight(points, picture_camera(SIZE, SIZE, 3.0))], model, calibrated=False)
    assert np.isfinite(fit.person.betas).all()
    assert fit.errors[0].max() < 2
    with pytest.raises(StageError) as error:
        fit_landmarks([Sight(np.full((478, 2), np.nan), picture_camera(SIZE, SIZE, 3.0))], model, calibrated=False)
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


@pytest.fixture(scope="module", params=["grace_hopper.jpg", "mona_lisa.jpg"])
def neutral_face(request):
    return prepare_portrait(asset_path(request.param))


def test_a_neutral_portrait_does_not_stare(model, neutral_face):
    fit = fit_head(neutral_face, model)
    lids = [u for u, n in zip(fit.parameters.units, model.unit_names) if n.startswith(("eyeWide", "eyeSquint"))]
    assert max(lids) <= 0.3
    opening = [
        np.linalg.norm(points[159] - points[145])
        for points in (landmarks_of(model, fit.posed_vertices), landmarks_of(model, fit.neutral_vertices))
    ]
    assert opening[1] < 1.1 * opening[0]
    # both sitters look at the painter's or camera's height; a straight look is hardly off
    for eye in fit.parameters.pose[3:]:
        forward = fit.camera.viewmat[:3, :3] @ Rotation.from_rotvec(eye).as_matrix() @ [0, 0, 1]
        assert abs(np.rad2deg(np.arcsin(forward[1]))) < 8
    inner = np.setdiff1d(np.arange(478), regions.OVAL)
    pixels = project(landmarks_of(model, fit.posed_vertices), fit.camera)[:, :2]
    away = np.linalg.norm(pixels - neutral_face.landmarks[:, :2], axis=1)[inner]
    assert away.mean() < 0.016 * fit.eye_distance


def test_the_overlay_draws_mesh_and_landmarks(model, smiling):
    fit = fit_head(smiling, model)
    picture = overlay(smiling, fit, model)
    assert picture.dtype == np.uint8
    assert picture.shape == smiling.image.shape
    x, y = smiling.landmarks[regions.UPPER_LIP, :2].astype(int)
    assert np.abs(picture[y, x].astype(int) - FOUND_COLOR).max() < 60
    changed = (picture != smiling.image).any(2)
    left, right = int(smiling.landmarks[:, 0].min()), int(smiling.landmarks[:, 0].max())
    assert changed[y, left:right].mean() > 0.2
    assert not changed[:20].any()


def test_the_residual_in_neutral_is_capped(model, smiling):
    config = FitConfig(mouth_kept=0.0, most_eye_closing=0.0)
    fit = fit_head(smiling, model, config)
    moved = np.linalg.norm(fit.neutral_vertices - model.neutral(fit.betas), axis=1)
    assert moved.max() <= config.neutral_residual + 1e-5
