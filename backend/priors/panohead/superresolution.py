"""Four times the resolution: two more synthesis blocks, from 128 to 512 (EG3D section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .backbone import SynthesisBlock
from .config import FEATURES
from .modulated import Noise

INPUT_SIZE = 128
"""Side of what the blocks take; another size is resized first."""
_HALF_CLAMP = 256.0


class Superresolution(nn.Module):
    """Rendered features and raw colours to the final picture.

    Args:
        w_dim: length of a style.
        widths: feature channels of the two blocks.
        half: allow fp16 on a GPU; clamps the convolutions everywhere.
        antialias: low-pass before the input is made smaller.
    """

    def __init__(self, w_dim: int, widths: tuple[int, int], *, half: bool, antialias: bool) -> None:
        super().__init__()
        clamp = _HALF_CLAMP if half else None
        wide, narrow = widths
        size = INPUT_SIZE
        self.block0 = SynthesisBlock(FEATURES, wide, 3, w_dim, size * 2, half=half, clamp=clamp)
        self.block1 = SynthesisBlock(wide, narrow, 3, w_dim, size * 4, half=half, clamp=clamp)
        self._antialias = antialias

    def forward(self, features: Tensor, colors: Tensor, style: Tensor, noise: Noise) -> Tensor:
        """Features [N,32,R,R], colours [N,3,R,R] and one style [N,w_dim] to [N,3,512,512], about -1..1."""
        styles = style[:, None].expand(-1, 3, -1)
        features, colors = (resized(picture, INPUT_SIZE, self._antialias) for picture in (features, colors))
        features, colors = self.block0(features, colors, styles, noise)
        return self.block1(features, colors, styles, noise)[1]


def resized(picture: Tensor, size: int, antialias: bool) -> Tensor:
    """[N,C,H,W] to [N,C,size,size], bilinear."""
    if picture.shape[2:] == torch.Size([size, size]):
        return picture
    return functional.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False, antialias=antialias)
