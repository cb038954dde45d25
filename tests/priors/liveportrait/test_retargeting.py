import numpy as np
import pytest
import torch
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.neutral import landmark_points
from cameo.backend.priors.liveportrait.retargeting import eye_openings, lip_opening, retargeted, stitched
from small_liveportrait import random_networks


@pytest.fixture(scope="module")
def networks():
    return random_networks(seed=2)


def test_stitching_point_by_point(networks):
    source, driven = torch.randn(2, 2, 21, 3)
    corrected = stitched(networks.stitching, source, driven)
    for b in range(2):
        change = networks.stitching(torch.cat([source[b].reshape(-1), driven[b].reshape(-1)]))
        for k in range(21):
            expected = driven[b, k] + change[3 * k : 3 * k + 3]
            expected[:2] += change[63:65]  # all points move together in the image, never in depth
            torch.testing.assert_close(corrected[b, k], expected)


def test_lips_and_eyes_see_the_own_opening_first(networks):
    source = torch.randn(1, 21, 3)
    lip = retargeted(networks.lip, source, torch.tensor([[0.3]]), torch.tensor([[0.0]]))
    eye = retargeted(networks.eye, source, torch.tensor([[0.2, 0.4]]), torch.tensor([[0.1]]))
    flat = source.reshape(63)
    torch.testing.assert_close(lip.reshape(63), networks.lip(torch.cat([flat, torch.tensor([0.3, 0.0])])))
    torch.testing.assert_close(eye.reshape(63), networks.eye(torch.cat([flat, torch.tensor([0.2, 0.4, 0.1])])))


def picture_of(**controls):
    """The built-in head's landmarks as seen from the front, [1,478,2]; y down."""
    head = load_head_model()
    mesh = make_avatar_mesh(head, head.v_template, np.full((len(head.v_template), 3), 0.5))
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, controls))
    points = landmark_points(vertices, head, range(478))
    return torch.tensor(points[None, :, :2] * [1000, -1000])


def test_openings_of_a_face_that_opens_its_mouth_and_shuts_an_eye():
    rest, wink, wide = picture_of(), picture_of(eyeBlinkRight=1.0), picture_of(jawOpen=0.6)
    assert lip_opening(rest) < 0.05 < 0.3 < lip_opening(wide)
    assert (eye_openings(rest) > 0.2).all()
    # the subject's right eye is on the image's left: first
    assert eye_openings(wink)[0, 0] < 0.4 * eye_openings(rest)[0, 0]
    torch.testing.assert_close(eye_openings(wink)[0, 1], eye_openings(rest)[0, 1], atol=0.02, rtol=0)
