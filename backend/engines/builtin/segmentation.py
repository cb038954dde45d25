"""Which pixels of the portrait are hair, skin and clothing: by colour alone, without a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Segmentation:
    """Classes of the portrait's pixels.

    Attributes:
        hair, skin, cloth: float32 [S,S], posteriors inside the matte (sum to 1 there), 0 outside.
        hair_mask: bool [S,S], cleaned; what the hair shell is made from (a hat belongs to it).
        face_mask: bool [S,S], the polygon of the face oval.
        bald: no hair worth a shell.
        hat: what sits on the head seems to be a hat.
        hat_mask: bool [S,S], the hat's part of ``hair_mask``.
    """

    hair: np.ndarray
    skin: np.ndarray
    cloth: np.ndarray
    hair_mask: np.ndarray
    face_mask: np.ndarray
    bald: bool
    hat: bool
    hat_mask: np.ndarray
