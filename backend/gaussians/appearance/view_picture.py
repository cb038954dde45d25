"""What a generated view does to a picture, apart from other colours on the person: four things that smooth functions of
the pixel explain with a few dozen numbers, where COIN's offsets would need one for every Gaussian."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import conv2d, grid_sample, pad

from ...config import AppearanceConfig

_SIGMAS = (0.6, 1.2)
"""Pixels: the two blurs that a view may mix in."""


class ViewPicture(nn.Module):
    """Colour transform (3x4 affine), slow shading, shifted places (smooth flow) and softness of every view."""

    def __init__(self, views: int, config: AppearanceConfig, device: torch.device | str) -> None:
        super().__init__()
        self.config = config
        self.affine = nn.Parameter(torch.zeros(views, 3, 4, device=device))
        self.shading = nn.Parameter(torch.zeros(views, 3, config.shading_grid, config.shading_grid, device=device))
        self.flow = nn.Parameter(torch.zeros(views, 2, config.flow_grid, config.flow_grid, device=device))
        self.softness = nn.Parameter(torch.zeros(views, len(_SIGMAS), device=device))

    def forward(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a premultiplied render [h,w,3] and its alpha [h,w,1], the crop at ``window`` = (x0, y0, side)."""
        columns, rows = (torch.arange(n, device=image.device) + 0.5 for n in (image.shape[1], image.shape[0]))
        x0, y0, side = window
        whole = _places((x0 + columns) / side, (y0 + rows) / side)
        scale = whole.new_tensor([side / len(columns), side / len(rows)])
        moved = _read(self.flow[view], whole).permute(0, 2, 3, 1) * scale  # the flow is in units of half an image
        places = _places(columns / len(columns), rows / len(rows)) + moved
        stacked = torch.cat([image, alpha], -1).permute(2, 0, 1)[None]
        stacked = self._softened(
            view, grid_sample(stacked, places, mode="bicubic", padding_mode="border", align_corners=False)
        )
        image, alpha = stacked[0].permute(1, 2, 0).split([3, 1], -1)
        image = self.tinted(view, image, alpha)
        return image * (1 + _read(self.shading[view], whole)[0].permute(1, 2, 0)), alpha

    def tinted(self, view: int, colors: torch.Tensor, alpha: torch.Tensor | float = 1.0) -> torch.Tensor:
        """The view's colour transform of ``colors`` [...,3], premultiplied by ``alpha`` [...,1]."""
        affine = self.affine[view]
        return colors + colors @ affine[:, :3].T + alpha * affine[:, 3]

    def _softened(self, view: int, stacked: torch.Tensor) -> torch.Tensor:
        shares = zip(self.softness[view], _SIGMAS, strict=True)
        return stacked + torch.stack([share * (_blurred(stacked, sigma) - stacked) for share, sigma in shares]).sum(0)

    def penalty(self, view: int) -> torch.Tensor:
        """Weighted mean size of what the view does."""
        config = self.config
        weighted = (
            (self.affine, config.affine_weight),
            (self.shading, config.shading_weight),
            (self.flow, config.flow_weight),
            (self.softness, config.softness_weight),
        )
        return torch.stack([weight * values[view].abs().mean() for values, weight in weighted]).sum()

    def groups(self) -> list[dict[str, object]]:
        """Parameter groups for Adam."""
        rates = {name: getattr(self.config, f"{name}_rate") for name, _ in self.named_parameters()}
        return [{"params": [values], "lr": rates[name], "name": name} for name, values in self.named_parameters()]


def _places(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """[1,h,w,2] in -1..1 of columns ``x`` [w] and rows ``y`` [h] in 0..1."""
    return torch.stack(torch.meshgrid(2 * x - 1, 2 * y - 1, indexing="xy"), -1)[None]


def _read(grid: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """[1,D,h,w] of a coarse ``grid`` [D,n,n], smoothly."""
    return grid_sample(grid[None], places, mode="bicubic", padding_mode="border", align_corners=True)


def _blurred(stacked: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian blur of [1,D,h,w]."""
    radius, channels = round(3 * sigma), stacked.shape[1]
    x = torch.arange(-radius, radius + 1, device=stacked.device)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    padded = pad(stacked, (radius, radius, radius, radius), mode="replicate")
    return conv2d(conv2d(padded, kernel, groups=channels), kernel.transpose(2, 3), groups=channels)
