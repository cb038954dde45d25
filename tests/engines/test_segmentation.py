"""Hair, skin and cloth on real pictures."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cameo.backend.config import BuiltinConfig, PortraitConfig
from cameo.backend.engines.builtin.color_models import ColorMixture
from cameo.backend.engines.builtin.segmentation import segment_portrait
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module")
def portraits():
    return {
        name: prepare_portrait(asset_path(name), PortraitConfig()) for name in ("astronaut.png", "grace_hopper.jpg")
    }


def test_mixture_prefers_its_own_colours():
    rng = np.random.default_rng(0)
    red = rng.normal((120, 170, 150), 6, (800, 3))
    dark = rng.normal((40, 128, 128), 6, (800, 3))
    both = ColorMixture.fit(np.concatenate([red, dark]), 2)
    inside = both.log_likelihood(np.array([[120.0, 170, 150], [40, 128, 128]]))
    outside = both.log_likelihood(np.array([[200.0, 90, 128]]))
    assert inside.min() > outside.max() + 20


def test_astronaut_has_hair_and_no_hat(portraits):
    portrait = portraits["astronaut.png"]
    found = segment_portrait(portrait, BuiltinConfig())
    assert not found.bald and not found.hat
    marks = portrait.landmarks[:, :2].astype(int)
    unit = np.linalg.norm(marks[468] - marks[473])
    above = found.hair_mask[: marks[10, 1] - int(0.2 * unit)]
    person_above = portrait.matte[: above.shape[0]] > 0.6
    assert (above & person_above).sum() > 0.9 * person_above.sum(), "what lies above the forehead is hair"
    for cheek in (50, 280):
        assert found.skin[marks[cheek, 1], marks[cheek, 0]] > 0.9
    collar = found.cloth[marks[152, 1] + int(1.2 * unit) :]
    assert collar.mean() > 0.3 and not found.hair_mask[marks[152, 1] + int(0.6 * unit) :].any()


def test_a_cap_is_recognised_and_can_be_denied(portraits):
    portrait = portraits["grace_hopper.jpg"]
    found = segment_portrait(portrait, BuiltinConfig())
    assert found.hat and found.hat_mask.sum() > 0.7 * found.hair_mask.sum()
    assert not segment_portrait(portrait, BuiltinConfig(hair="hair")).hat
    assert segment_portrait(portrait, BuiltinConfig(hair="bald")).bald


def test_posteriors_are_probabilities_inside_the_person(portraits):
    portrait = portraits["astronaut.png"]
    found = segment_portrait(portrait, BuiltinConfig())
    total = found.hair + found.skin + found.cloth
    person = (portrait.matte > 0.6) & (portrait.inside > 0.5)
    np.testing.assert_allclose(total[person], 1, atol=1e-4)
    assert not total[~person].any()


@pytest.fixture(scope="module")
def cropped(portraits):
    """The astronaut with hair close to the skull: what stands further off is no longer part of the person."""
    portrait = portraits["astronaut.png"]
    (x, y), unit, (top, eyes) = pixel_grid(portrait), eye_distance(portrait), portrait.landmarks[[10, 33], 1]
    across = (x - portrait.landmarks[10, 0]) / (1.35 * unit)
    up = np.maximum(eyes - y, 0) / (eyes - top + 0.45 * unit)
    beside = (np.hypot(across, up) > 1) & (y < portrait.landmarks[152, 1])
    return replace(portrait, matte=np.where(beside, 0, portrait.matte).astype(np.float32))


def pixel_grid(portrait):
    y, x = np.mgrid[: len(portrait.image), : len(portrait.image)]
    return x, y


def eye_distance(portrait):
    return np.linalg.norm(portrait.landmarks[468, :2] - portrait.landmarks[473, :2])


def with_skin_painted_on(portrait, region, shade=1.0):
    """The portrait with the forehead's colour, softly uneven and ``shade`` times as bright, in ``region`` [S,S]."""
    x, y = portrait.landmarks[9, :2].astype(int)
    skin = np.median(portrait.image[y - 20 : y, x - 15 : x + 15], (0, 1))
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(size=region.shape), (0, 0), 3.0)
    skin = (skin + 4 * (noise / noise.std())[..., None]) * shade
    weight = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 1.5)[..., None]
    painted = portrait.image * (1 - weight) + skin * weight
    return replace(portrait, image=np.clip(painted, 0, 255).astype(np.uint8))


def test_a_bare_crown_leaves_the_hair_at_the_sides(cropped):
    full = segment_portrait(cropped, BuiltinConfig())
    assert not full.bare_crown and not full.bald
    x, y = pixel_grid(cropped)
    offside = (x - cropped.landmarks[10, 0]) / eye_distance(cropped)
    crown = full.hair_mask & (abs(offside) < 0.85) & (y < cropped.landmarks[10, 1] + 60)
    balding = with_skin_painted_on(cropped, cv2.dilate(crown.astype(np.uint8), np.ones((5, 5))) > 0)
    found = segment_portrait(balding, BuiltinConfig())
    assert found.bare_crown and not found.bald and not found.hat
    assert found.hair_mask[crown].mean() < 0.1
    for side in (offside < -0.95, offside > 0.95):
        assert found.hair_mask[full.hair_mask & side].mean() > 0.8
    assert not segment_portrait(balding, BuiltinConfig(hair="hair")).bare_crown, "the artist can deny it"


def test_shaded_skin_at_the_sides_is_no_hair(cropped):
    x, _ = pixel_grid(cropped)
    hair = segment_portrait(cropped, BuiltinConfig()).hair_mask
    hair = cv2.dilate(hair.astype(np.uint8), np.ones((15, 15))) > 0
    sides = hair & (abs(x - cropped.landmarks[10, 0]) > 0.9 * eye_distance(cropped))
    bald = with_skin_painted_on(with_skin_painted_on(cropped, hair), sides, shade=0.62)
    assert not segment_portrait(bald, BuiltinConfig()).bare_crown
