"""Warped texture guides the diffusion: its latent is copied over the running one under a soft mask (section 6.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch


def paste(running: torch.Tensor, warped: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """``warped`` over ``running`` float [B,C,h,w], where ``mask`` float [B,h,w] 0..1 says how much.

    Both must carry the same level of noise, else the seam shows in everything that follows.
    """
    return torch.lerp(running, warped, mask[:, None].to(running))


def pasting(path: Sequence[torch.Tensor], mask: torch.Tensor) -> Callable[[torch.Tensor, int], torch.Tensor]:
    """The ``after_step`` of :func:`.ddim.denoise` that pastes at every level.

    Args:
        path: the warped pictures' latents [B,C,h,w] by level, as :func:`.ddim.invert` returns them.
        mask: float [B,h,w] 0..1, from :func:`cameo.backend.priors.warp.mask.soft_mask`.
    """

    def after_step(running: torch.Tensor, level: int) -> torch.Tensor:
        return paste(running, path[level], mask)

    return after_step
