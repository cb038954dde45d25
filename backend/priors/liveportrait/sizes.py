"""How wide and deep the networks are. The defaults are the published files'; tests take small ones."""

from __future__ import annotations

from dataclasses import dataclass

BINS = 66
"""Angles are scored in this many bins (``keypoints.angle_degrees``)."""


@dataclass(frozen=True)
class NetworkSizes:
    """Numbers of channels and layers (LivePortrait's ``models.yaml``, read off the state dicts).

    A source image has four times the side of the feature volume, and the frame made from it twice the image's side.
    """

    keypoints: int = 21
    image_first: int = 64
    """Channels after the first convolution of the appearance extractor; they double with each halving."""
    image_halvings: int = 2
    volume_channels: int = 32
    volume_depth: int = 16
    volume_blocks: int = 6
    stage_depths: tuple[int, ...] = (3, 3, 9, 3)
    """Blocks in each stage of ConvNeXt V2 (tiny)."""
    stage_widths: tuple[int, ...] = (96, 192, 384, 768)
    compressed: int = 4
    """Channels of the volume as the motion network sees it."""
    hourglass_first: int = 32
    hourglass_most: int = 1024
    hourglass_blocks: int = 5
    generator_blocks: int = 6
    generator_last: int = 64
    spade_hidden: int = 128
    stitching_hidden: tuple[int, ...] = (128, 128, 64)
    lip_hidden: tuple[int, ...] = (128, 128, 64)
    eye_hidden: tuple[int, ...] = (256, 256, 128, 128, 64)

    @property
    def features(self) -> int:
        """Channels between the warping module and the generator: those of the last halving."""
        return self.image_first * 2**self.image_halvings


PUBLISHED = NetworkSizes()
