"""How views that disagree about colour are reconciled: COIN (FaceCraft4D section 3.4) and what was measured to beat it.

Every model answers the same questions: which colours does a view see, what does its picture undergo, what does that
cost, and which colours are kept. Figures: ``shared/design/method.md``, "COIN on known truth".
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn
from torch.nn.functional import grid_sample, linear

from ..config import AppearanceConfig

_OCTAVES = 4


class Appearance(Protocol):
    """One way of explaining why views disagree."""

    def colors(self, view: int, base: torch.Tensor) -> torch.Tensor:
        """Colours [N,3] that ``view`` sees, c* = c + offset; ``base`` [N,3] is c."""
        ...

    def picture(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the view makes of a premultiplied render [h,w,3] and its alpha [h,w,1], a crop at ``window``."""
        ...

    def penalty(self, view: int) -> torch.Tensor:
        """Weighted cost of what the last :meth:`colors` and :meth:`picture` did for ``view``."""
        ...

    def baked(self, base: torch.Tensor) -> torch.Tensor:
        """The colours [N,3] that ship."""
        ...

    def groups(self) -> list[dict[str, object]]:
        """Parameter groups for Adam."""
        ...

    def state_dict(self) -> dict[str, torch.Tensor]: ...

    def load_state_dict(self, state_dict: dict[str, torch.Tensor]) -> object: ...


class PaperCoin(nn.Module):
    """The paper's: offset = MLP(e_view, c, e_g), two layers; the reference view's offset is baked.

    c enters detached: its own gradient comes through c + offset. The penalty is weight * mean |offset| over Gaussians
    and channels (the paper does not state the reduction; with the mean, weight 1 leaves the offset at zero).
    """

    def __init__(self, places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> None:
        """``places`` [N,3]: neutral positions, metres."""
        super().__init__()
        self.reference, self.config = reference, config
        generator = torch.Generator().manual_seed(0)
        waves = (places - places.mean(0))[:, :, None] * (15 * 2.0 ** torch.arange(_OCTAVES))
        self.fourier = torch.cat([waves.flatten(1).sin(), waves.flatten(1).cos()], 1)
        self.view_features = nn.Parameter(0.1 * torch.randn(views, config.view_features, generator=generator))
        self.gaussian_features = nn.Parameter(
            0.1 * torch.randn(len(places), config.gaussian_features, generator=generator)
        )
        inputs = 3 + config.gaussian_features + self.fourier.shape[1]
        bound = (inputs + config.view_features) ** -0.5
        self.from_gaussian = nn.Parameter(bound * (2 * torch.rand(config.hidden, inputs, generator=generator) - 1))
        self.from_view = nn.Parameter(
            bound * (2 * torch.rand(config.hidden, config.view_features, generator=generator) - 1)
        )
        self.bias = nn.Parameter(torch.zeros(config.hidden))
        self.output = nn.Linear(config.hidden, 3)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self._cost = torch.zeros(())

    def offset(self, view: int, base: torch.Tensor) -> torch.Tensor:
        """Colour offsets [N,3] of ``view``."""
        features = torch.cat([base.detach(), self.gaussian_features, self.fourier], 1)
        of_view = self.from_view @ self.view_features[view] + self.bias
        return self.output(torch.relu(linear(features, self.from_gaussian) + of_view))

    def colors(self, view: int, base: torch.Tensor) -> torch.Tensor:
        offset = self.offset(view, base)
        self._cost = self.config.offset_weight * offset.abs().mean()
        return base + offset

    def picture(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return image, alpha

    def penalty(self, view: int) -> torch.Tensor:
        return self._cost

    def baked(self, base: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return base + self.offset(self.reference, base)

    def groups(self) -> list[dict[str, object]]:
        return [{"params": list(self.parameters()), "lr": self.config.network_rate, "name": "coin"}]


class AnchoredCoin(PaperCoin):
    """Offset zero in the reference view by construction: c itself is the reference's look, and is what ships."""

    def colors(self, view: int, base: torch.Tensor) -> torch.Tensor:
        if view == self.reference:
            self._cost = torch.zeros(())
            return base
        return super().colors(view, base)

    def baked(self, base: torch.Tensor) -> torch.Tensor:
        return base.detach()


class CoinPlus(AnchoredCoin):
    """Anchored, and each other view may turn its colours (3x4 affine) and shift its pixels (smooth flow)."""

    def __init__(self, places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> None:
        super().__init__(places, views, reference, config)
        self.affine = nn.Parameter(torch.zeros(views, 3, 4))
        self.flow = nn.Parameter(torch.zeros(views, 2, config.flow_grid, config.flow_grid))

    def picture(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if view == self.reference:
            return image, alpha
        affine = self.affine[view]
        image = image + image @ affine[:, :3].T + alpha * affine[:, 3]
        stacked = torch.cat([image, alpha], -1).permute(2, 0, 1)[None]
        moved = grid_sample(
            stacked, self._grid(view, image.shape, window), mode="bicubic", padding_mode="border", align_corners=False
        )
        moved = moved[0].permute(1, 2, 0)
        return moved[..., :3], moved[..., 3:]

    def _grid(self, view: int, shape: torch.Size, window: tuple[int, int, int]) -> torch.Tensor:
        """Where each pixel of the crop looks, [1,h,w,2] in the crop's -1..1; the flow is in units of half an image."""
        height, width = shape[0], shape[1]
        x0, y0, side = window
        xs = (torch.arange(width) + 0.5) / width * 2 - 1
        ys = (torch.arange(height) + 0.5) / height * 2 - 1
        px = (x0 + torch.arange(width) + 0.5) / side * 2 - 1
        py = (y0 + torch.arange(height) + 0.5) / side * 2 - 1
        places = torch.stack(torch.meshgrid(px, py, indexing="xy"), -1)[None]
        flow = grid_sample(self.flow[view][None], places, mode="bicubic", padding_mode="border", align_corners=True)
        scale = torch.tensor([side / width, side / height])
        return torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1)[None] + flow.permute(0, 2, 3, 1) * scale

    def penalty(self, view: int) -> torch.Tensor:
        cost = super().penalty(view)
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


def make_appearance(places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> PaperCoin:
    """The model ``config.kind`` names, for Gaussians at neutral ``places`` [N,3] and ``views`` cameras."""
    kinds = {"paper": PaperCoin, "anchored": AnchoredCoin, "coin_plus": CoinPlus}
    return kinds[config.kind](places, views, reference, config)
