"""What a rendered view is compared by, and what keeps Gaussians decent."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import conv2d

from .photometric import FusedPhotometric

_WINDOW = 11  # pixels, sigma 1.5, as 3DGS uses
_C1, _C2 = 0.01**2, 0.03**2


def _gaussian() -> torch.Tensor:
    x = torch.arange(_WINDOW, dtype=torch.float32) - _WINDOW // 2
    kernel = torch.exp(-(x**2) / (2 * 1.5**2))
    return kernel / kernel.sum()


_KERNEL = _gaussian()


def ssim_map(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Structural similarity [H,W,D] of two pictures [H,W,D], zero padded at the border."""
    a, b = image.permute(2, 0, 1), target.permute(2, 0, 1)
    moments = torch.cat([a, b, a * a, b * b, a * b])[None]
    count, half = moments.shape[1], _WINDOW // 2
    kernel = _KERNEL.to(image).repeat(count, 1)
    moments = conv2d(moments, kernel[:, None, None, :], padding=(0, half), groups=count)
    moments = conv2d(moments, kernel[:, None, :, None], padding=(half, 0), groups=count)
    mean_a, mean_b, aa, bb, ab = moments[0].chunk(5)
    var_a, var_b, cov = aa - mean_a**2, bb - mean_b**2, ab - mean_a * mean_b
    similarity = ((2 * mean_a * mean_b + _C1) * (2 * cov + _C2)) / (
        (mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2)
    )
    return similarity.permute(1, 2, 0)


def photometric(image: torch.Tensor, target: torch.Tensor, dssim_weight: float) -> torch.Tensor:
    """(1-w) L1 + w (1 - SSIM) of two pictures [H,W,3] (3DGS, GaussianAvatars, FaceCraft4D section 3.4)."""
    if not image.is_cuda and image.dtype == torch.float32:
        return FusedPhotometric.apply(image, target, dssim_weight)  # pyright: ignore[reportReturnType]
    l1 = (image - target).abs().mean()
    return (1 - dssim_weight) * l1 + dssim_weight * (1 - ssim_map(image, target).mean())


def offset_penalty(moved: torch.Tensor) -> torch.Tensor:
    """How far Gaussians wander beyond one own width: ``moved`` [N,3] from the start, in widths.

    GaussianAvatars' position loss (threshold 1 in units of the triangle) with the Gaussian's own size as the unit,
    because ours are smaller than their triangles.
    """
    return torch.relu((moved.square().sum(1) + 1e-12).sqrt() - 1).mean()


def scale_penalty(log_scale: torch.Tensor, log_sigma: torch.Tensor, growth: float = 2.0) -> torch.Tensor:
    """Axes [N,3] grown beyond ``growth`` times the first width [N] (GaussianAvatars' scaling loss, likewise)."""
    return torch.relu(log_scale - (log_sigma + math.log(growth))[:, None]).mean()


def needle_penalty(log_scale: torch.Tensor, ratio: float = 3.0) -> torch.Tensor:
    """In-plane axes [N,:2] more than ``ratio`` apart."""
    spread = (log_scale[:, 0] - log_scale[:, 1]).abs()
    return torch.relu(spread - math.log(ratio)).mean()


def psnr(image: torch.Tensor, target: torch.Tensor, mask: torch.Tensor | None = None) -> float:
    """Peak signal to noise in dB of pictures [H,W,3] in 0..1, where ``mask`` bool [H,W] says."""
    squared = (image - target) ** 2
    mean = float((squared if mask is None else squared[mask]).mean())
    return -10 * math.log10(max(mean, 1e-10))
