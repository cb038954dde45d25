"""sRGB's curve, both ways. Splats hold display-space colour; Blender's data and passes are scene-linear."""

from __future__ import annotations

import numpy as np


def srgb_to_linear(color: np.ndarray) -> np.ndarray:
    """Display-space 0..1 to linear, any shape, float32."""
    color = np.asarray(color, np.float32)
    return np.where(color <= 0.04045, color / 12.92, ((np.maximum(color, 0) + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear_to_srgb(color: np.ndarray) -> np.ndarray:
    """Linear to display-space, any shape, float32."""
    color = np.asarray(color, np.float32)
    curve = 1.055 * np.maximum(color, 0) ** (1 / 2.4) - 0.055
    return np.where(color <= 0.0031308, color * 12.92, curve).astype(np.float32)
