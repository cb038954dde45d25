"""COIN anchored at the reference, and with what explains a view's colours and places more cheaply than an offset."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import grid_sample

from ...config import AppearanceConfig
from .paper import PaperCoin


class AnchoredCoin(PaperCoin):
    """Offset zero in the reference view by construction: c itself is the reference's look, and is what ships."""

    def offset(self, view: int, base: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(base) if view == self.reference else super().offset(view, base)


class CoinPlus(AnchoredCoin):
    """Anchored, and each other view may turn its colours (3x4 affine) and shift its pixels (smooth flow)."""

    perceives_own = True

    def __init__(self, places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> None:
        super().__init__(places, views, reference, config)
        self.affine = nn.Parameter(torch.zeros(views, 3, 4, device=places.device))
        self.flow = nn.Parameter(torch.zeros(views, 2, config.flow_grid, config.flow_grid, device=places.device))

    def picture(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if view == self.reference:
            return image, alpha
        affine = self.affine[view]
        image = image + image @ affine[:, :3].T + alpha * affine[:, 3]
        stacked = torch.cat([image, alpha], -1).permute(2, 0, 1)[None]
        moved = grid_sample(
            stacked, self._grid(view, image, window), mode="bicubic", padding_mode="border", align_corners=False
        )
        moved = moved[0].permute(1, 2, 0)
        return moved[..., :3], moved[..., 3:]

    def _grid(self, view: int, image: torch.Tensor, window: tuple[int, int, int]) -> torch.Tensor:
        """Where each pixel of the crop looks, [1,h,w,2] in the crop's -1..1; the flow is in units of half an image."""
        height, width = image.shape[:2]
        x0, y0, side = window
        columns = torch.arange(width, device=image.device) + 0.5
        rows = torch.arange(height, device=image.device) + 0.5
        places = _places((x0 + columns) / side, (y0 + rows) / side)
        flow = grid_sample(self.flow[view][None], places, mode="bicubic", padding_mode="border", align_corners=True)
        scale = torch.tensor([side / width, side / height], device=image.device)
        return _places(columns / width, rows / height) + flow.permute(0, 2, 3, 1) * scale

    def penalty(self, view: int, offset: torch.Tensor) -> torch.Tensor:
        cost = super().penalty(view, offset)
        if view == self.reference:
            return cost
        affine = self.config.affine_weight * self.affine[view].abs().mean()
        return cost + affine + self.config.flow_weight * self.flow[view].abs().mean()

    def groups(self) -> list[dict[str, object]]:
        own = {id(self.affine), id(self.flow)}
        network = [p for p in self.parameters() if id(p) not in own]
        return [
            {"params": network, "lr": self.config.network_rate, "name": "coin"},
            {"params": [self.affine], "lr": self.config.affine_rate, "name": "affine"},
            {"params": [self.flow], "lr": self.config.flow_rate, "name": "flow"},
        ]


def _places(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """[1,h,w,2] in -1..1 of columns ``x`` [w] and rows ``y`` [h] in 0..1."""
    return torch.stack(torch.meshgrid(2 * x - 1, 2 * y - 1, indexing="xy"), -1)[None]
