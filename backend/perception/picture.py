"""Read a picture that came from anywhere: checked from its header, decoded once, upright, 8-bit sRGB.

Nothing is decoded before the header says that it is small enough; metadata (GPS, ...) is dropped.
"""

from __future__ import annotations

import io
import struct
import warnings as python_warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from ..errors import PortraitError

_FORMATS = ("PNG", "JPEG", "WEBP")
_FOREIGN = (  # known by their first bytes, to say what the file is instead of only what it is not
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\x00", "a TIFF"),
    (b"MM\x00*", "a TIFF"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF", "a PDF"),
    (b"v/1\x01", "an OpenEXR file"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML or SVG file"),
)
_FOREIGN_BRANDS = {
    b"heic": "a HEIC photo",
    b"heix": "a HEIC photo",
    b"mif1": "a HEIF photo",
    b"avif": "an AVIF picture",
}
# What Pillow's parsers raise on bytes that do not follow the format.
_PARSE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    struct.error,
)
_WHITE, _GREY = 255, 128
_BRIGHT = 170  # mean of the opaque pixels above which a white backdrop would swallow the outline


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        rgb: uint8 [H,W,3] sRGB, upright, on a plain backdrop where it was transparent.
        alpha: float32 [H,W] 0..1, or None when the picture is opaque.
        warnings: codes and sentences.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None
    warnings: tuple[tuple[str, str], ...] = ()


def read_picture(source: str | Path | bytes, *, max_bytes: int, max_pixels: int) -> Picture:
    """Decode the picture at a path, or the encoded bytes of one.

    PNG, JPEG and WebP, recognised by content. EXIF orientation and colour profiles are applied; CMYK, grey, palette
    and 16-bit pictures become 8-bit sRGB; of an animation the first frame is taken.

    Raises:
        PortraitError: ``portrait.missing``, ``.unreadable``, ``.empty_file``, ``.too_large``, ``.not_a_picture``,
            ``.unsupported_format``, ``.truncated``, ``.damaged``.
    """
    data = source if isinstance(source, bytes) else _read_file(Path(source), max_bytes)
    if not data:
        raise PortraitError("portrait.empty_file", "The picture file is empty.", fix="Choose another file.")
    if len(data) > max_bytes:
        raise _too_large(f"it has {len(data) / 1e6:.0f} MB, at most {max_bytes / 1e6:.0f} MB are read")
    _check_signature(data)
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata are not for the artist
        return _read_encoded(data, max_pixels)


def _read_encoded(data: bytes, max_pixels: int) -> Picture:
    image = _open(data, max_pixels)
    found = []
    # A JPEG with several pictures (MPO: depth or a thumbnail beside the photo) is no animation.
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        found.append(("portrait.animated", "The picture is an animation; its first frame was taken."))
    rgb, alpha = _decode(image)
    return Picture(rgb, alpha, tuple(found))


def _read_file(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except FileNotFoundError:
        raise PortraitError("portrait.missing", f"There is no file {path}.", fix="Check the path.") from None
    except OSError as error:
        raise PortraitError(
            "portrait.unreadable",
            f"The file {path} cannot be read.",
            cause=error.strerror or str(error),
            fix="Choose a picture file that you may read.",
        ) from error


def _check_signature(data: bytes) -> None:
    if data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        if len(data) < 8 + int.from_bytes(data[4:8], "little"):
            raise _truncated("the WebP header announces more bytes than the file has")
        return
    if b"\x89PNG\r\n\x1a\n".startswith(data) or b"\xff\xd8\xff".startswith(data):
        raise _truncated("only the first bytes are there")
    kind = next((name for magic, name in _FOREIGN if data.startswith(magic)), "")
    if data[4:8] == b"ftyp":
        kind = _FOREIGN_BRANDS.get(data[8:12], "")
    if kind:
        raise PortraitError(
            "portrait.unsupported_format",
            f"The file is {kind}, which Cameo does not read.",
            fix="Save the picture as PNG, JPEG or WebP.",
        )
    raise PortraitError(
        "portrait.not_a_picture",
        "The file is not a picture.",
        cause="its content is neither PNG nor JPEG nor WebP",
        fix="Choose a PNG, JPEG or WebP file.",
    )


def _open(data: bytes, max_pixels: int) -> Image.Image:
    """Parse the header only. Pillow's own bomb limits are replaced by ours, which is lower."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(f"it has more than twice the {max_pixels / 1e6:.0f} million pixels that are read") from None
    except _PARSE_ERRORS as error:
        raise _damaged(error) from error
    width, height = image.size
    if width * height > max_pixels:
        raise _too_large(f"it has {width} x {height} pixels, at most {max_pixels / 1e6:.0f} million are read")
    return image


def _decode(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    except _PARSE_ERRORS as error:
        text = str(error).lower()
        raise _truncated(str(error)) if "truncated" in text else _damaged(error) from error
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    rgb = _to_srgb(image)
    if alpha is None or alpha.min() == 1:
        return rgb, None
    return _on_backdrop(rgb, alpha), alpha


def _to_srgb(image: Image.Image) -> np.ndarray:
    """Pixels as uint8 [H,W,3] sRGB."""
    if image.mode.startswith(("I", "F")):  # 16-bit grey
        return np.repeat(
            (np.asarray(image, np.float32) / 257 + 0.5).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2
        )
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        opaque = image.convert("RGB") if image.mode == "RGBA" else image
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(opaque, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken or mismatched profile: read the numbers as they are
        if converted is not None:
            return np.array(converted)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _on_backdrop(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Composite on white, or on mid grey where the picture itself is so bright that white would hide its outline."""
    weight = max(float(alpha.sum()), 1.0)
    brightness = float((rgb.mean(axis=2) * alpha).sum()) / weight
    backdrop = _GREY if brightness > _BRIGHT else _WHITE
    return (rgb * alpha[..., None] + backdrop * (1 - alpha[..., None]) + 0.5).astype(np.uint8)


def _too_large(cause: str) -> PortraitError:
    return PortraitError(
        "portrait.too_large", "The picture is too large.", cause=cause, fix="Scale it down or cut out the head."
    )


def _truncated(cause: str) -> PortraitError:
    return PortraitError(
        "portrait.truncated", "The picture file is cut short.", cause=cause, fix="Copy or download the file again."
    )


def _damaged(error: BaseException) -> PortraitError:
    return PortraitError(
        "portrait.damaged", "The picture file is damaged.", cause=str(error), fix="Copy or export the picture again."
    )
