"""Faces of every size, in real pictures."""

import cv2
import numpy as np
import pytest
from cameo.backend.perception.detection import detect_faces
from cameo.backend.perception.search import search_faces
from cameo.backend.weights.fetch import asset_path


def load(name):
    return cv2.cvtColor(cv2.imread(str(asset_path(name))), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def astronaut():
    return load("astronaut.png")


def test_known_faces(astronaut):
    (box,) = detect_faces(astronaut)
    assert box.center == pytest.approx((225, 130), abs=15)
    assert box.size == pytest.approx(103, rel=0.15)
    assert box.score > 0.8
    (hopper,) = detect_faces(load("grace_hopper.jpg"))
    assert hopper.size == pytest.approx(200, rel=0.15)
    assert hopper.keypoints[0, 0] < hopper.keypoints[1, 0]  # the subject's right eye is on the picture's left


@pytest.mark.parametrize("place", [(0, 0), (1300, 700), (2488, 1688)])
def test_small_face_anywhere_in_a_large_picture(astronaut, place):
    canvas = np.full((2200, 3000, 3), (90, 110, 90), np.uint8)
    x, y = place
    canvas[y : y + 512, x : x + 512] = astronaut
    (face,) = search_faces(canvas)
    assert face.points[1, :2] - place == pytest.approx((225, 137), abs=12)


@pytest.mark.parametrize("zoom", [4, 8])
def test_face_larger_than_the_picture(astronaut, zoom):
    """Only eyes, nose and mouth are in the picture."""
    close = cv2.resize(astronaut[78:178, 180:272], None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    (face,) = search_faces(close)
    assert face.presence > 0.9


def test_all_faces_of_a_group(astronaut):
    hopper = load("grace_hopper.jpg")
    group = np.full((620, 1650, 3), 200, np.uint8)
    group[:512, :512] = astronaut
    group[:600, 560:1072] = hopper
    group[100:612, 1100:1612] = astronaut[:, ::-1]
    faces = search_faces(group)
    assert len(faces) == 3
    assert 560 < faces[0].points[1, 0] < 1072  # the largest comes first


def test_dark_hazy_and_tilted(astronaut):
    dark = (astronaut * 0.12).astype(np.uint8)
    hazy = (astronaut * 0.2 + 190).astype(np.uint8)
    center = (225.0, 130.0)
    tilted = cv2.warpAffine(astronaut, cv2.getRotationMatrix2D(center, 60, 1), (512, 512))
    for picture in (dark, hazy, tilted):
        (face,) = search_faces(picture)
        assert face.points[1, :2] == pytest.approx((225, 137), abs=25)


def test_grayscale_gradients_are_no_faces():
    ramp = np.linspace(0, 255, 640).astype(np.uint8)
    assert search_faces(np.dstack([np.tile(ramp, (480, 1))] * 3)) == []
