"""PSNR, SSIM, outline overlap: against their definitions and known values."""

import cv2
import numpy as np
import pytest
from cameo.backend.metrics.image import psnr, ssim
from cameo.backend.metrics.outline import mask_iou
from cameo.backend.weights.fetch import asset_path
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def photo():
    return cv2.cvtColor(cv2.imread(str(asset_path("astronaut.png"))), cv2.COLOR_BGR2RGB)[:200, 100:350]


def test_psnr_of_a_known_error():
    a = np.full((10, 10, 3), 100, np.uint8)
    assert psnr(a, a + 10) == pytest.approx(20 * np.log10(255 / 10))
    assert psnr(a, a) == 100
    assert psnr(a / 255, (a + 10) / 255) == pytest.approx(psnr(a, a + 10))


def test_mask_decides_what_counts(photo):
    spoiled = photo.copy()
    spoiled[:, :100] = 0
    good = np.zeros(photo.shape[:2])
    good[:, 100:] = 1
    assert psnr(photo, spoiled, good) == 100
    assert ssim(photo, spoiled, np.where(np.arange(250) > 110, 1.0, 0.0) * good) == pytest.approx(1)
    assert psnr(photo, spoiled, 1 - good) < 20
    with pytest.raises(ValueError, match="empty"):
        psnr(photo, spoiled, good * 0)


def test_ssim_falls_with_blur_noise_and_is_symmetric(photo):
    random = np.random.default_rng(0)
    values = [ssim(photo, cv2.GaussianBlur(photo, (0, 0), sigma)) for sigma in (0.5, 1, 2, 4)]
    assert ssim(photo, photo) == pytest.approx(1)
    assert values == sorted(values, reverse=True)
    noisy = np.clip(photo + random.normal(0, 25, photo.shape), 0, 255).astype(np.uint8)
    assert ssim(photo, noisy) == pytest.approx(ssim(noisy, photo))
    assert ssim(photo, noisy) < 0.8


def test_ssim_of_flat_pictures():
    """Without structure only the means count: (2ab + C1) / (a^2 + b^2 + C1)."""
    a, b = np.full((32, 32), 0.4), np.full((32, 32), 0.6)
    assert ssim(a, b) == pytest.approx((2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4))


def test_different_shapes_are_refused(photo):
    for metric in (psnr, ssim, mask_iou):
        with pytest.raises(ValueError, match="shape"):
            metric(photo, photo[:100])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_iou_of_intervals(start_a, length_a, start_b, length_b):
    a, b = np.zeros((3, 80)), np.zeros((3, 80))
    a[:, start_a : start_a + length_a] = 1
    b[:, start_b : start_b + length_b] = 1
    common = max(0, min(start_a + length_a, start_b + length_b) - max(start_a, start_b))
    assert mask_iou(a, b) == pytest.approx(common / (length_a + length_b - common))
    assert mask_iou(a, b) == mask_iou(b, a)


def test_iou_counts_valid_pixels_only():
    a, b = np.ones((10, 10)), np.ones((10, 10))
    b[:5] = 0
    assert mask_iou(a, b) == 0.5
    assert mask_iou(a, b, valid=np.arange(10)[:, None].repeat(10, 1) >= 5) == 1
    assert mask_iou(a * 0, b * 0) == 1
