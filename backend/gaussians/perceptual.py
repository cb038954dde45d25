"""How different two pictures look, by a network's features: the paper's third loss, always under its own name.

LPIPS (Zhang et al., CVPR 2018) where the package ``lpips`` and its backbone are on this machine already; otherwise the
same construction on MobileNetV2, without learned weights: its figures are not LPIPS's and are never called so. A
target's features are computed once and kept.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ..progress import Reporter
from ..weights.fetch import asset_path
from .mobilenet import folded, read_mobilenet
from .mobilenet_cpu import is_available, quick_blocks

Backbone = Literal["vgg", "alex", "squeeze"]
# Name, file in torch hub's folder (it carries the start of its sha256), channels and stride of each tap.
_LPIPS: dict[Backbone, tuple[str, str, tuple[tuple[int, int], ...]]] = {
    "vgg": ("LPIPS (VGG)", "vgg16-397923af.pth", ((64, 1), (128, 2), (256, 4), (512, 8), (512, 16))),
    "alex": ("LPIPS (AlexNet)", "alexnet-owt-7be5be79.pth", ((64, 4), (192, 8), (384, 16), (256, 16), (256, 16))),
    "squeeze": (
        "LPIPS (SqueezeNet)",
        "squeezenet1_1-b8a52dc0.pth",
        ((64, 2), (128, 4), (256, 8), (384, 16), (384, 16), (512, 16), (512, 16)),
    ),
}
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1e-8
_STORED = torch.float16  # of unit vectors: an error of 2e-4, in half the memory


class Perceptual(ABC):
    """Distance between feature maps: unit vectors per pixel, squared difference over channels, mean over the picture.

    Attributes:
        name: what it is, for the provenance.
    """

    name: str
    _shapes: tuple[tuple[int, int], ...]
    """Channels and stride of each tap."""
    _scale: float
    """Of the sum over taps."""

    def __init__(self, device: torch.device | str, bf16: bool) -> None:
        self.device = torch.device(device)
        self._bf16 = bf16 and self.device.type == "cuda"
        self._roots: list[Tensor | None] = [None] * len(self._shapes)
        """Square roots of each tap's channel weights [1,C,1,1]; none where all are 1."""

    def __call__(self, image: Tensor, target: Tensor) -> Tensor:
        """Distance of two pictures, both float32 [H,W,3] in 0..1, for a target that is seen once."""
        return self.distance(image, self.features(target))

    def features(self, image: Tensor) -> list[Tensor]:
        """What :meth:`distance` compares with: (weighted) unit vectors, float16 [1,C,h,w] per tap, without gradient.

        Args:
            image: float32 [H,W,3] in 0..1, sides at least 32.
        """
        with torch.no_grad():
            return [unit.to(_STORED) for unit in self._units(image)]

    def distance(self, image: Tensor, target: list[Tensor]) -> Tensor:
        """Scalar with a gradient; for identical pictures no more than 1e-6.

        Args:
            image: float32 [H,W,3] in 0..1, sides at least 32.
            target: :meth:`features` of a picture of the same size.
        """
        terms = [((unit - kept) ** 2).sum(1).mean() for unit, kept in zip(self._units(image), target, strict=True)]
        return torch.stack(terms).sum() * self._scale

    def feature_bytes(self, height: int, width: int) -> int:
        """Memory of :meth:`features` of one picture of this size; some layers round down, then it is less."""
        values = sum(channels * -(-height // stride) * -(-width // stride) for channels, stride in self._shapes)
        return values * _STORED.itemsize

    def _units(self, image: Tensor) -> list[Tensor]:
        """Each tap divided by its norm over channels, then weighted; float32 [1,C,h,w]."""
        # [H,W,3] seen as [1,3,H,W] is channels last already.
        with torch.autocast("cuda", torch.bfloat16, enabled=self._bf16):
            taps = [tap.float() for tap in self._taps(image.permute(2, 0, 1)[None])]
        units = [tap / (torch.linalg.vector_norm(tap, dim=1, keepdim=True) + _EPSILON) for tap in taps]
        return [unit if root is None else unit * root for unit, root in zip(units, self._roots, strict=True)]

    @abstractmethod
    def _taps(self, image: Tensor) -> list[Tensor]:
        """Raw features [1,C,h,w] of float32 [1,3,H,W] in 0..1."""


class MobileNetPerceptual(Perceptual):
    """On the first seven blocks of MobileNetV2; all channels count alike; mean over four taps."""

    name = "MobileNetV2 perceptual"
    _TAPS = (0, 1, 3, 6)
    _shapes = ((32, 2), (16, 2), (24, 4), (32, 8))
    _scale = 1 / len(_TAPS)

    def __init__(self, path: Path, device: torch.device | str = "cpu", *, bf16: bool = True) -> None:
        super().__init__(device, bf16)
        network = folded(read_mobilenet(path, self._TAPS[-1] + 1)).to(self.device)
        quick = self.device.type == "cpu" and is_available()
        self._blocks: list[Callable[[Tensor], Tensor]] = quick_blocks(network) if quick else list(network)
        self._mean = torch.tensor(_MEAN, device=self.device).view(1, 3, 1, 1)
        self._std = torch.tensor(_STD, device=self.device).view(1, 3, 1, 1)

    def _taps(self, image: Tensor) -> list[Tensor]:
        value, taps = (image - self._mean) / self._std, []
        for index, block in enumerate(self._blocks):
            value = block(value)
            if index in self._TAPS:
                taps.append(value)
        return taps


class LpipsPerceptual(Perceptual):
    """LPIPS v0.1 of the package ``lpips``: its value, but a target's features can be kept."""

    _scale = 1.0

    def __init__(self, backbone: Backbone, device: torch.device | str = "cpu", *, bf16: bool = True) -> None:
        self.name, _, self._shapes = _LPIPS[backbone]
        super().__init__(device, bf16)
        package: Any = importlib.import_module("lpips")
        network = package.LPIPS(net=backbone, verbose=False).to(self.device).eval().requires_grad_(False)
        self._network = network.to(memory_format=torch.channels_last)
        self._roots = [head.model[-1].weight.sqrt() for head in network.lins]  # trained not to be negative

    def _taps(self, image: Tensor) -> list[Tensor]:
        return list(self._network.net(self._network.scaling_layer(image * 2 - 1)))


def load_perceptual(
    device: torch.device | str = "cpu", *, bf16: bool = True, reporter: Reporter | None = None
) -> Perceptual:
    """The distance to train with: LPIPS (VGG) where it is, else MobileNetV2's, fetched on first use.

    Args:
        device: where pictures will be.
        bf16: on CUDA, run the network in bfloat16.
        reporter: hears of the fetch.

    Raises:
        AssetError: neither is here and MobileNetV2 cannot be fetched.
    """
    path = fetch_perceptual(reporter)
    if path is None:
        return LpipsPerceptual("vgg", device, bf16=bf16)
    return MobileNetPerceptual(path, device, bf16=bf16)


def fetch_perceptual(reporter: Reporter | None = None) -> Path | None:
    """The file that :func:`load_perceptual` reads, fetched on first use; None where LPIPS (VGG) is.

    Raises:
        AssetError: it is not here and cannot be fetched.
    """
    return None if lpips_is_here("vgg") else asset_path("mobilenet_v2.pth", reporter)


def lpips_is_here(backbone: Backbone) -> bool:
    """Whether LPIPS can be built without a download: package, torchvision and the whole backbone are on this machine.

    Otherwise torchvision would fetch up to 528 MB without asking, or hang without network.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / _LPIPS[backbone][1]
    if importlib.util.find_spec("lpips") is None or not path.is_file():
        return False
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):  # RuntimeError: built for another torch
        return False
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest.startswith(path.stem.rpartition("-")[2])
