"""Landmarks, expression scores and angles on real faces."""

import cv2
import numpy as np
import pytest
from cameo.backend.perception.angles import head_angles
from cameo.backend.perception.landmark_names import (
    BLENDSHAPE_NAMES,
    BLENDSHAPE_POINTS,
    FACE_OVAL,
    LEFT_EYE,
    LEFT_IRIS,
    LIPS_INNER,
    LIPS_OUTER,
    RIGHT_EYE,
    RIGHT_IRIS,
)
from cameo.backend.perception.landmarks import detect_faces, find_landmarks
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(cv2.imread(str(asset_path("astronaut.png"))), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def found(astronaut):
    return find_landmarks(astronaut)


def test_types_and_names(found):
    assert found.points.shape == (478, 3)
    assert found.points.dtype == np.float32
    assert tuple(found.blendshapes) == BLENDSHAPE_NAMES
    assert len(set(BLENDSHAPE_NAMES)) == 52
    assert len(BLENDSHAPE_POINTS) == 146
    assert all(0 <= score <= 1 for score in found.blendshapes.values())
    assert 0.9 < found.presence <= 1
    assert isinstance(found.presence, float)


def test_outlines_nest(found):
    """Each named outline lies where its name says: irises in eyes, lips in the oval, right on the picture's left."""

    def inside(point, outline):
        polygon = found.points[list(outline), :2].reshape(-1, 1, 2)
        return cv2.pointPolygonTest(polygon, (float(point[0]), float(point[1])), False) > 0

    for iris, eye in ((RIGHT_IRIS, RIGHT_EYE), (LEFT_IRIS, LEFT_EYE)):
        assert inside(found.points[iris[0]], eye)
    for index in LIPS_INNER:
        assert inside(found.points[index], LIPS_OUTER) or index in (78, 308)
    for index in (*RIGHT_EYE, *LEFT_EYE, *LIPS_OUTER):
        assert inside(found.points[index], FACE_OVAL)
    assert found.points[RIGHT_IRIS[0], 0] < found.points[LEFT_IRIS[0], 0]


def test_her_smile_is_seen(found):
    assert found.blendshapes["mouthSmileLeft"] > 0.6
    assert found.blendshapes["mouthSmileRight"] > 0.6
    assert found.blendshapes["eyeBlinkLeft"] < 0.3


def test_scale_and_place_do_not_matter(astronaut, found):
    """The same face four times as large, elsewhere: the same landmarks to half a percent of its height."""
    matrix = np.array([[4.0, 0, 37], [0, 4.0, -120]])
    moved = cv2.warpAffine(astronaut, matrix, (2100, 1500), flags=cv2.INTER_CUBIC)
    again = find_landmarks(moved)
    expected = (found.points[:, :2]) @ matrix[:, :2].T + matrix[:, 2]
    error = np.linalg.norm(again.points[:, :2] - expected, axis=1).mean()
    assert error < 0.012 * np.ptp(expected[:, 1])


def test_rotation_turns_landmarks(astronaut, found):
    matrix = cv2.getRotationMatrix2D((225, 130), -25, 1)  # clockwise as seen
    again = find_landmarks(cv2.warpAffine(astronaut, matrix, (512, 512)))
    expected = found.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(again.points[:, :2] - expected, axis=1).mean() < 0.02 * 109
    turned = head_angles(again.points).roll - head_angles(found.points).roll
    assert turned == pytest.approx(25, abs=2)


def test_mirror_swaps_left_and_right(astronaut, found):
    mirrored = find_landmarks(np.ascontiguousarray(astronaut[:, ::-1]))
    assert head_angles(mirrored.points).yaw == pytest.approx(-head_angles(found.points).yaw, abs=2)
    for name in ("mouthSmile", "mouthUpperUp", "eyeBlink"):
        left = found.blendshapes[f"{name}Left"]
        assert mirrored.blendshapes[f"{name}Right"] == pytest.approx(left, abs=0.25)


def test_no_face_gives_none(astronaut):
    assert find_landmarks(np.full((300, 300, 3), 128, np.uint8)) is None
    (box,) = detect_faces(astronaut)
    assert find_landmarks(np.full_like(astronaut, 90), box) is None


def test_yaw_sign_on_a_painting_known_to_show_her_left():
    """Mona Lisa turns towards her right: we see more of her left cheek, as from a camera at positive yaw."""
    image = cv2.cvtColor(cv2.imread(str(asset_path("mona_lisa.jpg"))), cv2.COLOR_BGR2RGB)
    assert 10 < head_angles(find_landmarks(image).points).yaw < 35
