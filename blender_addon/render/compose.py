"""From blended splats to Blender's passes.

Splats blend in display space, passes are scene-linear: un-premultiply, linearise, premultiply. With the view transform
``Standard`` the saved picture then holds exactly the blended sRGB.
"""

from __future__ import annotations

import numpy as np

from ..scene.color import linear_to_srgb, srgb_to_linear
from .cpu_raster import Raster

NOTHING = 1e10  # depth where there is nothing, as in Blender's own Z pass
SOLID = 0.05  # alpha from which a pixel has a depth: hair at the edges belongs to the head
_ALPHA_FLOOR = 1e-6


def combined_pass(raster: Raster, background: tuple[float, float, float] | None) -> np.ndarray:
    """float32 [H,W,4] scene-linear, premultiplied, first row on top.

    Args:
        background: scene-linear colour the picture is laid on (in display space, as training does); None keeps alpha.
    """
    alpha = raster.alpha[..., None]
    if background is not None:
        behind = linear_to_srgb(np.array(background, np.float32))
        return np.concatenate([srgb_to_linear(raster.color + (1 - alpha) * behind), np.ones_like(alpha)], -1)
    straight = raster.color / np.maximum(alpha, _ALPHA_FLOOR)
    return np.concatenate([srgb_to_linear(straight) * alpha, alpha], -1)


def depth_pass(raster: Raster) -> np.ndarray:
    """float32 [H,W]: expected distance along the camera's axis where alpha >= SOLID, else NOTHING."""
    expected = raster.depth / np.maximum(raster.alpha, _ALPHA_FLOOR)
    return np.where(raster.alpha >= SOLID, expected, NOTHING).astype(np.float32)
