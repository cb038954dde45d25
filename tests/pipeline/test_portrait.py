"""Every kind of picture an artist may drop on Cameo, made from real photos."""

import io
import struct
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from cameo.backend.config import PortraitConfig
from cameo.backend.errors import PortraitError
from cameo.backend.perception.angles import head_angles
from cameo.backend.pipeline import portrait
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path
from cameo.backend.weights.registry import ASSETS, Asset
from PIL import Image, ImageCms

CONFIG = PortraitConfig()

# Pictures that only these tests need, from the wheel that holds the astronaut.
SAMPLES = {
    "cell.png": (74_183, "8d23a7fb81f7cc877cd09f330357fc7f595651306e84e17252f6e0a1b3f61515"),
    "hubble_deep_field.jpg": (527_940, "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4"),
    "coffee.png": (466_706, "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
    "camera.png": (139_512, "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"),
}


@pytest.fixture(scope="module")
def sample():
    """Path of a picture by its name in :data:`SAMPLES`."""
    wheel = ASSETS["astronaut.png"].sources[0]

    def path(name):
        size, digest = SAMPLES[name]
        source = replace(wheel, member=f"skimage/data/{name}")
        patch.setitem(ASSETS, name, Asset(name, "test", "A test.", (source,), digest, size, "see scikit-image"))
        return asset_path(name)

    with pytest.MonkeyPatch.context() as patch:
        yield path


@pytest.fixture(scope="module")
def astronaut():
    """PIL picture 512x512; the face is 109 pixels high."""
    return Image.open(asset_path("astronaut.png")).convert("RGB")


@pytest.fixture(scope="module")
def reference(astronaut):
    return prepare_portrait(asset_path("astronaut.png"))


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def error_of(source, **options):
    with pytest.raises(PortraitError) as caught:
        prepare_portrait(source, **options)
    assert caught.value.sentence
    assert caught.value.fix
    return caught.value


def codes(portrait):
    return [code for code, _ in portrait.warnings]


def assert_like(portrait, reference, *, pixels=4.0, levels=6.0):
    """Same crop of the same face: landmarks and colours agree."""
    assert np.abs(portrait.landmarks[:, :2] - reference.landmarks[:, :2]).mean() < pixels
    difference = portrait.image.astype(float) - reference.image
    assert np.abs(difference)[250:500, 300:460].mean() < levels


class TestCrop:
    def test_recipe(self, reference):
        size = CONFIG.size
        assert reference.image.shape == (size, size, 3)
        assert reference.image.dtype == np.uint8
        assert reference.matte.shape == reference.inside.shape == (size, size)
        assert reference.matte.dtype == reference.inside.dtype == np.float32
        assert reference.landmarks.shape == (478, 3)
        assert reference.landmarks.dtype == np.float32
        assert len(reference.blendshapes) == 52
        height = np.ptp(reference.landmarks[:, 1])
        assert height == pytest.approx(CONFIG.face_fraction * size, rel=0.03)
        center = (reference.landmarks[:, :2].min(axis=0) + reference.landmarks[:, :2].max(axis=0)) / 2
        assert center == pytest.approx([size / 2, size / 2 + CONFIG.raise_fraction * height], abs=6)

    def test_crop_maps_source_to_crop_pixels(self, astronaut, reference):
        source = np.asarray(astronaut)
        nose = np.append(reference.landmarks[1, :2], 1)
        to_source = np.linalg.inv(np.vstack([reference.crop, [0, 0, 1]]))
        x, y, _ = to_source @ nose
        around = source[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].mean(axis=(0, 1))
        cx, cy = reference.landmarks[1, :2].astype(int)
        half = round(3.5 * reference.crop[0, 0])
        in_crop = reference.image[cy - half : cy + half, cx - half : cx + half].mean(axis=(0, 1))
        assert np.abs(around - in_crop).max() < 6

    def test_inside_marks_the_pixels_of_the_photo(self, reference):
        corners = reference.crop @ np.array([[0, 512, 512, 0], [0, 0, 512, 512], [1, 1, 1, 1]])
        low, high = np.maximum(corners.min(axis=1), 0), np.minimum(corners.max(axis=1), CONFIG.size)
        assert reference.inside.sum() == pytest.approx(np.prod(high - low), rel=0.01)
        assert reference.source_size == (512, 512)

    def test_matte_holds_the_head_and_not_the_backdrop(self, reference):
        xy = reference.landmarks[:, :2].astype(int)
        assert (reference.matte[xy[:, 1], xy[:, 0]] > 0.95).mean() > 0.97  # but a few on the very edge of the jaw
        hair = reference.matte[120:180, 330:440]
        assert hair.mean() > 0.9
        assert reference.matte[:60].mean() < 0.02
        assert reference.matte[150:400, :60].mean() < 0.02


class TestFormats:
    def test_jpeg_and_webp(self, astronaut, reference):
        for kind in ("JPEG", "WEBP"):
            assert_like(prepare_portrait(encoded(astronaut, kind, quality=95)), reference)

    @pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
    def test_exif_orientation(self, astronaut, reference, orientation):
        undo = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }
        stored = astronaut.transpose(undo[orientation])
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert_like(prepare_portrait(encoded(stored, "JPEG", quality=95, exif=exif)), reference)

    def test_cmyk_jpeg(self, astronaut, reference):
        data = encoded(astronaut.convert("CMYK"), "JPEG", quality=95)
        assert Image.open(io.BytesIO(data)).mode == "CMYK"
        assert_like(prepare_portrait(data), reference)

    def test_16_bit_colour(self, astronaut, reference):
        wide = np.asarray(astronaut)[..., ::-1].astype(np.uint16) * 257
        data = cv2.imencode(".png", wide)[1].tobytes()
        assert data[24] == 16  # bits per sample in the PNG header
        assert_like(prepare_portrait(data), reference)

    def test_16_bit_grey(self, astronaut, reference):
        wide = np.asarray(astronaut.convert("L")).astype(np.uint16) * 257
        portrait = prepare_portrait(cv2.imencode(".png", wide)[1].tobytes())
        assert np.abs(portrait.landmarks - reference.landmarks)[:, :2].mean() < 6
        assert np.ptp(portrait.image, axis=2).max() == 0
        assert portrait.image.mean() == pytest.approx(reference.image.mean(), abs=6)

    def test_grey_and_palette(self, astronaut, reference):
        grey = prepare_portrait(encoded(astronaut.convert("L"), "JPEG"))
        assert np.abs(grey.landmarks - reference.landmarks)[:, :2].mean() < 6
        assert_like(prepare_portrait(encoded(astronaut.quantize(256))), reference, levels=10)

    def test_colour_profile_is_applied(self, astronaut, reference):
        """Red and green stored the wrong way round, and a profile that says so: the picture looks as ever."""
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        swapped_profile = srgb.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
        red, green, blue = astronaut.split()
        swapped = Image.merge("RGB", (green, red, blue))
        assert_like(prepare_portrait(encoded(swapped, icc_profile=swapped_profile)), reference)

    @pytest.mark.parametrize("profile", [b"", b"broken profile" * 20])
    def test_broken_colour_profile_is_ignored(self, astronaut, reference, profile):
        assert_like(prepare_portrait(encoded(astronaut, icc_profile=profile)), reference, levels=0.5)

    def test_alpha_is_composited_and_limits_the_matte(self, astronaut):
        alpha = np.zeros((512, 512), np.uint8)
        cv2.ellipse(alpha, (225, 150), (95, 140), 0, 0, 360, 255, -1)
        cut_out = np.dstack([np.asarray(astronaut), alpha])
        cut_out[alpha == 0, :3] = (255, 0, 255)  # rubbish under the transparency must not show
        portrait = prepare_portrait(encoded(Image.fromarray(cut_out, "RGBA")))
        transparent = cv2.warpAffine(cv2.dilate(alpha, np.ones((5, 5))), portrait.crop, (768, 768)) == 0
        assert portrait.matte[transparent].max() == 0
        assert portrait.image[10, 10].tolist() == [255, 255, 255]
        assert portrait.matte[300:450, 320:440].min() > 0.9

    def test_fully_opaque_alpha_changes_nothing(self, astronaut, reference):
        opaque = astronaut.copy()
        opaque.putalpha(255)
        assert np.array_equal(prepare_portrait(encoded(opaque)).image, reference.image)

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_animation_takes_the_first_frame_and_says_so(self, astronaut, reference, kind):
        other = Image.new("RGB", (512, 512), "green")
        data = encoded(astronaut, kind, save_all=True, append_images=[other, other], duration=40)
        portrait = prepare_portrait(data)
        assert "portrait.animated" in codes(portrait)
        assert_like(portrait, reference)

    def test_gps_and_other_metadata_are_dropped(self, reference):
        assert not any("gps" in str(value).lower() for value in vars(reference).values())


class TestRefused:
    def test_missing_and_folder(self, tmp_path):
        assert error_of(tmp_path / "none.png").code == "portrait.missing"
        assert error_of(tmp_path).code == "portrait.unreadable"

    def test_empty(self, tmp_path):
        (tmp_path / "empty.png").write_bytes(b"")
        assert error_of(tmp_path / "empty.png").code == "portrait.empty_file"
        assert error_of(b"").code == "portrait.empty_file"

    @pytest.mark.parametrize("data", [b"hello, this is text" * 50, bytes(range(256)) * 40, b"PK\x03\x04" + b"x" * 500])
    def test_not_a_picture(self, data):
        assert error_of(data).code == "portrait.not_a_picture"

    def test_extension_does_not_count(self, tmp_path, astronaut, reference):
        path = tmp_path / "portrait.txt"
        path.write_bytes(encoded(astronaut))
        assert_like(prepare_portrait(path), reference)

    @pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP"])
    def test_other_formats_are_named(self, astronaut, kind):
        error = error_of(encoded(astronaut, kind))
        assert error.code == "portrait.unsupported_format"
        assert kind in error.sentence

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("part", [0.95, 0.5, 0.1])
    def test_truncated(self, astronaut, kind, part):
        data = encoded(astronaut, kind)
        assert error_of(data[: int(len(data) * part)]).code == "portrait.truncated"

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("length", [4, 12, 20])
    def test_only_a_header(self, astronaut, kind, length):
        assert error_of(encoded(astronaut, kind)[:length]).code in (
            "portrait.truncated",
            "portrait.damaged",
            "portrait.not_a_picture",
        )

    def test_corrupt(self, astronaut):
        data = bytearray(encoded(astronaut))
        data[60:4000] = b"\x00" * 3940
        assert error_of(bytes(data)).code in ("portrait.damaged", "portrait.truncated")

    @pytest.mark.parametrize("side", [8100, 30_000])
    def test_bomb_is_refused_from_its_header(self, side):
        """Few bytes that would decode to hundreds of megabytes."""
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        rows = zlib.compress(bytes(10_000), 9)
        chunks = (b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")
        data = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in chunks)
        error = error_of(data)
        assert error.code == "portrait.too_large"
        assert "million" in error.cause

    def test_too_many_bytes(self, tmp_path):
        path = tmp_path / "big.png"
        with path.open("wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            file.truncate(CONFIG.max_bytes + 1)
        assert error_of(path).code == "portrait.too_large"


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


class TestFaces:
    @pytest.mark.parametrize("name", ["grey", "noise", "stripes"])
    def test_no_face(self, name):
        random = np.random.default_rng(0)
        pictures = {
            "grey": np.full((400, 400, 3), 127, np.uint8),
            "noise": random.integers(0, 255, (400, 400, 3)).astype(np.uint8),
            "stripes": np.where(np.arange(400) % 40 < 20, 0, 255)
            .astype(np.uint8)[:, None, None]
            .repeat(400, 1)
            .repeat(3, 2),
        }
        assert error_of(encoded(Image.fromarray(pictures[name]))).code == "portrait.no_face"

    def test_body_without_head(self, astronaut):
        assert error_of(encoded(astronaut.crop((0, 260, 512, 512)))).code == "portrait.no_face"

    @pytest.mark.parametrize("name", ["cell.png", "hubble_deep_field.jpg", "coffee.png"])
    def test_pictures_without_people(self, sample, name):
        assert error_of(sample(name)).code == "portrait.no_face"

    def test_profile(self, sample):
        """The cameraman, turned by some 60 degrees; his face is 71 pixels high."""
        error = error_of(sample("camera.png"))
        assert error.code == "portrait.profile"
        assert "degrees" in error.cause

    def test_tiny_picture(self):
        assert error_of(encoded(Image.new("RGB", (1, 1)))).code == "portrait.no_face"

    def test_small_face(self, astronaut):
        half = astronaut.resize((256, 256), Image.Resampling.LANCZOS)
        error = error_of(encoded(half))
        assert error.code == "portrait.face_too_small"
        assert "64" in error.cause

    def test_low_resolution_warns(self, astronaut):
        smaller = astronaut.resize((400, 400), Image.Resampling.LANCZOS)
        assert codes(prepare_portrait(encoded(smaller))) == ["portrait.low_resolution"]

    def test_small_face_in_a_large_picture(self, astronaut):
        """The face is 109 pixels of 3000; the detector's 128-pixel view of the whole cannot see it."""
        canvas = Image.new("RGB", (3000, 2200), (90, 110, 90))
        canvas.paste(astronaut, (2300, 1500))
        portrait = prepare_portrait(encoded(canvas, "JPEG", quality=95))
        assert np.ptp(portrait.landmarks[:, 1]) == pytest.approx(0.4 * 768, rel=0.03)

    def test_face_that_fills_the_picture(self, astronaut):
        close = astronaut.crop((178, 66, 274, 180)).resize((960, 1140), Image.Resampling.BICUBIC)
        assert np.ptp(prepare_portrait(encoded(close, "JPEG")).landmarks[:, 1]) == pytest.approx(0.4 * 768, rel=0.05)

    def test_a_neighbours_body_is_not_ours(self, astronaut, monkeypatch):
        """Even where the matting network takes everybody for one person."""
        monkeypatch.setattr(portrait, "portrait_matte", lambda image: np.ones(image.shape[:2], np.float32))
        width, height = astronaut.size
        both = Image.new("RGB", (width + 170, height))
        both.paste(astronaut, (170, 0))
        both.paste(astronaut.crop((0, 0, width // 2 + 60, height)), (0, 0))
        left, right = sorted((prepare_portrait(encoded(both), face=n) for n in (0, 1)), key=source_x)
        assert source_x(right) - source_x(left) == pytest.approx(170, abs=5)
        border = (source_x(left) + source_x(right)) / 2
        for found, side in ((left, -1), (right, 1)):
            columns = (np.flatnonzero(found.matte.max(0) > 0.5) + 0.5 - found.crop[0, 2]) / found.crop[0, 0]
            assert (side * (columns - border)).min() > -10
            assert np.ptp(columns) > 100

    def test_several_faces(self, astronaut):
        hopper = Image.open(asset_path("grace_hopper.jpg")).convert("RGB")
        both = Image.new("RGB", (1024, 600), "white")
        both.paste(hopper, (0, 0))
        both.paste(astronaut, (512, 0))
        data = encoded(both)
        largest = prepare_portrait(data)
        assert "portrait.several_faces" in codes(largest)
        assert source_x(largest) < 512
        chosen = prepare_portrait(data, face=1)
        assert "portrait.several_faces" not in codes(chosen)
        assert source_x(chosen) > 512
        assert error_of(data, face=2).code == "portrait.no_such_face"

    def test_the_smaller_of_two_neighbours(self, astronaut):
        """A larger face close by reaches into the crop; landmarks and matte are still those of the chosen one."""
        hopper = Image.open(asset_path("grace_hopper.jpg")).convert("RGB")
        both = Image.new("RGB", (760, 600), (174, 171, 172))
        both.paste(astronaut.crop((110, 0, 360, 300)), (0, 150))
        both.paste(hopper.crop((130, 20, 420, 420)), (300, 60))
        chosen = prepare_portrait(encoded(both), face=1)
        assert source_x(chosen) == pytest.approx(225 - 110, abs=15)
        assert np.ptp(chosen.landmarks[:, 1]) == pytest.approx(0.4 * 768, rel=0.04)
        neighbour = chosen.crop @ np.array([460, 250, 1])
        assert neighbour[0] > 768 or chosen.matte[int(neighbour[1]), int(neighbour[0])] < 0.1

    def test_picture_on_its_side_without_exif(self, astronaut, reference):
        for turn in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270):
            portrait = prepare_portrait(encoded(astronaut.transpose(turn)))
            assert abs(head_angles(portrait.landmarks).roll) < 12
            assert np.ptp(portrait.landmarks[:, 1]) == pytest.approx(0.4 * 768, rel=0.06)

    @pytest.mark.parametrize("name", ["mona_lisa.jpg", "drawn_portrait.png"])
    def test_painting_and_drawing(self, name):
        portrait = prepare_portrait(asset_path(name))
        assert np.ptp(portrait.landmarks[:, 1]) == pytest.approx(0.4 * 768, rel=0.05)
        xy = portrait.landmarks[:, :2].astype(int)
        assert portrait.matte[xy[:, 1], xy[:, 0]].mean() > 0.95

    def test_line_drawing(self):
        """Only the ink of the comic: black lines on white."""
        drawn = np.asarray(Image.open(asset_path("drawn_portrait.png")).convert("L"))
        ink = np.where(drawn < 90, 0, 255).astype(np.uint8)
        portrait = prepare_portrait(encoded(Image.fromarray(ink)))
        assert np.ptp(portrait.landmarks[:, 1]) == pytest.approx(0.4 * 768, rel=0.08)

    def test_pencil_sketch(self, astronaut):
        """Thin grey strokes: the edges of a photo (dodge of its inverted blur, the classic pencil filter)."""
        grey = np.asarray(astronaut.resize((1024, 1024), Image.Resampling.BICUBIC).convert("L")).astype(np.float32)
        blurred = cv2.GaussianBlur(grey, (0, 0), 6)
        sketch = np.clip(grey / np.maximum(blurred, 1) * 255, 0, 255).astype(np.uint8)
        assert prepare_portrait(encoded(Image.fromarray(sketch))).landmarks.shape == (478, 3)


def source_x(portrait):
    """Where in the source picture the nose is, x."""
    nose = np.append(portrait.landmarks[1, :2], 1)
    return (np.linalg.inv(np.vstack([portrait.crop, [0, 0, 1]])) @ nose)[0]
