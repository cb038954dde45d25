"""How different two pictures look, judged by another network than the one an avatar is trained with.

LPIPS (Zhang et al., CVPR 2018) where the package ``lpips`` and a backbone other than VGG are on this machine already;
otherwise the same construction on the early layers of the face recognition network ``fr_feature.onnx``, without learned
weights. Figures of one name cannot be compared with those of another. ``identity.py`` measures with the last layer of
the same face network: the two are different opinions, but not of different judges.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import torch

from ..gaussians.perceptual import LpipsPerceptual, lpips_is_here
from ..weights.fetch import asset_path


class PerceptualMetric(Protocol):
    """A named distance of pictures."""

    @property
    def name(self) -> str:
        """What measured; part of every figure."""
        ...

    def distance(self, a: np.ndarray, b: np.ndarray) -> float:
        """0 for identical pictures, larger for worse.

        Args:
            a, b: [H,W,3] sRGB, uint8 or float 0..1, same shape, sides at least 112.

        Raises:
            ValueError: shapes differ or are too small.
        """
        ...


def load_metric() -> PerceptualMetric:
    """The best judge on this machine; nothing but ``fr_feature.onnx`` is ever fetched.

    Raises:
        AssetError: no LPIPS is here, and the face network cannot be fetched.
    """
    for backbone in ("alex", "squeeze"):  # LPIPS's authors measure with AlexNet
        if lpips_is_here(backbone):
            return LpipsMetric(LpipsPerceptual(backbone))
    return FaceNetworkMetric()


class LpipsMetric:
    """True LPIPS as a metric of arrays."""

    def __init__(self, lpips: LpipsPerceptual) -> None:
        self._lpips = lpips

    @property
    def name(self) -> str:
        """With its backbone: "LPIPS (AlexNet)"."""
        return self._lpips.name

    def distance(self, a: np.ndarray, b: np.ndarray) -> float:
        """See :class:`PerceptualMetric`."""
        x, y = (torch.from_numpy(picture) for picture in _as_float(a, b))
        with torch.no_grad():
            return float(self._lpips(x, y))


class FaceNetworkMetric:
    """Unit feature vectors of five early layers, squared difference, mean over pixels, then over layers."""

    name = "face network perceptual (fr_feature)"
    # The last layer before each change of resolution (strides 2, 2, 4, 8, 16), as OpenCV names the file's nodes.
    _TAPS = ("onnx_node!PRelu_1", "onnx_node!PRelu_3", "onnx_node!Add_32", "onnx_node!Add_73", "onnx_node!Add_90")

    def __init__(self) -> None:
        path = str(asset_path("fr_feature.onnx"))
        # OpenCV 5's new engine reuses the memory of layers in between; only the old one hands them out.
        engine = {"engine": cv2.dnn.ENGINE_CLASSIC} if hasattr(cv2.dnn, "ENGINE_CLASSIC") else {}
        self._network = cv2.dnn.readNetFromONNX(path, **engine)

    def distance(self, a: np.ndarray, b: np.ndarray) -> float:
        """See :class:`PerceptualMetric`."""
        pairs = zip(*(self._features(picture) for picture in _as_float(a, b)), strict=True)
        return float(np.mean([((x - y) ** 2).sum(axis=1).mean() for x, y in pairs]))

    def _features(self, picture: np.ndarray) -> list[np.ndarray]:
        blob = ((picture * 255 - 127) / 128).transpose(2, 0, 1)[None]
        self._network.setInput(np.ascontiguousarray(blob))
        taps = self._network.forward(self._TAPS)
        return [tap / (np.linalg.norm(tap, axis=1, keepdims=True) + 1e-8) for tap in taps]


def _as_float(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if a.shape != b.shape:
        raise ValueError(f"the pictures differ in shape: {a.shape} and {b.shape}")
    if min(a.shape[:2]) < 112:  # the face network's own input
        raise ValueError(f"the pictures are too small: {a.shape[1]} x {a.shape[0]}, sides of at least 112 are needed")
    x, y = (picture.astype(np.float32) / np.float32(255 if picture.dtype == np.uint8 else 1) for picture in (a, b))
    return x, y
