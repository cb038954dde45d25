"""The soft mask under which warped latents are pasted (FaceCraft4D section 6.2)."""

from __future__ import annotations

import cv2
import numpy as np


def soft_mask(visible: np.ndarray, cell: int, border: float) -> np.ndarray:
    """Sample a visibility mask down to the latent's size.

    Args:
        visible: bool [H,W]; sides divisible by ``cell``.
        cell: pixels of a latent cell's side.
        border: value of cells that are partly visible or touch one where nothing is.

    Returns:
        float32 [H/cell,W/cell]: 1 inside, ``border`` at the border, 0 outside. The picture's own edge is no border.
    """
    height, width = visible.shape
    if height % cell or width % cell:
        raise ValueError(f"the mask is {width} x {height} pixels, its sides must be divisible by {cell}")
    part = visible.reshape(height // cell, cell, width // cell, cell).mean((1, 3), dtype=np.float32)
    beside_nothing = cv2.dilate((part == 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    inside = (part == 1) & ~beside_nothing
    return np.where(inside, 1, np.where(part > 0, border, 0)).astype(np.float32)
