"""The moving jaw line lies on the rendered silhouette, whatever turned the head."""

import numpy as np
import pytest
from cameo.backend.artifacts import Camera, HeadParameters, orbit_camera
from cameo.backend.head.contour import POINTS, MovingContour, contour_lines
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices, rotation_matrices
from cameo.backend.head.mesh_raster import project, rasterize_mesh
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from scipy.ndimage import distance_transform_edt, maximum_filter

MODEL = load_head_model()
CONTOUR = MovingContour(MODEL)
PEOPLE = [np.zeros(1), *(np.random.default_rng(seed).normal(size=60) * 0.7 for seed in (3, 8))]
SIZE, PIXEL = 512, 0.252 / 512  # metres a pixel is wide at the face
DEPTH_STEP = 0.004  # metres: what a silhouette stands before


def camera_at(yaw: float, pitch: float) -> Camera:
    return orbit_camera(yaw, pitch, distance=1.2, fov_deg=12, size=SIZE, center=(0, -0.03, 0.03))


def contour(vertices: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Points [17,3], and which of them stay on the jaw line, bool [17]."""
    face, bary = CONTOUR.embedding(vertices, camera)
    on_jaw = (face == CONTOUR.lines.face[:, 0]) & (np.abs(bary - CONTOUR.lines.bary[:, 0]).max(1) < 1e-9)
    return np.einsum("kc,kcx->kx", bary, vertices[MODEL.faces[face]]), on_jaw


def distance_to_silhouette(vertices: np.ndarray, camera: Camera, points: np.ndarray) -> np.ndarray:
    """Metres [K] from ``points`` to the nearest pixel of the whole head behind which there is a step in depth."""
    depth = rasterize_mesh(vertices, MODEL.faces, camera).depth
    behind = maximum_filter(np.where(np.isfinite(depth), depth, 9.0), size=3)
    distance = np.asarray(distance_transform_edt(~(behind > depth + DEPTH_STEP)))
    columns, rows = np.floor(project(points, camera)[:, :2]).astype(int).T
    return distance[rows, columns] * PIXEL


def posed(betas: np.ndarray, **controls: float) -> np.ndarray:
    mesh = make_avatar_mesh(MODEL, MODEL.neutral(betas), np.zeros_like(MODEL.v_template))
    return pose_vertices(mesh, parameters_from_controls(mesh, controls))


@pytest.mark.parametrize("pitch", [-20, 0, 20])
@pytest.mark.parametrize("yaw", [-40, -30, -20, 0, 20, 30, 40])
def test_points_that_leave_the_jaw_line_lie_on_the_silhouette(yaw, pitch):
    for betas in PEOPLE:
        vertices, camera = posed(betas), camera_at(yaw, pitch)
        points, on_jaw = contour(vertices, camera)
        distance = distance_to_silhouette(vertices, camera, points)
        assert (distance[~on_jaw] < 0.002).all(), distance * 1e3
        turned_away = slice(12, 17) if yaw < 0 else slice(0, 5)
        assert yaw == 0 or not on_jaw[turned_away].any()


@pytest.mark.parametrize("yaw", [-40, 0, 40])
def test_points_are_seen(yaw):
    """Far round the corner, an opened lip or a strong brow may hide one or two."""
    for betas in PEOPLE:
        vertices, camera = posed(betas, jawOpen=0.3), camera_at(yaw, 0)
        raster = rasterize_mesh(vertices, MODEL.faces, camera)
        pixels = project(contour(vertices, camera)[0], camera)
        columns, rows = np.floor(pixels[:, :2]).astype(int).T
        around = maximum_filter(np.where(np.isfinite(raster.depth), raster.depth, 0), size=7)[rows, columns]
        hidden = around < pixels[:, 2] - 0.006
        assert hidden.sum() <= (2 if yaw else 0), (around - pixels[:, 2]) * 1e3


def test_points_come_in_order_round_the_face():
    """From the subject's right ear (left in the picture) over the chin to the left ear."""
    pixels = project(contour(posed(PEOPLE[0]), camera_at(0, 0))[0], camera_at(0, 0))
    assert (np.diff(pixels[:, 0]) > -1).all() and pixels[8, 1] == pixels[:, 1].max()
    assert (np.diff(pixels[:9, 1]) > 0).all() and (np.diff(pixels[8:, 1]) < 0).all()
    np.testing.assert_allclose(pixels[:, 0] + pixels[::-1, 0], SIZE, atol=3)


@pytest.mark.parametrize("turn", [(0, 0.6, 0), (0.3, 0, 0), (-0.2, -0.5, 0.15)])
@pytest.mark.parametrize("joint", [0, 1])
def test_root_neck_and_camera_count_alike(turn, joint):
    """A head that turns before a camera shows what a camera sees that turns round the head."""
    mesh = make_avatar_mesh(MODEL, MODEL.neutral(PEOPLE[1]), np.zeros_like(MODEL.v_template))
    mesh.weights[:] = np.eye(5)[joint]  # all of it turns with this joint: no bending neck
    pose = np.zeros((5, 3))
    pose[joint] = turn
    turned = pose_vertices(mesh, HeadParameters(np.zeros(len(mesh.unit_names)), pose))
    camera = camera_at(10, 5)
    rotation, centre = rotation_matrices(np.array(turn)), mesh.joints[joint]
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = rotation, centre - rotation @ centre
    other = Camera(camera.viewmat @ moved, camera.K, SIZE, SIZE)
    face, bary = CONTOUR.embedding(turned, camera)
    same_face, same_bary = CONTOUR.embedding(mesh.vertices.astype(np.float64), other)
    assert (face == same_face).all()
    np.testing.assert_allclose(bary, same_bary, atol=1e-9)
    still, _ = CONTOUR.embedding(mesh.vertices.astype(np.float64), camera)
    assert (still != face).any()


def test_lines_lie_on_skin_and_are_symmetric():
    lines = contour_lines(MODEL)
    assert lines.face.shape[0] == POINTS and MODEL.masks["skin"][MODEL.faces[lines.face]].all()
    np.testing.assert_allclose(lines.bary.sum(-1), 1, atol=1e-9)
    assert lines.bary.min() > -1e-9
    start = np.einsum("lc,lcx->lx", lines.bary[:, 0], MODEL.v_template[MODEL.faces[lines.face[:, 0]]])
    np.testing.assert_allclose(start, start[::-1] * [-1, 1, 1], atol=5e-3)
