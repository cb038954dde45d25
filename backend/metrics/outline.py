"""How well two outlines agree."""

from __future__ import annotations

import numpy as np


def mask_iou(a: np.ndarray, b: np.ndarray, *, valid: np.ndarray | None = None, threshold: float = 0.5) -> float:
    """Intersection over union of two masks (float [H,W] 0..1), counted only where ``valid`` [H,W] is true.

    Two empty masks agree: 1.
    """
    if a.shape != b.shape:
        raise ValueError(f"the masks differ in shape: {a.shape} and {b.shape}")
    first, second = a >= threshold, b >= threshold
    if valid is not None:
        first, second = first & valid, second & valid
    union = int((first | second).sum())
    return float((first & second).sum() / union) if union else 1.0
