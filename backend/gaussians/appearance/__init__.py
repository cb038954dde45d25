"""How views that disagree are reconciled: COIN (FaceCraft4D section 3.4) and what was measured to beat it.

Figures: ``benchmarks/coin_truth.py`` and ``docs/coin.md``.
"""

from __future__ import annotations

import torch

from ...config import AppearanceConfig
from .base import Appearance
from .coin_plus import AnchoredCoin, CoinPlus
from .paper import PaperCoin

__all__ = ["AnchoredCoin", "Appearance", "CoinPlus", "PaperCoin", "make_appearance"]

_KINDS: dict[str, type[Appearance]] = {
    "plain": Appearance,
    "paper": PaperCoin,
    "anchored": AnchoredCoin,
    "coin_plus": CoinPlus,
}


def make_appearance(places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> Appearance:
    """The model ``config.kind`` names, for Gaussians at neutral ``places`` [N,3] metres and ``views`` cameras."""
    return _KINDS[config.kind](places, views, reference, config)
