"""Compiling the Numba kernels, once per machine: Numba keeps them beside the source or in the user's cache."""

from __future__ import annotations

import torch

from ..progress import Reporter
from .binding_fused import place
from .binding_torch import PosedTriangles
from .losses import photometric
from .rasterizer.cpu import rasterize_one

_MESSAGE = "Preparing the renderer (slow at the first start only)"


def prepare_kernels(reporter: Reporter, until: float = 0.02) -> None:
    """Compile what training on a CPU needs: half a minute at the first start, nothing afterwards.

    Reports fractions from 0 to ``until``; a cancelled job is noticed between two kernels.
    """
    reporter.progress(0.0, _MESSAGE)
    count = 2
    vector, quats = torch.zeros(count, 3), torch.ones(count, 4)
    triangles = PosedTriangles(vector, vector, vector, vector, quats, torch.ones(count, 3))
    scale, ahead = torch.full((count, 3), -4.0), torch.tensor([0.0, 0, 1])
    means, rotations, scales = place(triangles, vector.clone().requires_grad_(), quats, scale)
    K, eye = torch.tensor([[16.0, 0, 8], [0, 16, 8], [0, 0, 1]]), torch.eye(4)
    colors, opacities = torch.ones(count, 3), torch.ones(count)
    reporter.progress(until / 4, _MESSAGE)
    scene = means + ahead, rotations, scales, opacities, colors, eye, K
    image, *_ = rasterize_one(*scene, 16, 16, antialias=False, depth=False)
    reporter.progress(until / 2, _MESSAGE)
    loss = photometric(image, torch.zeros_like(image), 0.2)
    reporter.progress(until * 3 / 4, _MESSAGE)
    loss.backward()
    reporter.progress(until, _MESSAGE)
