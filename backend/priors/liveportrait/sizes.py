"""How wide and deep the networks are: read off the files. The defaults are the published files'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Protocol


class Shaped(Protocol):
    """A tensor, as far as this module looks at it."""

    @property
    def shape(self) -> tuple[int, ...]: ...


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

    @staticmethod
    def of_states(states: Mapping[str, Mapping[str, Shaped]]) -> NetworkSizes:
        """Read off the shapes in state dicts, keyed by the fields of ``networks.LivePortraitNetworks``.

        Raises:
            KeyError, IndexError, ArithmeticError: a key is missing, or its shape is no such network's.
        """
        appearance, motion, warping, generator = (
            {key: tuple(value.shape) for key, value in states[name].items()}
            for name in ("appearance", "motion", "warping", "generator")
        )
        channels = appearance["resblocks_3d.3dr0.conv1.weight"][0]
        stages = range(_numbered(motion, "detector.stages.{}.0.norm.weight"))
        hourglass = "dense_motion_network.hourglass"
        levels = _numbered(warping, f"{hourglass}.encoder.down_blocks.{{}}.conv.weight")
        return NetworkSizes(
            keypoints=motion["detector.fc_kp.weight"][0] // 3,
            image_first=appearance["first.conv.weight"][0],
            image_halvings=_numbered(appearance, "down_blocks.{}.conv.weight"),
            volume_channels=channels,
            volume_depth=appearance["second.weight"][0] // channels,
            volume_blocks=_numbered(appearance, "resblocks_3d.3dr{}.conv1.weight"),
            stage_depths=tuple(_numbered(motion, f"detector.stages.{stage}.{{}}.norm.weight") for stage in stages),
            stage_widths=tuple(motion[f"detector.stages.{stage}.0.norm.weight"][0] for stage in stages),
            compressed=warping["dense_motion_network.compress.weight"][0],
            hourglass_first=warping[f"{hourglass}.decoder.up_blocks.{levels - 1}.conv.weight"][0],
            hourglass_most=warping[f"{hourglass}.encoder.down_blocks.{levels - 1}.conv.weight"][0],
            hourglass_blocks=levels,
            generator_blocks=_numbered(generator, "G_middle_{}.conv_0.bias"),
            generator_last=generator["up_1.conv_1.bias"][0],
            spade_hidden=generator["up_0.norm_0.mlp_shared.0.bias"][0],
            stitching_hidden=_hidden(states["stitching"]),
            lip_hidden=_hidden(states["lip"]),
            eye_hidden=_hidden(states["eye"]),
        )


def _numbered(keys: Mapping[str, object], pattern: str) -> int:
    """How many of ``pattern`` there are, counted from 0."""
    return next(index for index in count() if pattern.format(index) not in keys)


def _hidden(state: Mapping[str, Shaped]) -> tuple[int, ...]:
    """Widths of all layers but the last."""
    return tuple(value.shape[0] for key, value in state.items() if key.endswith("bias"))[:-1]
