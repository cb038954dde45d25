"""LPIPS where its weights are (extra ``lpips``): the paper's third loss. Never replaced by something else silently."""

from __future__ import annotations

from collections.abc import Callable

import torch

Perceptual = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(image, target), both [H,W,3] in 0..1, to a distance."""


def load_lpips(device: torch.device | str = "cpu") -> tuple[Perceptual | None, str]:
    """LPIPS (VGG) and its name for the provenance; None and the reason where the package is missing."""
    try:
        import lpips  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None, "none: the package lpips is not installed"
    network = lpips.LPIPS(net="vgg", verbose=False).to(device).eval().requires_grad_(False)

    def distance(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        a, b = (x.permute(2, 0, 1)[None] * 2 - 1 for x in (image, target))
        return network(a, b).mean()

    return distance, "LPIPS (VGG)"
