"""The front of MobileNetV2 (Sandler et al., CVPR 2018) as a frozen feature extractor, without torchvision.

Modules are named as in torchvision, so that its ImageNet file loads strictly. For use, the batch norms are folded into
the convolutions: in eval mode both are linear.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Inverted residual groups: expansion, channels, repeats, first stride (table 2 of the paper).
_GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_PREFIX = "features."


class InvertedResidual(nn.Module):
    """Expand (1x1), filter each channel (3x3), project (1x1); added to the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        layers: list[nn.Module] = [_convolution(inputs, hidden, 1)] if expansion > 1 else []
        layers += [_convolution(hidden, hidden, 3, stride=stride, groups=hidden)]
        layers += [nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)

    def forward(self, value: Tensor) -> Tensor:
        """[N,inputs,H,W] to [N,outputs,H/stride,W/stride]."""
        return value + self.conv(value) if self.residual else self.conv(value)


def read_mobilenet(path: Path, blocks: int) -> nn.Sequential:
    """Return the first ``blocks`` (1 to 18) feature blocks in eval mode, frozen, batch norms as in the file.

    Raises:
        RuntimeError: the file is not torchvision's MobileNetV2: a tensor is missing, unknown or of another shape.
    """
    layers: list[nn.Module] = [_convolution(3, 32, 3, stride=2)]
    channels = 32
    for expansion, outputs, repeats, first_stride in _GROUPS:
        for repeat in range(repeats):
            layers.append(InvertedResidual(channels, outputs, first_stride if repeat == 0 else 1, expansion))
            channels = outputs
    network = nn.Sequential(*layers[:blocks])
    # weights_only reads tensors and nothing else; the file's sha256 was checked when it was fetched.
    state = torch.load(path, map_location="cpu", weights_only=True)
    ours = {name.removeprefix(_PREFIX): value for name, value in state.items() if name.startswith(_PREFIX)}
    network.load_state_dict({name: value for name, value in ours.items() if int(name.partition(".")[0]) < blocks})
    return network.eval().requires_grad_(False)


def folded(network: nn.Sequential) -> nn.Sequential:
    """The same function without batch norms, channels last in memory; ``network`` is not changed."""
    layers: list[nn.Module] = []
    for layer in network:
        if isinstance(layer, nn.BatchNorm2d):
            convolution = layers.pop()
            assert isinstance(convolution, nn.Conv2d)
            layers.append(fuse_conv_bn_eval(convolution, layer))
        elif isinstance(layer, nn.Sequential):
            layers.append(folded(layer))
        elif isinstance(layer, InvertedResidual):
            layers.append(_folded_block(layer))
        else:
            layers.append(layer)
    result = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return result.eval().requires_grad_(False)


def _folded_block(block: InvertedResidual) -> InvertedResidual:
    result = InvertedResidual.__new__(InvertedResidual)
    nn.Module.__init__(result)
    result.residual, result.conv = block.residual, folded(block.conv)
    return result


def _convolution(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())
