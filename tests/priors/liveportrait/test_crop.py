import cv2
import numpy as np
import pytest
from cameo.backend.head.model import load_head_model
from cameo.backend.head.neutral import landmark_points
from cameo.backend.perception.landmark_names import FACE_OVAL, LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from cameo.backend.priors.liveportrait.crop import CropOptions, clip_crop, cut, face_crop, paste

WIDTH, HEIGHT = 640, 480


def face_in_picture(centre=(330.0, 250.0), size=900.0, roll_deg=0.0):
    """The built-in head's landmarks [478,2] as a camera in front sees them, turned in the picture."""
    head = load_head_model()
    points = landmark_points(head.v_template, head, range(478))[:, :2] * [1, -1]
    angle = np.deg2rad(roll_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - points.mean(0)) * size @ turn.T + centre


def smooth_picture():
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    channels = [128 + 100 * np.sin(x / 40), 128 + 100 * np.cos(y / 50), 128 + 100 * np.sin((x + y) / 60)]
    return np.stack(channels, -1).astype(np.uint8)


@pytest.mark.parametrize("roll_deg", [0.0, 35.0, -110.0])
@pytest.mark.parametrize("upright", [True, False])
def test_there_and_back(roll_deg, upright):
    crop = face_crop(face_in_picture(roll_deg=roll_deg), CropOptions(upright=upright))
    points = np.random.default_rng(1).uniform(-100, 700, (20, 2))
    np.testing.assert_allclose(crop.to_picture(crop.to_crop(points)), points, atol=1e-9)
    linear = crop.matrix[:, :2]
    np.testing.assert_allclose(linear @ linear.T, np.eye(2) * np.linalg.det(linear), atol=1e-9)  # a similarity


@pytest.mark.parametrize("roll_deg", [0.0, 35.0, -110.0])
def test_the_face_stands_upright_with_room_round_it(roll_deg):
    landmarks = face_in_picture(roll_deg=roll_deg)
    inside = face_crop(landmarks).to_crop(landmarks)
    left, right = (inside[list(eye)].mean(0) for eye in (RIGHT_EYE, LEFT_EYE))
    assert left[0] < right[0]
    assert abs(left[1] - right[1]) < 2
    below_the_hair = inside[[*FACE_OVAL[7:29], *RIGHT_BROW, *LEFT_BROW]]
    low, high = below_the_hair.min(0), below_the_hair.max(0)
    assert (high - low).max() == pytest.approx(512 / 2.3, rel=0.01)
    # the middle of the face lies below the middle of the square: more forehead is seen
    assert ((low + high) / 2)[1] == pytest.approx(512 * (0.5 + 0.125), abs=6)


def test_a_turned_picture_gives_the_same_square():
    straight, turned = face_in_picture(), face_in_picture(roll_deg=70)
    np.testing.assert_allclose(face_crop(turned).to_crop(turned), face_crop(straight).to_crop(straight), atol=1e-6)


def test_one_square_for_a_clip_is_the_mean_and_is_not_turned():
    clip = np.stack([face_in_picture((300 + 10 * i, 240), 880 + 20 * i, roll_deg=4 * i - 4) for i in range(3)])
    crop = clip_crop(clip)
    assert crop.matrix[0, 1] == crop.matrix[1, 0] == 0
    singles = [face_crop(frame, CropOptions.of_clip()) for frame in clip]
    middle = np.array([256.0, 256.0])
    np.testing.assert_allclose(
        crop.to_picture(middle), np.mean([one.to_picture(middle) for one in singles], 0), atol=1e-9
    )
    assert 1 / crop.matrix[0, 0] == pytest.approx(np.mean([1 / one.matrix[0, 0] for one in singles]))


def test_cutting_samples_where_the_points_go():
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.circle(picture, (350, 220), 6, (255, 0, 0), -1)  # centre of that pixel: (350.5, 220.5)
    crop = face_crop(face_in_picture(roll_deg=20))
    red = cut(picture, crop, side=512)[0]
    y, x = np.mgrid[:512, :512] + 0.5
    found = np.array([(red * x).sum(), (red * y).sum()]) / red.sum()
    np.testing.assert_allclose(found, crop.to_crop(np.array([350.5, 220.5])), atol=0.1)
    small = cut(picture, crop)
    assert small.shape == (3, 256, 256)
    assert small.dtype == np.float32
    assert 0 <= small.min() <= small.max() <= 1


def test_a_cut_picture_pasted_back_is_the_picture():
    picture = smooth_picture()
    crop = face_crop(face_in_picture(roll_deg=25))
    same = paste(cut(picture, crop, side=512), crop, picture)
    assert np.abs(same.astype(int) - picture).max() <= 4
    white = paste(np.ones((3, 256, 256), np.float32), crop, picture)
    middle = crop.to_picture(np.array([256.0, 256.0])).astype(int)
    assert (white[middle[1], middle[0]] == 255).all()
    outside = crop.to_crop(np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1) + 0.5)
    outside = ((outside < -2) | (outside > 514)).any(-1)
    assert outside.sum() > 1000
    assert (white[outside] == picture[outside]).all()
    # no visible edge: neighbouring pixels differ little where the square begins
    step = np.abs(np.diff(white.astype(int), axis=1)).max()
    assert step < 20
