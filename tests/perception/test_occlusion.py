"""Covered faces are noticed, uncovered ones are not: glasses, a mask and a hand painted over real faces."""

import cv2
import numpy as np
import pytest
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.perception.occlusion import occlusion_warnings
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path

NAMES = ["astronaut.png", "grace_hopper.jpg", "mona_lisa.jpg"]


def sunglasses(image, points):
    covered = image.copy()
    for outer, inner in ((33, 133), (263, 362)):
        center = points[[outer, inner], :2].mean(axis=0)
        width = np.linalg.norm(points[outer, :2] - points[inner, :2])
        axes = int(0.85 * width), int(0.65 * width)
        cv2.ellipse(covered, (int(center[0]), int(center[1] + 0.1 * width)), axes, 0, 0, 360, (25, 22, 24), -1)
    return covered


def surgical_mask(image, points):
    edge = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 6]
    covered = image.copy()
    cv2.fillPoly(covered, [points[edge, :2].astype(np.int32)], (150, 190, 210))
    return covered


def hand(image, points, at):
    """Four fingers in the colour of the person's own cheek."""
    covered = image.copy()
    x, y = points[50, :2].astype(int)
    skin = np.median(image[y - 8 : y + 8, x - 8 : x + 8].reshape(-1, 3), axis=0)
    x, y = at.astype(int)
    for finger in range(4):
        row = int(y) - 60 + 38 * finger
        ends = (int(x) - 170, row + 20), (int(x) + 90, row)
        cv2.line(covered, *ends, (skin * 0.6).astype(int).tolist(), 42, cv2.LINE_AA)
        cv2.line(covered, *ends, (skin * 0.93).astype(int).tolist(), 36, cv2.LINE_AA)
    return covered


@pytest.fixture(scope="module", params=NAMES)
def portrait(request):
    return prepare_portrait(asset_path(request.param))


def sentences(image):
    face = find_landmarks(image)
    assert face is not None
    found = occlusion_warnings(image, face.points)
    assert all(code == "portrait.occluded" for code, _ in found)
    return " ".join(sentence for _, sentence in found)


def test_free_faces_and_clear_glasses_are_not_reported(portrait):
    assert "portrait.occluded" not in [code for code, _ in portrait.warnings]


def test_sunglasses(portrait):
    assert "Dark glasses" in sentences(sunglasses(portrait.image, portrait.landmarks))


def test_mask(portrait):
    assert "mouth" in sentences(surgical_mask(portrait.image, portrait.landmarks))


def test_hand_over_the_mouth(portrait):
    assert "mouth" in sentences(hand(portrait.image, portrait.landmarks, portrait.landmarks[13, :2]))


def test_hand_over_one_eye(portrait):
    between = portrait.landmarks[[159, 50], :2].mean(axis=0)
    assert "right eye" in sentences(hand(portrait.image, portrait.landmarks, between))
