"""Hair, skin and cloth on real pictures."""

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
