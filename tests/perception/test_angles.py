"""Head angles against the truth: the head model seen by cameras whose angles are known."""

import cv2
import numpy as np
import pytest
from cameo.backend.artifacts import Part, orbit_camera
from cameo.backend.errors import PortraitError
from cameo.backend.head.mesh_raster import rasterize_mesh, shade
from cameo.backend.head.model import load_head_model
from cameo.backend.perception.angles import head_angles
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.pipeline.portrait import prepare_portrait


def painted_head():
    """Vertices, faces and colours: skin, lips, eyes with irises, under a light from the front and above."""
    head = load_head_model()
    vertices, faces = head.v_template.astype(np.float64), head.faces
    colors = np.tile([0.78, 0.6, 0.5], (len(vertices), 1))
    colors[head.masks["lips"]] = (0.7, 0.35, 0.35)
    colors[np.unique(faces[head.part == Part.MOUTH])] = (0.35, 0.15, 0.15)
    for side in ("left", "right"):
        colors[head.masks[f"{side}_eyeball"]] = 0.95
        colors[head.masks[f"{side}_iris"]] = (0.35, 0.25, 0.15)
        colors[head.masks[f"{side}_pupil"]] = 0.05
    normals = np.zeros_like(vertices)
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for corner in range(3):
        np.add.at(normals, faces[:, corner], face_normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    light = 0.45 + 0.6 * np.clip(normals @ [0.0, 0.45, 0.89], 0, 1)
    return vertices, faces, np.clip(colors * light[:, None], 0, 1)


@pytest.fixture(scope="module")
def render():
    vertices, faces, colors = painted_head()

    def from_camera(yaw, pitch=0.0):
        camera = orbit_camera(yaw, pitch, distance=1.2, fov_deg=20, size=384)
        rgba = shade(rasterize_mesh(vertices, faces, camera, supersample=2), faces, colors)
        return ((rgba[..., :3] + 0.7 * (1 - rgba[..., 3:])) * 255).astype(np.uint8)

    return from_camera


@pytest.mark.parametrize(("yaw", "tolerance"), [(0, 3), (15, 5), (-15, 5), (30, 6), (-30, 6), (45, 10), (-45, 10)])
def test_yaw_has_the_sign_and_size_of_the_orbit_camera(render, yaw, tolerance):
    angles = head_angles(find_landmarks(render(yaw)).points)
    assert angles.yaw == pytest.approx(yaw, abs=tolerance)
    assert abs(angles.roll) < 4


@pytest.mark.parametrize("pitch", [-20, -10, 0, 10, 20])
def test_pitch_is_positive_from_above(render, pitch):
    assert head_angles(find_landmarks(render(0, pitch)).points).pitch == pytest.approx(pitch, abs=5)


@pytest.mark.parametrize("yaw", [65, -65, 90])
def test_a_head_from_the_side_is_refused(render, yaw):
    data = cv2.imencode(".png", render(yaw)[..., ::-1])[1].tobytes()
    with pytest.raises(PortraitError) as caught:
        prepare_portrait(data)
    assert caught.value.code == ("portrait.profile" if abs(yaw) < 90 else "portrait.no_face")
    assert "both eyes" in caught.value.fix
