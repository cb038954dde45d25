"""The scene's settings as the request that the backend gets, when it looks first and when a head is made."""

from __future__ import annotations

from collections.abc import Callable

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
    return request_maker(scene, preset)(content)


def request_maker(scene: bpy.types.Scene, preset: str = "") -> Callable[[bytes], GenerateAvatar]:
    """What makes the request with the scene's settings of now, once the picture is there."""
    settings, portrait = scene.cameo, scene.cameo_portrait
    options: dict[str, Scalar] = portrait.crop_options()
    if portrait.hair != "auto" and portrait.engine == "builtin":
        options["hair"] = portrait.hair
    if model := preferences.head_model_path():
        options["head_model_path"] = model
    face = settings.face if settings.face >= 0 else None
    quality, engine = preset or settings.preset, portrait.engine or "builtin"
    return lambda content: GenerateAvatar(np.frombuffer(content, np.uint8), quality, engine, face, options)
