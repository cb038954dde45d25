"""Where on the dense head things are: skin, lips, lids, ears, the inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ...head.model import HeadModel
from .dense import DenseHead


@dataclass(frozen=True)
class SkinRegions:
    """Parts of the dense head, bool [N] each, and who mirrors whom.

    Attributes:
        skin: outer skin without the inside of the mouth.
        inner_mouth, teeth, upper_teeth, gums, tongue, lips, ears, scalp, neck: as named.
        eyeballs: (left, right).
        mirror: int [N], the vertex on the other side.
    """

    skin: np.ndarray
    inner_mouth: np.ndarray
    teeth: np.ndarray
    upper_teeth: np.ndarray
    gums: np.ndarray
    tongue: np.ndarray
    lips: np.ndarray
    ears: np.ndarray
    scalp: np.ndarray
    neck: np.ndarray
    eyeballs: tuple[np.ndarray, np.ndarray]
    mirror: np.ndarray


def find_regions(model: HeadModel, dense: DenseHead) -> SkinRegions:
    """Carry the model's masks over and pair the two sides."""
    masks = model.masks
    inner = dense.mask(masks["inner_mouth"], 0.6)
    skin = dense.mask(masks["skin"], 0.99)
    template = np.asarray(dense.operator @ model.v_template.astype(np.float64))
    return SkinRegions(
        skin=skin & ~inner,
        inner_mouth=inner & skin,
        teeth=dense.mask(masks["teeth"], 0.9),
        upper_teeth=dense.mask(masks["upper_teeth"], 0.9),
        gums=dense.mask(masks["gums"], 0.9),
        tongue=dense.mask(masks["tongue"], 0.9),
        lips=dense.mask(masks["lips"]) & skin & ~inner,
        ears=dense.mask(masks["ears"], 0.3) & skin & ~inner,
        scalp=dense.mask(masks["scalp"]) & skin,
        neck=dense.mask(masks["neck"] | masks["bust"]) & skin,
        eyeballs=(dense.mask(masks["left_eyeball"], 0.99), dense.mask(masks["right_eyeball"], 0.99)),
        mirror=np.asarray(KDTree(template).query(template * [-1, 1, 1], workers=2)[1]),
    )
