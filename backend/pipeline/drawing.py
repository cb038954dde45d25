"""A picture of splats for who asks: as the training rasterizer draws them, on the device that trains."""

from __future__ import annotations

import numpy as np
import torch

from ...protocol.messages import Draw, Drawn
from ..gaussians.device import training_device
from ..gaussians.rasterizer import Cameras, Gaussians, rasterize


def draw(question: Draw) -> Drawn:
    """Draw the splats of ``question`` on nothing."""
    device = training_device()
    torch.set_num_threads(1)  # beside Numba's

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, dtype=torch.float32, device=device)[None]  # copies: what was sent is read-only

    splats = Gaussians(*map(tensor, (question.means, question.quats, question.scales, question.opacities)))
    camera = Cameras(tensor(question.viewmat)[None], tensor(question.K)[None], question.width, question.height)
    with torch.no_grad():
        out = rasterize(splats, camera, colors=tensor(question.colors), depth=True)
    assert out.depth is not None
    rgba = torch.cat([out.image, out.alpha], -1)[0, 0]
    return Drawn(question.job, rgba.half().cpu().numpy(), out.depth[0, 0, ..., 0].cpu().numpy())
