"""Anchored at the reference: COIN's offsets, or what explains a view's picture more cheaply."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d

from ...config import AppearanceConfig
from .base import Appearance
from .paper import PaperCoin
from .view_picture import ViewPicture


class AnchoredCoin(PaperCoin):
    """Offset zero in the reference view by construction: c itself is the reference's look, and is what ships."""

    def offset(self, view: int, base: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(base) if view == self.reference else super().offset(view, base)


class CoinPlus(Appearance):
    """Anchored; each other view has its own way with the picture, and is not believed where it contradicts the rest.

    Once a view's picture is explained, offsets gain nothing (docs/coin.md), so there are none.
    """

    perceives_own = True

    def __init__(self, places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> None:
        super().__init__(places, views, reference, config)
        self.of_view = ViewPicture(views, config, places.device)

    def picture(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return (image, alpha) if view == self.reference else self.of_view(view, image, alpha, window)

    def trust(self, view: int, image: torch.Tensor, target: torch.Tensor, side: int) -> torch.Tensor | None:
        """1 / (1 + (error / scale)^2) of the error in the neighbourhood (Geman and McClure's robust weight)."""
        if view == self.reference:
            return None
        with torch.no_grad():
            error = (image - target).abs().mean(-1)[None, None]
            radius = max(1, round(self.config.trust_radius * side))
            for _ in range(2):  # two boxes are nearly a Gaussian
                error = avg_pool2d(error, 2 * radius + 1, 1, radius, count_include_pad=False)
            return 1 / (1 + (error[0, 0, ..., None] / self.config.trust_scale) ** 2)

    def penalty(self, view: int, offset: torch.Tensor) -> torch.Tensor:
        return super().penalty(view, offset) if view == self.reference else self.of_view.penalty(view)

    def baked(self, base: torch.Tensor, view: int | None = None) -> torch.Tensor:
        """As :meth:`Appearance.baked`, in the tint of another ``view``, too; its shading belongs to its picture."""
        colors = super().baked(base, view)
        if view is None or view == self.reference:
            return colors
        with torch.no_grad():
            return self.of_view.tinted(view, colors)

    def groups(self) -> list[dict[str, object]]:
        return self.of_view.groups()
