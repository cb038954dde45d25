"""What every appearance model answers, and the one that reconciles nothing."""

from __future__ import annotations

import torch
from torch import nn

from ...config import AppearanceConfig


class Appearance(nn.Module):
    """Which colours a view sees, what its picture undergoes, what that costs, which colours are kept.

    This one changes nothing: every view sees the same colours, as plain Gaussian training has it.
    """

    perceives_own = False
    """Whether the perceptual loss compares the view's own picture I_IC; else the consistent one I_C, as the paper."""

    def __init__(self, places: torch.Tensor, views: int, reference: int, config: AppearanceConfig) -> None:
        """For Gaussians at neutral ``places`` [N,3] metres and ``views`` cameras, of which ``reference`` is kept."""
        super().__init__()
        self.views, self.reference, self.config = views, reference, config

    @property
    def has_offsets(self) -> bool:
        """Whether views may see other colours than c, so that I_C and I_IC differ before the picture is moved."""
        return False

    def offset(self, view: int, base: torch.Tensor) -> torch.Tensor:
        """What ``view`` adds to the colours c, ``base`` [N,3]."""
        return torch.zeros_like(base)

    def picture(
        self, view: int, image: torch.Tensor, alpha: torch.Tensor, window: tuple[int, int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the view makes of a premultiplied render [h,w,3] and its alpha [h,w,1], a crop at ``window``."""
        return image, alpha

    def trust(self, view: int, image: torch.Tensor, target: torch.Tensor, side: int) -> torch.Tensor | None:
        """How far each pixel [h,w,1] of ``target`` [h,w,3] is believed, 0..1, against the view's own ``image``.

        None: wholly. ``side``: pixels of the whole picture that these are cut from.
        """
        return None

    def penalty(self, view: int, offset: torch.Tensor) -> torch.Tensor:
        """Weighted cost of the view's ``offset`` [N,3] and of what :meth:`picture` does for it."""
        return offset.new_zeros(())

    def baked(self, base: torch.Tensor, view: int | None = None) -> torch.Tensor:
        """The colours [N,3] that ship: as the reference has them, or as another ``view`` would."""
        with torch.no_grad():
            return base + self.offset(self.reference if view is None else view, base)

    def groups(self) -> list[dict[str, object]]:
        """Parameter groups for Adam."""
        return []
