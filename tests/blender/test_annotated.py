"""The picture of what the backend saw: lines where the landmarks are, and nothing else changed on the person."""

from __future__ import annotations

import numpy as np
import pytest
from cameo.blender_addon.portrait.annotated import annotated
from cameo.blender_addon.portrait.face_lines import COUNT, points_on_lines
from cameo.protocol.jobs import new_job_id
from cameo.protocol.messages import Examined

SIDE = 200
EYE, LIPS, BROW = (33, 7), (61, 146), (63, 105)  # neighbours on a line


def seen(landmarks) -> Examined:
    return Examined(
        new_job_id(),
        width=SIDE,
        height=SIDE,
        faces=(),
        chosen=0,
        crop=np.eye(2, 3),
        image=np.full((SIDE, SIDE, 3), 120, np.uint8),
        matte=np.full((SIDE, SIDE), 255, np.uint8),
        landmarks=landmarks,
        yaw_deg=0.0,
        pitch_deg=0.0,
        roll_deg=0.0,
        face_height=100.0,
        blur=1.0,
    )


@pytest.fixture
def landmarks():
    return np.random.default_rng(3).uniform(20, SIDE - 20, (COUNT, 2)).astype(np.float32)


@pytest.mark.parametrize("pair", [EYE, LIPS, BROW])
def test_neighbours_are_joined_by_a_line_without_gaps(landmarks, pair):
    points = points_on_lines(landmarks, spacing=0.7)
    start, end = landmarks[list(pair)]
    for part in np.linspace(0, 1, 50):
        nearest = np.linalg.norm(points - (start + part * (end - start)), axis=1).min()
        assert nearest <= 0.36


def test_lines_are_drawn_and_the_rest_of_the_person_is_left_alone(landmarks):
    landmarks[:] = (100, 100)
    landmarks[list(EYE)] = (30, 50), (70, 50)
    picture = annotated(seen(landmarks)).astype(int)
    assert picture[50, 50, 1] > picture[50, 50, 0] + 60, "green between the neighbours"
    assert (picture[150:, :] == 120).all() and (picture[:40, :] == 120).all()


def test_landmarks_of_another_kind_draw_nothing(landmarks):
    assert (annotated(seen(landmarks[:68])) == 120).all()
