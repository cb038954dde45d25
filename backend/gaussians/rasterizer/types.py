"""What goes into a rasterizer and what comes out; the constants every backend shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from ...artifacts import Camera

ALPHA_MIN = 1.0 / 255.0  # a fainter splat does not touch the pixel
ALPHA_MAX = 0.999  # gsplat 1.5; its unreleased 1.6 uses 0.99
TRANSMITTANCE_MIN = 1e-4  # a pixel ends here
EPS2D = 0.3  # px², added to the projected covariance's diagonal
NEAR = 0.01  # metres
FRUSTUM_MARGIN = 0.15  # of the image width: where the projection's Jacobian is held constant
MAX_SIGMAS = 3.33  # exp(-3.33²/2) = ALPHA_MIN: no splat reaches further


class Gaussians(NamedTuple):
    """B scenes of N Gaussians, float32, world (head) frame.

    ``means`` [B,N,3] metres, ``quats`` [B,N,4] wxyz (normalised here), ``scales`` [B,N,3] metres,
    ``opacities`` [B,N] 0..1.
    """

    means: torch.Tensor
    quats: torch.Tensor
    scales: torch.Tensor
    opacities: torch.Tensor


@dataclass(frozen=True)
class Cameras:
    """C pinhole cameras for each of B scenes: ``viewmats`` [B,C,4,4] world-to-camera, ``Ks`` [B,C,3,3] pixels."""

    viewmats: torch.Tensor
    Ks: torch.Tensor
    width: int
    height: int

    @classmethod
    def single(cls, camera: Camera, device: torch.device | str = "cpu") -> Cameras:
        """One camera for one scene."""
        viewmat = torch.as_tensor(camera.viewmat, dtype=torch.float32, device=device)
        K = torch.as_tensor(camera.K, dtype=torch.float32, device=device)
        return cls(viewmat[None, None], K[None, None], camera.width, camera.height)


class ScreenGradients(NamedTuple):
    """Where one view's backward pass puts the gradients of its N pixel positions.

    ``grad`` float32 [N,2]; ``absgrad`` float32 [N,2], or None where nobody asked.
    """

    grad: torch.Tensor
    absgrad: torch.Tensor | None


@dataclass(frozen=True)
class RasterOut:
    """Rendered pictures.

    Attributes:
        image: [B,C,H,W,D], colours over the background; premultiplied when there is none.
        alpha: [B,C,H,W,1].
        depth: [B,C,H,W,1] alpha-weighted camera z in metres (divide by alpha for the expected depth), or None.
        means2d: float32 [B,C,N,2] pixels; meaningless where ``radii`` is 0. The backward pass fills ``means2d.grad``
            [B,C,N,2], d(loss)/d(pixel position), and, when asked for, ``means2d.absgrad`` [B,C,N,2]: the sum over
            pixels of the absolute values of what each adds to it (AbsGS, arXiv 2404.10484; the name is gsplat's).
        radii: int32 [B,C,N,2] half extents in pixels; 0 where the Gaussian is not visible.
    """

    image: torch.Tensor
    alpha: torch.Tensor
    depth: torch.Tensor | None
    means2d: torch.Tensor
    radii: torch.Tensor
