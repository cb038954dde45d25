"""The training pictures as the perceptual network sees them, computed once each while memory allows."""

from __future__ import annotations

import torch

from ..config import ReconstructionConfig
from .frames import Frame, over
from .perceptual import Perceptual

_GREY = 0.5


class TargetFeatures:
    """Perceptual distance of renders to training frames, over mid grey, so that a frame's features never change."""

    def __init__(self, perceptual: Perceptual, config: ReconstructionConfig) -> None:
        self.perceptual = perceptual
        self._left = config.perceptual_cache_mb * 2**20
        self._kept: dict[int, list[torch.Tensor]] = {}

    def distance(self, frame: Frame, image: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """Of a premultiplied render [h,w,3] with its alpha [h,w,1] to ``frame``."""
        return self.perceptual.distance(image + (1 - alpha) * _GREY, self._features(frame))

    def _features(self, frame: Frame) -> list[torch.Tensor]:
        if frame.index in self._kept:
            return self._kept[frame.index]
        with torch.no_grad():
            features = self.perceptual.features(over(frame.rgba, frame.rgba.new_full((3,), _GREY)))
        size = sum(f.numel() * f.element_size() for f in features)
        if size <= self._left:
            self._left -= size
            self._kept[frame.index] = features
        return features
