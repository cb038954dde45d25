"""Which of the photo's pixels are believed to be skin."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.config import BuiltinConfig
from cameo.backend.engines.builtin.photo_samples import PhotoSamples, sample, skin_weight
from cameo.backend.engines.builtin.segmentation import segment_portrait
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module")
def portrait():
    return prepare_portrait(asset_path("astronaut.png"))


def weights_of(portrait, segmentation):
    """Belief [S,S] in every pixel of the picture, as if the head faced it everywhere."""
    size = len(portrait.image)
    pixels = np.mgrid[:size, :size][::-1].reshape(2, -1).T + 0.5
    samples = PhotoSamples(pixels, sample(portrait.image, pixels) / 255, np.ones(size**2), np.ones(size**2))
    nowhere = np.zeros(size**2, bool)
    return skin_weight(samples, portrait, segmentation, nowhere).reshape(size, size)


@pytest.mark.parametrize(("color", "believed"), [((128, 126, 108), False), ((170, 128, 104), True)])
def test_grey_sideburns_are_no_skin_but_shaded_cheeks_are(portrait, color, believed):
    segmentation = segment_portrait(portrait, BuiltinConfig())
    before = weights_of(portrait, segmentation)
    temple = portrait.landmarks[234, :2].astype(int) + np.array([14, -6])  # inside the oval, beside the eye
    patch = (slice(temple[1] - 6, temple[1] + 7), slice(temple[0] - 3, temple[0] + 4))
    assert before[patch].min() > 0.9
    image = portrait.image.copy()
    image[patch] = color
    after = weights_of(replace(portrait, image=image), segmentation)
    assert (after[patch] > 0.9).mean() == float(believed)
    elsewhere = np.ones_like(before, bool)
    elsewhere[patch] = False
    assert (after != before)[elsewhere].mean() < 1e-3
