"""A lock painted over a real cheek is hair; shade painted over it is still skin."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cameo.backend.config import BuiltinConfig
from cameo.backend.engines.builtin.segmentation import polygon_mask, segment_portrait
from cameo.backend.head.face_regions import OVAL
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path

OUTER_CORNER = 263
LOCK = 70  # pixels wide


@pytest.fixture(scope="module")
def portrait():
    """The astronaut with black hair: the same picture, darkened where it has hair."""
    plain = prepare_portrait(asset_path("astronaut.png"))
    hair = cv2.GaussianBlur(segment_portrait(plain, BuiltinConfig()).hair_mask.astype(np.float32), (0, 0), 2.0)
    return replace(plain, image=(plain.image * (1 - 0.75 * hair[..., None])).astype(np.uint8))


def flank(portrait) -> np.ndarray:
    """bool [S,S]: the face beside the eye's outer corner, down to the chin, and the hair above."""
    x, y = portrait.landmarks[OUTER_CORNER, :2].astype(int)
    face = polygon_mask(portrait.landmarks[list(OVAL), :2], len(portrait.image))
    face[y - 60 : y] = True
    face[: y - 60] = False
    return face & (np.arange(len(face)) > x + 6) & (np.arange(len(face)) < x + 6 + LOCK)


def with_lock(portrait):
    """Strands of the head's own hair hang down over the flank of the face."""
    image, where = portrait.image.copy(), flank(portrait)
    hair = segment_portrait(portrait, BuiltinConfig()).hair_mask
    strands = np.random.default_rng(0).choice(image[hair], len(image))
    image[where] = np.broadcast_to(strands[None], image.shape)[where]
    return replace(portrait, image=image)


def test_a_lock_over_the_cheek_is_hair(portrait):
    where = flank(portrait)
    before, after = (segment_portrait(p, BuiltinConfig()) for p in (portrait, with_lock(portrait)))
    assert after.hair_mask[where].mean() > 0.8 > 0.5 > before.hair_mask[where].mean()
    assert after.skin[where].mean() < 0.2


def test_shade_on_the_cheek_is_skin(portrait):
    where, image = flank(portrait), portrait.image.copy()
    image[where] = image[where] * 0.65
    before, after = (segment_portrait(p, BuiltinConfig()) for p in (portrait, replace(portrait, image=image)))
    assert after.hair_mask[where].mean() < before.hair_mask[where].mean() + 0.1
