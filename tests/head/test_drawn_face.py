import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.drawn_face import BACKGROUND, draw_face, face_colors
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.neutral import landmark_points
from cameo.backend.perception.landmarks import find_landmarks

CAMERA = orbit_camera(0.0, distance=1.2, fov_deg=17.0, size=256)


@pytest.mark.parametrize(
    ("controls", "score", "least"), [({}, "jawOpen", -1.0), ({"jawOpen": 0.8}, "jawOpen", 0.4)], ids=["still", "open"]
)
def test_the_drawn_head_is_a_face_to_the_landmarker(controls, score, least):
    model = load_head_model()
    colors = face_colors(model)
    mesh = make_avatar_mesh(model, model.neutral(np.zeros(1)), colors)
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, controls))
    picture = draw_face(model, colors, vertices, CAMERA, supersample=2)
    assert picture[0, 0] / 255 == pytest.approx(BACKGROUND, abs=0.01)
    face = find_landmarks(picture)
    assert face is not None and face.presence > 0.99
    there = project(landmark_points(vertices, model, range(478)), CAMERA)[:, :2]
    assert np.linalg.norm(face.points[:, :2] - there, axis=1).mean() < 2.0  # pixels of 256
    assert face.blendshapes[score] > least


def test_light_goes_round_with_the_camera():
    model = load_head_model()
    colors = np.full((len(model.v_template), 3), 0.6)
    front, back = (
        draw_face(model, colors, model.v_template, orbit_camera(yaw, distance=1.2, fov_deg=17.0, size=64))
        for yaw in (0.0, 180.0)
    )
    assert abs(front[20:40, 24:40].mean() - back[20:40, 24:40].mean()) < 25
