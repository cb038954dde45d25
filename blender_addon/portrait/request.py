"""The scene's settings as the request that the backend gets, when it looks first and when a head is made."""

from __future__ import annotations

import bpy
import numpy as np

from ...protocol.messages import GenerateAvatar, Scalar
from .. import preferences


def request_of(scene: bpy.types.Scene, content: bytes, preset: str = "") -> GenerateAvatar:
    """
    Args:
        content: bytes of the picture file.
        preset: quality; empty: the scene's.

    Raises:
        ValueError: the picture is empty or larger than the protocol allows.
    """
    settings, portrait = scene.cameo, scene.cameo_portrait
    options: dict[str, Scalar] = portrait.crop_options()
    if portrait.hair != "auto" and portrait.engine == "builtin":
        options["hair"] = portrait.hair
    if model := preferences.head_model_path():
        options["head_model_path"] = model
    face = settings.face if settings.face >= 0 else None
    image = np.frombuffer(content, np.uint8)
    return GenerateAvatar(image, preset or settings.preset, portrait.engine or "builtin", face, options)
