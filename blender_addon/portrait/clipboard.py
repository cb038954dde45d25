"""The picture on the clipboard, however the system keeps it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bpy

from .sources import ENDINGS, keep_as_image

_NAME = "Pasted Portrait"
_SECONDS = 1.0  # the program that copied the picture hands it over; one that hangs must not hold Blender up


def pasted_image(context: bpy.types.Context) -> bpy.types.Image | None:
    """The clipboard's picture as a new image, packed; None where there is none."""
    image = _by_blender(context)
    if image is None and (content := _by_xclip()):
        image = keep_as_image(content, _NAME)
    if image is not None:
        image.name = _NAME
    return image


def copied_path(text: str) -> Path | None:
    """The picture file that copied text names: a path, or an address as file managers copy it."""
    line = text.strip().partition("\n")[0].strip().strip("\"'")
    if line.startswith("file:"):
        line = unquote(urlsplit(line).path)
    path = Path(line).expanduser() if line else None
    return path if path is not None and path.suffix.lower() in ENDINGS and path.is_file() else None


def needs_xclip() -> bool:
    """Whether a picture may have been copied that only the program xclip could bring here."""
    return _on_x11() and shutil.which("xclip") is None


def _by_blender(context: bpy.types.Context) -> bpy.types.Image | None:
    """Blender pastes pictures on Windows, macOS and Wayland, in image editors: one area is that for a moment."""
    if bpy.app.background or context.area is None or not bpy.ops.image.clipboard_paste.poll():
        return None
    known, kind = set(bpy.data.images), context.area.ui_type
    try:
        context.area.ui_type = "IMAGE_EDITOR"
        bpy.ops.image.clipboard_paste()
    except RuntimeError:
        return None
    finally:
        context.area.ui_type = kind
    return next((image for image in bpy.data.images if image not in known), None)


def _by_xclip() -> bytes | None:
    """The bytes of a PNG file. Blender's window system for X11 knows text only (seen in 5.2)."""
    xclip = shutil.which("xclip") if _on_x11() else None
    if xclip is None:
        return None
    command = [xclip, "-selection", "clipboard", "-target", "image/png", "-out"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout.startswith(b"\x89PNG") else None


def _on_x11() -> bool:
    return sys.platform == "linux" and "DISPLAY" in os.environ and "WAYLAND_DISPLAY" not in os.environ
