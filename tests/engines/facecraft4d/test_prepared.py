"""PanoHead's crop from 478 landmarks and our fit, beside the published recipe on heads whose truth is known.

The heads are ours, turned, of other people and with other expressions, textured by projecting a photo onto them. The
published recipe gets their true iBUG landmarks and their true place; ours gets what it finds in the picture.
"""

import numpy as np
import pytest
from cameo.backend.artifacts import Camera, Portrait
from cameo.backend.engines.facecraft4d.prepared import prepare
from cameo.backend.engines.facecraft4d.prepared_config import PreparedConfig
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.fitting import fit_head
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import project, rasterize_mesh
from cameo.backend.head.model import load_head_model, load_landmarks68, make_avatar_mesh
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.priors.panohead.camera import METRES, SIZE, camera_of_label, label_of, round_the_head
from cameo.backend.priors.panohead.portrait import face_square, inner_landmarks, panohead_crop
from cameo.backend.weights.fetch import asset_path
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

MODEL = load_head_model()
MARKS = load_landmarks68(MODEL)
PIXELS = 640
EXPRESSIONS = ({}, {"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}, {"jawOpen": 0.3}, {"browInnerUp": 0.8})


@pytest.fixture(scope="module")
def photo():
    portrait = prepare_portrait(asset_path("astronaut.png"))
    return portrait, fit_head(portrait, MODEL)


def turned_camera(yaw, pitch, roll, off_center):
    """A camera before which the head is turned by these degrees, a part of the picture off its middle."""
    viewmat = np.eye(4)
    turn = Rotation.from_euler("zxy", [roll, pitch, yaw], degrees=True).as_matrix()
    viewmat[:3, :3], viewmat[:3, 3] = np.diag([1.0, -1.0, -1.0]) @ turn, (0.45 * off_center, 0.02, 1.3)
    K = np.array([[3.0 * PIXELS, 0, PIXELS / 2], [0, 3.0 * PIXELS, PIXELS / 2], [0, 0, 1.0]])
    return Camera(viewmat, K, PIXELS, PIXELS)


def photographed(photo, seed):
    """Picture uint8 [S,S,3], the true landmarks 17..67 [51,2] and the camera of another head with the photo's skin."""
    portrait, fit = photo
    rng = np.random.default_rng(seed)
    betas = fit.betas + 0.5 * rng.normal(size=len(fit.betas))
    mesh = make_avatar_mesh(MODEL, MODEL.neutral(betas), MODEL.v_template)
    vertices = pose_vertices(mesh, parameters_from_controls(MODEL, EXPRESSIONS[seed % len(EXPRESSIONS)]))
    camera = turned_camera(rng.uniform(-30, 30), rng.uniform(-12, 12), rng.uniform(-15, 15), rng.uniform(-0.1, 0.1))
    raster = rasterize_mesh(vertices, MODEL.faces, camera)
    hit = raster.face >= 0
    place = np.einsum("nk,nkx->nx", raster.bary[hit], fit.posed_vertices[MODEL.faces[raster.face[hit]]])
    x, y, _ = project(place, fit.camera).T - 0.5
    image = np.full((PIXELS, PIXELS, 3), 200, np.uint8)
    for color in range(3):
        image[hit, color] = map_coordinates(portrait.image[..., color], (y, x), order=1, mode="nearest")
    corners = vertices[MODEL.faces[MARKS.face[17:]]]
    truth = project(np.einsum("kc,kcx->kx", MARKS.bary[17:], corners), camera)[:, :2]
    return image, truth, camera


def as_portrait(image, found):
    covered = np.ones(image.shape[:2], np.float32)
    return Portrait(image, covered, covered, found.points, found.blendshapes, np.eye(2, 3), image.shape[1::-1])


def square_errors(truth, found):
    """Distance of the centres and difference of the sides, per cent of the true side, and the turn, degrees."""
    turn = np.rad2deg(np.arctan2(*found.right[::-1]) - np.arctan2(*truth.right[::-1]))
    apart = np.linalg.norm(found.center - truth.center)
    return 100 * apart / truth.side, 100 * abs(found.side / truth.side - 1), abs(turn)


def crop_errors(truth, found):
    """The same of two crops of one picture, by where the true crop's corners come to lie."""
    corners = np.array([[0.0, 0], [SIZE, 0], [0, SIZE], [SIZE, SIZE]])
    back = np.linalg.solve(truth[:, :2], (corners - truth[:, 2]).T).T
    carried = back @ found[:, :2].T + found[:, 2]
    size = np.linalg.norm(carried[1] - carried[0]) / SIZE
    return 100 * np.linalg.norm(carried.mean(0) - SIZE / 2) / SIZE, 100 * abs(size - 1)


def errors_of(photo, seed):
    """Errors of FFHQ's square and of the final crop, and the angle between the cameras in degrees."""
    image, truth, camera = photographed(photo, seed)
    found = find_landmarks(image)
    prepared = prepare(as_portrait(image, found), PreparedConfig(), MODEL)
    wanted = panohead_crop(face_square(truth), camera)
    between = wanted.camera.viewmat[:3, :3] @ camera_of_label(prepared.label).viewmat[:3, :3].T
    angle = np.rad2deg(Rotation.from_matrix(between).magnitude())
    square = square_errors(face_square(truth), face_square(inner_landmarks(found.points)))
    return (*square, *crop_errors(wanted.transform, prepared.crop), angle)


def test_square_and_crop_are_the_published_ones(photo):
    """Over 20 heads: the square's centre .3, its side 1.9 (worst .8 and 5.1), the crop's centre .9, its side 3.5 (worst
    2.7 and 14: how large a head is in metres cannot be seen), the camera 2.3 degrees (worst 6.8)."""
    center, side, turn, crop_center, crop_side, angle = np.mean([errors_of(photo, seed) for seed in (0, 1)], axis=0)
    assert center < 0.8 and side < 4 and turn < 0.8
    assert crop_center < 2 and crop_side < 7 and angle < 5


@pytest.mark.parametrize("seed", range(3))
def test_the_label_sees_the_head_where_the_crop_shows_it(seed):
    """The head as PanoHead's world has it, seen by the label, lies in the crop: turn, size and rise agree."""
    rng = np.random.default_rng(seed)
    camera = turned_camera(rng.uniform(-40, 40), rng.uniform(-15, 15), rng.uniform(-20, 20), rng.uniform(-0.1, 0.1))
    vertices = MODEL.v_template[MODEL.masks["face"]].astype(float)
    corners = MODEL.v_template[MODEL.faces[MARKS.face[17:]]]
    inner = project(np.einsum("kc,kcx->kx", MARKS.bary[17:], corners), camera)[:, :2]
    crop = panohead_crop(face_square(inner), camera)
    seen = project(vertices, camera)[:, :2] @ crop.transform[:, :2].T + crop.transform[:, 2]
    # The world's origin is the point of the head that the crop's middle shows, at the depth of the model's middle.
    rotation = crop.camera.viewmat[:3, :3]
    up = rotation.T @ (0, -1, 0)
    world = (vertices - (0, -0.0266, 0.024) - 0.012 * up) / METRES
    apart = np.linalg.norm(project(world, crop.camera)[:, :2] - seen, axis=1)
    assert apart.mean() < 0.005 * SIZE and apart.max() < 0.015 * SIZE
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert 0.7 < crop.scale < 1.3 and crop.shift < 0.5


def test_labels_are_the_published_ones():
    """As PanoHead samples its front and side cameras: h = pi/2 + yaw moves the camera to +x."""
    front, side = (label_of(round_the_head(yaw)) for yaw in (0.0, 90.0))
    np.testing.assert_allclose(front[:16].reshape(4, 4), [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 2.7], [0, 0, 0, 1]])
    np.testing.assert_allclose(front[16:], [4.2647, 0, 0.5, 0, 4.2647, 0.5, 0, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(side[[3, 7, 11]], [2.7, 0, 0], atol=1e-6)
    again = camera_of_label(side)
    np.testing.assert_allclose(again.viewmat, round_the_head(90.0).viewmat, atol=1e-6)
    np.testing.assert_allclose(again.K, round_the_head(90.0).K, rtol=1e-6)


def test_the_prepared_portrait(photo):
    portrait, fit = photo
    prepared = prepare(portrait, PreparedConfig(), MODEL)
    assert prepared.image.shape == (SIZE, SIZE, 4) and prepared.image.dtype == np.uint8
    assert (prepared.image[..., :3] <= prepared.image[..., 3:]).all()
    assert prepared.label.shape == (25,) and prepared.label.dtype == np.float32
    assert abs(prepared.azimuth_deg + fit.angles_deg[1]) < 3 and prepared.warnings == ()
    found = find_landmarks(prepared.image[..., :3] + (255 - prepared.image[..., 3:]))
    expected = portrait.landmarks[:, :2] @ prepared.crop[:, :2].T + prepared.crop[:, 2]
    assert np.linalg.norm(found.points[:, :2] - expected, axis=1).mean() < 0.01 * SIZE


def test_the_artist_is_warned_of_heads_beyond_the_limits(photo):
    narrow = PreparedConfig(most_yaw_deg=0.1, most_pitch_deg=0.1, scale_range=(1.2, 1.3))
    codes = [code for code, _ in prepare(photo[0], narrow, MODEL).warnings]
    assert codes == ["panohead.turned", "panohead.tilted", "panohead.unusual_head"]
