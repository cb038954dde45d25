"""gsplat behind our signature (extra ``cuda``). Imported only when a CUDA tensor arrives.

Written against gsplat 1.5.3's documented ``rasterization``; not yet run on a GPU.
"""

from __future__ import annotations

import torch

from ...errors import StageError
from .types import EPS2D, NEAR, Cameras, Gaussians


def rasterize_batch(
    g: Gaussians, cam: Cameras, colors: torch.Tensor, *, antialias: bool, depth: bool, absgrad: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """image [B,C,H,W,D] (depth as last channel), alpha [B,C,H,W,1], means2d [B,C,N,2], radii [B,C,N,2]."""
    try:
        from gsplat.rendering import rasterization  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise StageError(
            "rasterizer.no_gsplat",
            "The GPU renderer gsplat is not installed.",
            cause=str(error),
            fix="Install the extra 'cuda' (pip install 'cameo[cuda]'), or run on the CPU.",
        ) from error
    C = cam.viewmats.shape[1]
    if colors.ndim == 3:
        colors = colors[:, None].expand(-1, C, -1, -1)
    image, alpha, info = rasterization(
        *g, colors, cam.viewmats, cam.Ks, cam.width, cam.height,
        near_plane=NEAR, eps2d=EPS2D, packed=False, render_mode="RGB+D" if depth else "RGB",
        rasterize_mode="antialiased" if antialias else "classic", absgrad=absgrad,
    )  # fmt: skip
    if info["means2d"].requires_grad:
        info["means2d"].retain_grad()  # gsplat itself sets .absgrad
    return image, alpha, info["means2d"], info["radii"]
