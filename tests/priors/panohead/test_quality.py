"""The filter lets a head pass and refuses what is none."""

import cv2
import numpy as np
import pytest
from cameo.backend.gaussians.perceptual import load_perceptual
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.priors.panohead.camera import RADIUS, SIZE, round_the_head
from cameo.backend.priors.panohead.inversion_config import InversionLimits
from cameo.backend.priors.panohead.orbit import HeadView
from cameo.backend.priors.panohead.quality import complaints, measure_inversion
from cameo.backend.weights.fetch import asset_path

ROWS, COLUMNS = np.mgrid[0:SIZE, 0:SIZE] + 0.5
OVAL = np.hypot((COLUMNS - 256) / 190, (ROWS - 256) / 230) < 1


@pytest.fixture(scope="module")
def photo():
    """A face in an oval, uint8 [512,512,4]."""
    image = cv2.resize(prepare_portrait(asset_path("astronaut.png")).image[120:640, 120:640], (SIZE, SIZE))
    assert find_landmarks(image) is not None
    return np.where(OVAL[..., None], np.dstack([image, np.full((SIZE, SIZE), 255, np.uint8)]), 0).astype(np.uint8)


@pytest.fixture(scope="module")
def perceptual():
    return load_perceptual()


def view(image, middle=RADIUS - 0.25):
    alpha = image[..., 3] > 127
    return HeadView(image, np.where(alpha, middle, np.inf).astype(np.float32), round_the_head(0.0))


def plain(color=80):
    return np.where(OVAL[..., None], np.array([color, color, color, 255]), 0).astype(np.uint8)


def found_fault(photo, perceptual, reference=None, front=None, back=None):
    reference, front, back = (view(plain()) if one is None else one for one in (reference, front, back))
    return complaints(measure_inversion(photo, reference, front, back, perceptual), InversionLimits())


def test_a_good_head_passes(photo, perceptual):
    assert found_fault(photo, perceptual, view(photo), view(photo), view(plain())) == ()


def test_noise_is_refused(photo, perceptual):
    noise = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 4), np.uint8)
    noise[..., :3] = np.minimum(noise[..., :3], noise[..., 3:])
    faults = " ".join(found_fault(photo, perceptual, *[view(noise)] * 3))
    for part in ("colours", "look like", "outline", "face is not where"):
        assert part in faults


def test_a_face_behind_is_refused(photo, perceptual):
    mirrored = np.ascontiguousarray(photo[:, ::-1])
    faults = found_fault(photo, perceptual, view(photo), view(photo), view(mirrored))
    assert [fault.partition(" (")[0] for fault in faults] == [
        "the back of the head shows the face again",
        "there is a face at the back of the head",
    ]


def test_flat_missing_and_shapeless_heads_are_refused(photo, perceptual):
    good, nothing = view(photo), view(np.zeros_like(photo))
    flat = view(plain(), RADIUS - 0.02)
    assert "it is flat" in found_fault(photo, perceptual, good, view(photo, RADIUS - 0.02), flat)[0]
    assert any("not there" in fault for fault in found_fault(photo, perceptual, nothing, nothing, nothing))
    full = view(np.full_like(photo, 255))
    assert any("fills" in fault for fault in found_fault(photo, perceptual, good, good, full))
    assert any("too deep" in fault for fault in found_fault(photo, perceptual, good, good, view(plain(), 2.0)))
