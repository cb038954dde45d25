"""One call, several engines: tile-based Gaussian splatting with gradients.

``backend="cpu"`` are our Numba kernels, ``"cuda"`` is gsplat, ``"reference"`` is dense torch for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from . import cpu, cuda, reference
from .types import Cameras, Gaussians, RasterOut, ScreenGradients

Backend = Literal["auto", "cpu", "cuda", "reference"]

__all__ = ["Backend", "Cameras", "Gaussians", "RasterOut", "rasterize"]


def rasterize(
    g: Gaussians,
    cam: Cameras,
    *,
    colors: torch.Tensor,
    background: torch.Tensor | None = None,
    depth: bool = False,
    antialias: bool = False,
    absgrad: bool = False,
    backend: Backend = "auto",
) -> RasterOut:
    """Render B scenes under C cameras each.

    Args:
        g: the Gaussians; gradients flow to all four tensors and to ``colors``.
        colors: [B,N,D], or [B,C,N,D] for one set per camera; any D >= 1.
        background: [D] or [B,C,D], put behind; without it ``image`` is premultiplied.
        depth: also return alpha-weighted depth.
        antialias: lower the opacity of splats smaller than a pixel (Mip-Splatting), instead of fattening them.
        absgrad: let the backward pass fill ``means2d.absgrad`` (``means2d.grad`` it fills always).
        backend: "auto" follows the device of ``g.means``.

    Raises:
        ValueError: shapes that do not fit together.
    """
    _check(g, cam, colors)
    if backend == "auto":
        backend = "cuda" if g.means.is_cuda else "cpu"
    if backend == "cuda":
        image, alpha, means2d, radii = cuda.rasterize_batch(
            g, cam, colors, antialias=antialias, depth=depth, absgrad=absgrad
        )
    else:
        one = cpu.rasterize_one if backend == "cpu" else reference.rasterize_one
        image, alpha, means2d, radii = _loop(one, g, cam, colors, antialias=antialias, depth=depth, absgrad=absgrad)
    depths = image[..., -1:] if depth else None
    image = image[..., :-1] if depth else image
    if background is not None:
        behind = background.expand(*image.shape[:2], image.shape[-1])
        image = image + (1 - alpha) * behind[:, :, None, None, :]
    return RasterOut(image, alpha, depths, means2d, radii)


def _check(g: Gaussians, cam: Cameras, colors: torch.Tensor) -> None:
    B, N = g.opacities.shape
    C = cam.viewmats.shape[1]
    wanted = {"means": (B, N, 3), "quats": (B, N, 4), "scales": (B, N, 3)}
    for name, shape in wanted.items():
        got = tuple(getattr(g, name).shape)
        if got != shape:
            raise ValueError(f"{name} has shape {got}, expected {shape} to match opacities {(B, N)}")
    if cam.viewmats.shape != (B, C, 4, 4) or cam.Ks.shape != (B, C, 3, 3):
        raise ValueError(f"viewmats {tuple(cam.viewmats.shape)} and Ks {tuple(cam.Ks.shape)} do not fit {B} scenes")
    if colors.shape[:-1] not in ((B, N), (B, C, N)):
        raise ValueError(f"colors has shape {tuple(colors.shape)}, expected [{B},{N},D] or [{B},{C},{N},D]")


def _loop(
    one: Callable[..., tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]],
    g: Gaussians,
    cam: Cameras,
    colors: torch.Tensor,
    *,
    antialias: bool,
    depth: bool,
    absgrad: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    B, C = cam.viewmats.shape[:2]
    grad = torch.zeros(B, C, g.means.shape[1], 2)
    absolute = torch.zeros_like(grad) if absgrad else None
    rendered = []
    for b in range(B):
        for c in range(C):
            table = colors[b] if colors.ndim == 3 else colors[b, c]
            camera = cam.viewmats[b, c], cam.Ks[b, c], cam.width, cam.height
            screen = ScreenGradients(grad[b, c], None if absolute is None else absolute[b, c])
            rendered.append(one(*(t[b] for t in g), table, *camera, antialias=antialias, depth=depth, screen=screen))
    image, alpha, means2d, radii = (torch.stack(parts).unflatten(0, (B, C)) for parts in zip(*rendered))
    if image.requires_grad:  # the views' backward passes fill these
        means2d.grad = grad
        means2d.absgrad = absolute  # pyright: ignore[reportAttributeAccessIssue]
    return image, alpha[..., None], means2d, radii
