"""Many pictures of one head: what several views tell that one cannot, and clips without lag."""

import numpy as np
import pytest
from cameo.backend.artifacts import Camera, HeadParameters, orbit_camera
from cameo.backend.config import FitConfig, TrackingConfig
from cameo.backend.head.controls import controls_from_parameters, parameters_from_controls
from cameo.backend.head.fit_sight import Sight
from cameo.backend.head.fit_start import triangulated
from cameo.backend.head.fit_state import Moment
from cameo.backend.head.fitting import picture_camera
from cameo.backend.head.landmark_fit import fit_landmarks
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.neutral import landmark_points
from cameo.backend.head.rotations import rotation_slopes, turn_per_axis_angle
from cameo.backend.head.smoothing import steady
from cameo.backend.head.tracking import fit_views, telling_pictures, track_clip
from cameo.backend.perception.clip import clip_landmarks
from cameo.backend.weights.fetch import asset_path
from scipy.spatial.transform import Rotation

MODEL = load_head_model()
SMILE = {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7, "jawOpen": 0.3}
BROWS = {"browInnerUp": 0.8, "eyeBlinkLeft": 0.6, "eyeBlinkRight": 0.6}
MOVES = 0.05
"""A control moves when the standard deviation of its score over the clip is larger than this."""


def betas_of(seed, count=20):
    return np.random.default_rng(seed).normal(size=count) * 0.7


def world_landmarks(betas, controls, root=None):
    """[478,3] metres of a person with ``controls``, the head turned and moved by ``root`` (axis-angle, shift)."""
    mesh = make_avatar_mesh(MODEL, MODEL.neutral(betas), MODEL.v_template)
    parameters = parameters_from_controls(MODEL, controls)
    turn, shift = (np.zeros(3), np.zeros(3)) if root is None else root
    pose = parameters.pose.copy()
    pose[0] = turn
    posed = HeadParameters(parameters.units, pose, np.asarray(shift, np.float32))
    return landmark_points(pose_vertices(mesh, posed), MODEL, range(478))


def scaled_camera(camera, scale):
    """The camera in a world measured in another unit."""
    viewmat = camera.viewmat.copy()
    viewmat[:3, 3] *= scale
    return Camera(viewmat, camera.K, camera.width, camera.height)


def rig_of_cameras(yaws, scale=1.0):
    return [scaled_camera(orbit_camera(yaw, 3.0, distance=1.0, fov_deg=20, size=512), scale) for yaw in yaws]


def shape_error(betas, truth, axis):
    """Mean distance in metres along one axis of the face skins of two identities, best laid over each other."""
    face = MODEL.masks["face"]
    a, b = (MODEL.neutral(x)[face].astype(np.float64) for x in (betas, truth))
    a, b = a - a.mean(0), b - b.mean(0)
    rotation, _ = Rotation.align_vectors(b, a)[:2]
    scale = np.linalg.norm(b) / np.linalg.norm(a)
    return float(np.abs(scale * rotation.apply(a) - b)[:, axis].mean())


def noisy(points, rng, percent=0.5):
    """Pixels with a landmarker's jitter, per cent of the distance between the irises."""
    apart = np.linalg.norm(points[468] - points[473])
    return points + rng.normal(size=points.shape) * apart * percent / 100


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_several_views_tell_depth_better_than_one(seed):
    truth, rng = betas_of(seed), np.random.default_rng(seed)
    cameras = rig_of_cameras((0, -35, 35))
    points = world_landmarks(truth, {})
    sights = [Sight(noisy(project(points, c)[:, :2], rng), c) for c in cameras]
    single = fit_landmarks(sights[:1], MODEL, calibrated=True)
    several = fit_landmarks(sights, MODEL, calibrated=True)
    depth = [shape_error(fit.person.betas, truth, axis=2) for fit in (single, several)]
    assert depth[1] < 0.7 * depth[0]
    assert depth[1] < 0.0012


def test_views_of_several_moments_share_the_person_and_find_the_scale():
    """A rig measured in millimetres, two expressions, and a head that moved in between."""
    truth, rng = betas_of(4), np.random.default_rng(4)
    cameras = rig_of_cameras((0, -30, 30, 50), scale=1000.0)
    roots = [(np.zeros(3), np.zeros(3)), (np.array([0.1, 0.2, -0.05]), np.array([0.01, 0.0, 0.02]))]
    sights = []
    for moment, (controls, root) in enumerate(zip((SMILE, BROWS), roots)):
        points = 1000 * world_landmarks(truth, controls, root)
        sights += [Sight(noisy(project(points, c)[:, :2], rng), c, moment, controls) for c in cameras]
    fit = fit_views(sights, MODEL)
    assert np.linalg.det(fit.similarity[:3, :3]) ** (1 / 3) == pytest.approx(1000, rel=0.03)
    assert shape_error(fit.betas, truth, axis=2) < 0.0012
    assert fit.errors.max() < 1
    for controls, found in zip((SMILE, BROWS), fit.parameters):
        values = controls_from_parameters(MODEL, found)
        assert {name: values.get(name, 0.0) for name in controls} == pytest.approx(controls, abs=0.2)
    turned = [Rotation.from_rotvec(p.pose[0]) for p in fit.parameters]
    step = (turned[1] * turned[0].inv()).as_rotvec()
    assert step == pytest.approx(roots[1][0], abs=0.02)


def test_parameters_and_cameras_show_the_landmarks_where_they_were():
    """The whole result together: motion in the root joint, cameras seen from the head."""
    truth = betas_of(5)
    cameras = rig_of_cameras((0, -30, 30), scale=10.0)
    points = [world_landmarks(truth, SMILE), world_landmarks(truth, {}, (np.array([0, 0.2, 0]), np.full(3, 0.01)))]
    sights = [
        Sight(project(10 * p, c)[:, :2], c, moment, scores)
        for moment, (p, scores) in enumerate(zip(points, (SMILE, {})))
        for c in cameras
    ]
    fit = fit_views(sights, MODEL)
    mesh = make_avatar_mesh(MODEL, MODEL.neutral(fit.betas), MODEL.v_template)
    for sight, camera in zip(sights, fit.cameras):
        posed = pose_vertices(mesh, fit.parameters[sight.moment])
        pixels = project(landmark_points(posed, MODEL, range(478)), camera)[:, :2]
        apart = np.linalg.norm(sight.points[468] - sight.points[473])
        assert np.linalg.norm(pixels - sight.points, axis=1).mean() < 0.012 * apart


def test_wrong_landmarks_in_one_view_do_no_harm():
    truth, rng = betas_of(6), np.random.default_rng(6)
    cameras = rig_of_cameras((0, -35, 35))
    sights = []
    for camera in cameras:
        pixels = project(world_landmarks(truth, {}), camera)[:, :2]
        wrong = rng.choice(478, 95, replace=False)
        pixels[wrong] += rng.uniform(-1, 1, (95, 2)) * 80
        sights.append(Sight(pixels, camera))
    fit = fit_landmarks(sights, MODEL, calibrated=True)
    assert shape_error(fit.person.betas, truth, axis=2) < 0.0015


def test_triangulation_needs_two_views_and_forgives_a_wrong_third():
    points = world_landmarks(np.zeros(1), {})[:20]
    cameras = rig_of_cameras((0, 30, -30, 10))
    pixels = np.stack([project(points, camera)[:, :2] for camera in cameras])
    pixels[3, :10] += 40
    pixels[:3, 19] = np.nan
    found = triangulated(pixels, cameras)
    assert np.abs(found[:19] - points[:19]).max() < 1e-3
    assert np.isnan(found[19]).all()


def test_rotation_derivatives_agree_with_differences():
    for r in (np.array([0.3, -0.8, 0.2]), np.array([1e-5, 0, 0]), np.zeros(3)):
        d = np.array([0.5, 0.2, -0.4])
        ahead, behind = (Rotation.from_rotvec(r + s * d).as_matrix() for s in (1e-5, -1e-5))
        assert np.tensordot(d, rotation_slopes(r), 1) == pytest.approx((ahead - behind) / 2e-5, abs=1e-8)
        turn = Rotation.from_matrix(ahead @ Rotation.from_rotvec(r).as_matrix().T).as_rotvec()
        assert turn_per_axis_angle(r) @ d == pytest.approx(turn / 1e-5, abs=1e-4)


def moments_of(values):
    """Moments that only differ in their one unit and the turn about y."""
    return [
        Moment(Rotation.from_rotvec([0, 0.3 * value, 0]).as_matrix(), np.zeros(3), np.array([value]), np.zeros(7))
        for value in values
    ]


def test_smoothing_steadies_without_lag_and_leaves_blinks():
    rng = np.random.default_rng(10)
    time = np.arange(120) / 24
    slow = 0.5 + 0.3 * np.sin(2 * np.pi * 0.8 * time)
    noise = rng.normal(size=120) * 0.04
    # as sharp as a unit that landmarks see; the turn is seen sharper still
    seconds = [np.diag([2e4] * 6 + [10.0] + [10.0] * 7)] * 120
    found = np.array([m.units[0] for m in steady(moments_of(slow + noise), seconds, 24, TrackingConfig())])
    assert np.abs(np.diff(found, 2)).mean() < 0.5 * np.abs(np.diff(slow + noise, 2)).mean()
    assert np.sqrt(np.mean((found - slow) ** 2)) < 0.8 * noise.std()
    shifts = range(-5, 6)
    match = [np.corrcoef(found[10:-10], np.roll(slow, shift)[10:-10])[0, 1] for shift in shifts]
    assert shifts[int(np.argmax(match))] == 0
    blink = np.zeros(120)
    blink[60:65] = (0.4, 0.9, 1.0, 0.8, 0.3)
    kept = np.array([m.units[0] for m in steady(moments_of(blink), seconds, 24, TrackingConfig())])
    assert kept.argmax() == 62
    assert kept.max() > 0.8


def test_smoothing_turns_the_short_way_and_bridges_gaps():
    angles = np.linspace(2.8, 3.5, 30)  # through half a turn
    moments = [
        Moment(Rotation.from_rotvec([0, a, 0]).as_matrix(), np.array([a, 0, 0]), np.zeros(1), np.zeros(7))
        for a in angles
    ]
    seconds = [np.eye(14) * 100 for _ in moments]
    for gap in range(10, 15):
        moments[gap], seconds[gap] = moments[9], np.zeros((14, 14))
    found = steady(moments, seconds, 24, TrackingConfig())
    for moment, angle in zip(found, angles):
        assert Rotation.from_matrix(moment.rotation).as_rotvec()[[0, 2]] == pytest.approx(0, abs=1e-6)
        assert moment.translation[0] == pytest.approx(angle, abs=0.02)


def test_telling_pictures_are_different_ones():
    points = np.stack([project(world_landmarks(np.zeros(1), {}), c)[:, :2] for c in rig_of_cameras([0] * 9 + [40])])
    points[4] = np.nan
    chosen = telling_pictures(points, 2)
    assert 9 in chosen
    assert 4 not in telling_pictures(points, 20)


def test_a_synthetic_clip_is_tracked_through_a_gap():
    truth, count = betas_of(11), 24
    smile = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, count))
    turns = np.linspace(-0.4, 0.4, count)
    camera = picture_camera(512, 512, 2.5)
    place = np.diag([1.0, -1.0, -1.0, 1.0])
    place[:3, 3] = 0, 0, 1.0
    shot = Camera(place, camera.K, 512, 512)
    points, scores = [], []
    for value, turn in zip(smile, turns):
        controls = {"mouthSmileLeft": value, "mouthSmileRight": value}
        points.append(project(world_landmarks(truth, controls, (np.array([0, turn, 0]), np.zeros(3))), shot)[:, :2])
        scores.append(controls)
    points[12], scores[12] = np.full((478, 2), np.nan), {}
    config = TrackingConfig(fit=FitConfig(focal=2.5), keyframes=6)
    fit = track_clip(np.stack(points), scores, (512, 512), 24, MODEL, config)
    found = np.array([controls_from_parameters(MODEL, p).get("mouthSmileLeft", 0.0) for p in fit.parameters])
    yaw = np.array([p.pose[0, 1] for p in fit.parameters])
    assert np.abs(found - smile).max() < 0.25
    assert np.abs((yaw - yaw.mean()) - (turns - turns.mean())).max() < 0.03
    assert np.isnan(fit.errors[12])
    assert np.nanmax(fit.errors) < 1


def correlations(scores, parameters):
    """Of each control that moves, with its score."""
    found = [controls_from_parameters(MODEL, p) for p in parameters]
    result = {}
    for name in scores[0]:
        told = np.array([s[name] for s in scores])
        if name != "_neutral" and told.std() > MOVES:
            fitted = np.array([f.get(name, 0.0) for f in found])
            result[name] = float(np.corrcoef(told, fitted)[0, 1]) if fitted.std() > 0 else 0.0
    return result


@pytest.fixture(scope="module")
def clip():
    return clip_landmarks(asset_path("driving_clip.mp4"), every=8)


@pytest.mark.parametrize(("trust", "least"), [(1.0, 0.85), (0.0, 0.75)])
def test_a_real_clip_moves_the_controls_as_its_scores_do(clip, trust, least):
    """Every eighth picture. The scores are also the fit's prior: with trust 0 they are kept from it."""
    config = TrackingConfig(fit=FitConfig(score_trust=trust))
    fit = track_clip(clip.points[..., :2], clip.scores, clip.size, clip.rate, MODEL, config)
    found = correlations(clip.scores, fit.parameters)
    assert len(found) > 12
    assert np.mean(list(found.values())) > least
    assert np.nanmean(fit.errors) < 2.5
