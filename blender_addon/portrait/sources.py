"""The portrait as the bytes of a picture file, wherever it comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ...protocol import limits
from ...protocol.errors import CameoError
from ..film.png import encode_png
from ..scene.color import linear_to_srgb

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_ANOTHER = "Choose another picture."


@dataclass(frozen=True)
class FileStamp:
    """A state of a file: another stamp is another content."""

    path: Path
    size: int
    changed_ns: int


def chosen_file(scene: bpy.types.Scene) -> Path | None:
    """The picture file that the scene's portrait is, if it is one."""
    if scene.cameo_portrait.source != "FILE" or not scene.cameo.image:
        return None
    return Path(bpy.path.abspath(scene.cameo.image))


def chosen_image(scene: bpy.types.Scene) -> bpy.types.Image | None:
    """The image of this Blender file that the scene's portrait is, if it is one."""
    return scene.cameo_portrait.picture if scene.cameo_portrait.source != "FILE" else None


def portrait_name(scene: bpy.types.Scene) -> str:
    """What an avatar is called whose artist gave it no name."""
    path, image = chosen_file(scene), chosen_image(scene)
    if path is not None:
        return path.stem
    return os.path.splitext(image.name)[0] if image is not None else ""


def read_file(path: Path) -> tuple[bytes, FileStamp]:
    """The bytes of a picture file; whether they are a picture the backend finds out. Needs no Blender.

    Raises:
        CameoError: ``portrait.too_large``, ``.unreadable``, ``.empty``.
    """
    try:
        stamp = stamp_of(path)
        _check_size(stamp.size, path.name)
        content = path.read_bytes()
    except OSError as error:
        sentence = f"The picture {path} cannot be opened."
        raise CameoError("portrait.unreadable", sentence, cause=str(error), fix=_ANOTHER) from error
    if not content:
        raise CameoError("portrait.empty", f"The picture {path.name} is an empty file.", fix=_ANOTHER)
    return content, stamp


def stamp_of(path: Path) -> FileStamp:
    """
    Raises:
        OSError: there is no such file.
    """
    found = path.stat()
    return FileStamp(path, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Pixels:
    """An image as Blender gave it: ``values`` float32 [H*W*4], first row at the bottom; scene-linear if ``linear``."""

    name: str
    width: int
    height: int
    values: np.ndarray
    linear: bool


def taken(image: bpy.types.Image) -> bytes | Pixels:
    """What ``image`` holds now, in milliseconds: its own picture file where it has one, else its pixels.

    Raises:
        CameoError: ``portrait.no_pixels``.
    """
    stored = stored_bytes(image)
    if stored is not None:
        return stored
    width, height = image.size
    if width * height == 0 or not len(image.pixels):
        raise CameoError(
            "portrait.no_pixels",
            f"The image {image.name} holds no picture.",
            cause="Its file may be gone, or it was never rendered.",
            fix=_ANOTHER,
        )
    values = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(values)
    return Pixels(image.name, width, height, values, image.is_float)


def file_of(image: bytes | Pixels) -> bytes:
    """The bytes of a picture file. Takes its time (half a second for 2000 x 2000 pixels), and needs no Blender.

    Raises:
        CameoError: ``portrait.too_large``.
    """
    content, name = (image, "") if isinstance(image, bytes) else (encode_png(_as_shown(image), level=1), image.name)
    _check_size(len(content), name)
    return content


def stored_bytes(image: bpy.types.Image) -> bytes | None:
    """The packed file of an image that was not painted on since, if the backend reads its format; else None."""
    packed = image.packed_file
    if packed is None or image.is_dirty or image.source != "FILE":
        return None
    content = bytes(packed.data)
    return content if _is_known_format(content) else None


def keep_as_image(content: bytes, name: str) -> bpy.types.Image:
    """A new image of this Blender file that holds the picture file ``content``."""
    image = bpy.data.images.new(name, 1, 1)
    image.pack(data=content, data_len=len(content))
    image.source = "FILE"
    return image


def _is_known_format(content: bytes) -> bool:
    return content.startswith((b"\x89PNG", b"\xff\xd8\xff")) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def _as_shown(image: Pixels) -> np.ndarray:
    """uint8 [H,W,4], straight alpha, sRGB, first row on top."""
    rgba = image.values.reshape(image.height, image.width, 4)[::-1]
    if image.linear:
        rgba = np.concatenate([linear_to_srgb(np.clip(rgba[..., :3], 0, 1)), rgba[..., 3:]], 2)
    return (np.clip(rgba, 0, 1) * 255 + 0.5).astype(np.uint8)


def _check_size(size: int, name: str) -> None:
    if size > limits.IMAGE_BYTES:
        cause = f"{size / 1e6:.0f} MB; {limits.IMAGE_BYTES / 1e6:.0f} MB are allowed"
        raise CameoError("portrait.too_large", f"The picture {name} is too large.", cause=cause, fix="Save it smaller.")
