"""What the add-on writes itself, read by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from cameo.blender_addon.film.gif import AnimatedGif, lzw, quantized
from cameo.blender_addon.film.png import AnimatedPng, encode_png
from cameo.blender_addon.film.sheet import contact_sheet, covering, laid_over
from PIL import Image, ImageSequence


def pictures(count=4, height=67, width=90, transparent=True):
    """Soft shading with a moving disc of holes, like a face on nothing."""
    y, x = np.mgrid[:height, :width]
    made = []
    for k in range(count):
        shade = 0.5 + 0.5 * np.sin((x + 7 * k) / 15.0) * np.cos(y / 11.0)
        rgb = np.stack([90 + 150 * shade, 60 + 120 * shade, 50 + 90 * shade], -1)
        alpha = np.where((x - width / 2 - 4 * k) ** 2 + (y - height / 2) ** 2 < 900, 255, 0)
        made.append(np.dstack([rgb, alpha if transparent else np.full_like(alpha, 255)]).astype(np.uint8))
    return made


def test_a_png_is_read_bit_by_bit():
    noise = np.random.default_rng(0).integers(0, 256, (31, 57, 4), np.uint8)
    for picture in (noise, *pictures(1)):
        assert np.array_equal(np.array(Image.open(io.BytesIO(encode_png(picture)))), picture)


def test_an_animated_png_is_read_bit_by_bit(tmp_path):
    frames = pictures()
    film = AnimatedPng(tmp_path / "a.png", len(frames), 24)
    for frame in frames:
        film.add(frame)
    film.close()
    with Image.open(tmp_path / "a.png") as image:
        assert image.n_frames == 4 and image.info["loop"] == 0
        for frame, found in zip(frames, ImageSequence.Iterator(image)):
            assert np.array_equal(np.array(found.convert("RGBA")), frame)
            assert found.info["duration"] == pytest.approx(1000 / 24)


@pytest.mark.parametrize("transparent", [True, False])
def test_a_gif_shows_the_pictures(tmp_path, transparent):
    frames = pictures(6, transparent=transparent)
    film = AnimatedGif(tmp_path / "a.gif", len(frames), 24)
    for frame in frames:
        film.add(frame)
    film.close()
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 6 and image.info["loop"] == 0
        durations = []
        for frame, found in zip(frames, ImageSequence.Iterator(image)):
            durations.append(found.info["duration"])
            rgba = np.array(found.convert("RGBA"))
            assert np.array_equal(rgba[..., 3] > 0, frame[..., 3] > 0)
            solid = frame[..., 3] > 0
            off = np.abs(rgba[solid, :3].astype(int) - frame[solid, :3])
            assert off.mean() < 4 and off.max() < 24
    assert sum(durations) == 250 and set(durations) <= {40, 50}


@pytest.mark.parametrize("seed", range(6))
def test_lzw_of_anything_is_decoded(tmp_path, seed):
    """Through every width of code, the full table and its clearing."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(1, 300, 2))
    colors = int(rng.choice([1, 2, 17, 255]))
    frame = np.dstack([*(rng.integers(0, colors, (height, width)),) * 3, np.full((height, width), 255)])
    frame = (frame * [1, 1, 1, 1]).astype(np.uint8)
    palette, indices = quantized(frame)
    film = AnimatedGif(tmp_path / "a.gif", 1, 10)
    film.add(frame)
    film.close()
    with Image.open(tmp_path / "a.gif") as image:
        assert np.array_equal(np.array(image.convert("RGB")), palette[indices])


@pytest.mark.parametrize("length", [1, 2, 254, 255, 256, 257, 258, 511, 512, 3837, 3838, 3839, 4096, 9000])
def test_lzw_at_the_edges_of_its_table(tmp_path, length):
    """A strip in which every pair of symbols is new: codes grow as fast as they can."""
    rng = np.random.default_rng(length)
    indices = rng.integers(0, 255, length, dtype=np.uint8)
    assert len(lzw(indices)) >= 3
    gray = np.repeat(indices[None, :, None], 4, 2).copy()
    gray[..., 3] = 255
    film = AnimatedGif(tmp_path / "a.gif", 1, 10)
    film.add(gray)
    film.close()
    palette, wanted = quantized(gray)
    with Image.open(tmp_path / "a.gif") as image:
        assert np.array_equal(np.array(image.convert("RGB")), palette[wanted])


def test_an_empty_picture_is_a_gif_too(tmp_path):
    film = AnimatedGif(tmp_path / "a.gif", 1, 10)
    film.add(np.zeros((8, 9, 4), np.uint8))
    film.close()
    with Image.open(tmp_path / "a.gif") as image:
        assert not np.array(image.convert("RGBA"))[..., 3].any()


def test_a_sheet_holds_every_picture_where_its_caption_is():
    shown = pictures(5)
    sheet, captions = contact_sheet(shown, list("abcde"), 3, (20, 30, 40))
    assert sheet.shape[2] == 4 and (sheet[..., 3] == 255).all() and [c.text for c in captions] == list("abcde")
    assert captions[0].y == captions[2].y > captions[3].y and captions[0].x == captions[3].x
    wanted = laid_over(shown[4], np.array([20, 30, 40]))
    gap, line = 2, 8  # of pictures 90 wide
    y, x = gap + (67 + line + gap), gap + (90 + gap)
    assert np.array_equal(sheet[y : y + 67, x : x + 90, :3], wanted)
    assert captions[4].x == x + 45 and sheet.shape[0] - captions[4].y == pytest.approx(y + 67 + 0.72 * line)


def test_a_background_covers_without_being_stretched():
    y, x = np.mgrid[:50, :200]
    image = np.dstack([x, y, x * 0]).astype(float)
    fitted = covering(image, 60, 60)
    assert fitted.shape == (60, 60, 3)
    assert fitted[30, 30, 0] == pytest.approx(99.5 + 0.5 * 50 / 60, abs=0.5)  # the middle stays the middle
    assert np.ptp(fitted[..., 0]) == pytest.approx(np.ptp(fitted[..., 1]), rel=0.05)
    assert covering(np.full((900, 900, 3), 7.0), 64, 32) == pytest.approx(7.0)
