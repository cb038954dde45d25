"""StyleGAN2's synthesis network with skip connections: styles to a picture of any number of channels."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .config import BackboneConfig
from .layers import doubled
from .modulated import Noise, StyledColors, StyledConvolution

_FIRST = 4  # side of the learned constant that everything grows from
_LEAST_HALF = 8  # below, fp16 gains nothing


class SynthesisBlock(nn.Module):
    """The layers of one resolution: features grow to twice their size, and so does the picture, which is added to.

    Args:
        inputs: feature channels in; 0: the block begins with its learned constant.
        outputs: feature channels out.
        channels: channels of the picture.
        w_dim: length of a style.
        resolution: side of the output.
        half: compute in fp16 where the features lie on a GPU.
        clamp: bound on what a convolution returns.
    """

    resample_filter: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        channels: int,
        w_dim: int,
        resolution: int,
        *,
        half: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.register_buffer("resample_filter", torch.empty(4, 4))
        if inputs:
            self.conv0 = StyledConvolution(inputs, outputs, w_dim, resolution, grows=True, clamp=clamp)
        else:
            self.const = nn.Parameter(torch.empty(outputs, resolution, resolution))
        self.conv1 = StyledConvolution(outputs, outputs, w_dim, resolution, grows=False, clamp=clamp)
        self.torgb = StyledColors(outputs, channels, w_dim, clamp)
        self._begins = not inputs
        self.in_half = half

    @property
    def convolutions(self) -> int:
        """Styles that this block uses up; its colours share the next block's first."""
        return 1 if self._begins else 2

    def forward(
        self, features: Tensor | None, picture: Tensor | None, styles: Tensor, noise: Noise
    ) -> tuple[Tensor, Tensor]:
        """Features [N,inputs,R/2,R/2] and fp32 picture [N,channels,R/2,R/2] to both at R.

        ``styles`` [N,convolutions+1,w_dim]: one per convolution, then that of the colours. A first block takes None.
        """
        dtype = computed_in(self.in_half, styles.device)
        if features is None:
            grown = self.const.to(dtype).expand(len(styles), -1, -1, -1)
        else:
            grown = self.conv0(features.to(dtype), styles[:, 0], noise)
        result = self.conv1(grown, styles[:, -2], noise)
        colors = self.torgb(result, styles[:, -1])
        return result, colors if picture is None else doubled(picture, self.resample_filter) + colors


def computed_in(half: bool, device: torch.device) -> torch.dtype:
    """fp16 only on a GPU: elsewhere it is slower than fp32."""
    return torch.float16 if half and device.type == "cuda" else torch.float32


class SynthesisNetwork(nn.Module):
    """Blocks from 4x4 to the resolution of ``config``."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        sides = [_FIRST << level for level in range((config.resolution // _FIRST).bit_length())]
        least_half = max((config.resolution * 2) >> config.half_resolutions, _LEAST_HALF)
        inputs = 0
        for side in sides:
            outputs = min(config.channel_base // side, config.channel_max)
            block = SynthesisBlock(
                inputs,
                outputs,
                config.channels,
                config.w_dim,
                side,
                half=side >= least_half,
                clamp=config.clamp,
            )
            self.add_module(f"b{side}", block)
            inputs = outputs
        self._sides = sides

    @property
    def blocks(self) -> list[SynthesisBlock]:
        """From the lowest resolution to the highest."""
        return [cast(SynthesisBlock, self.get_submodule(f"b{side}")) for side in self._sides]

    @property
    def styles(self) -> int:
        """How many styles :meth:`forward` takes."""
        return sum(block.convolutions for block in self.blocks) + 1

    def forward(self, styles: Tensor, noise: Noise) -> Tensor:
        """Styles [N,styles,w_dim] to [N,channels,resolution,resolution], fp32."""
        features: Tensor | None = None
        picture: Tensor | None = None
        first = 0
        for block in self.blocks:
            used = styles[:, first : first + block.convolutions + 1]
            features, picture = block(features, picture, used, noise)
            first += block.convolutions
        assert picture is not None
        return picture
