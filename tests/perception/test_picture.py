"""The decoder against damaged files: it refuses or reads, and never fails in another way."""

import io

import numpy as np
import pytest
from cameo.backend.errors import PortraitError
from cameo.backend.perception.picture import read_picture
from PIL import Image

LIMITS = {"max_bytes": 10_000_000, "max_pixels": 10_000_000}
MUTATIONS = 3000


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def seeds():
    """Small pictures of every kind that is read: progressive, CMYK, palette with transparency, animated, lossless..."""
    ramp = np.linspace(0, 255, 48).astype(np.uint8)
    channels = np.tile(ramp, (40, 1)), np.tile(ramp[:40, None], (1, 48)), np.full((40, 48), 90, np.uint8)
    image = Image.fromarray(np.dstack(channels))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N"}
    return [
        encoded(image, "PNG"),
        encoded(image, "PNG", save_all=True, append_images=[image.rotate(90)]),
        encoded(image.quantize(16), "PNG", transparency=3),
        encoded(image.convert("LA"), "PNG"),
        encoded(image.convert("1"), "PNG"),
        encoded(image, "JPEG", progressive=True, exif=exif),
        encoded(image.convert("CMYK"), "JPEG"),
        encoded(image, "WEBP"),
        encoded(image.convert("RGBA"), "WEBP", lossless=True, save_all=True, append_images=[image.convert("RGBA")]),
    ]


def test_all_seeds_are_read(seeds):
    for data in seeds:
        picture = read_picture(data, **LIMITS)
        assert picture.rgb.dtype == np.uint8
        assert sorted(picture.rgb.shape[:2]) == [40, 48]
        assert picture.alpha is None or picture.alpha.shape == picture.rgb.shape[:2]
    assert read_picture(seeds[5], **LIMITS).rgb.shape[:2] == (48, 40)  # turned by its EXIF orientation


def mutated(data, random):
    changed = bytearray(data)
    for _ in range(random.integers(1, 8)):
        at = int(random.integers(len(changed) if random.random() < 0.6 else min(80, len(changed))))
        match random.integers(4):
            case 0:
                changed[at] = random.integers(256)
            case 1:
                del changed[at : at + int(random.integers(1, 20))]
            case 2:
                changed[at:at] = random.integers(0, 256, random.integers(1, 20)).astype(np.uint8).tobytes()
            case _:
                changed[at : at + 4] = b"\xff\xff\xff" + bytes([random.integers(256)])
        if not changed:
            break
    return bytes(changed)


def test_mutated_files_raise_portrait_errors_only(seeds):
    random = np.random.default_rng(7)
    codes = set()
    for number in range(MUTATIONS):
        try:
            read_picture(mutated(seeds[number % len(seeds)], random), **LIMITS)
        except PortraitError as error:
            codes.add(error.code)
    assert {"portrait.damaged", "portrait.truncated", "portrait.not_a_picture", "portrait.too_large"} <= codes


def test_every_length_of_a_cut_file(seeds):
    """A cut file is refused, unless what is missing comes after the last pixel: never half a picture."""
    for data in seeds:
        whole = read_picture(data, **LIMITS).rgb
        for length in range(0, len(data) - 1, 3):
            try:
                picture = read_picture(data[:length], **LIMITS)
            except PortraitError:
                continue
            assert np.array_equal(picture.rgb, whole)
