"""The folded MobileNetV2 blocks for a gradient with respect to the picture only, through oneDNN, on a CPU.

torch sends 1x1 convolutions on one thread to a slow path and keeps every intermediate. Here each block keeps two
tensors, clips in place, and its backward pass is convolutions again. The plain modules of ``mobilenet.py`` are the
reference; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .mobilenet import InvertedResidual

_CEILING = 6.0  # of ReLU6


def quick_blocks(network: nn.Sequential) -> list[Callable[[Tensor], Tensor]]:
    """One function per block of a folded network, first the stem; float32 [1,C,H,W], channels last, in and out."""
    stem, *rest = network
    assert isinstance(stem, nn.Sequential) and isinstance(stem[0], nn.Conv2d)
    weight, bias = stem[0].weight, stem[0].bias
    blocks: list[Callable[[Tensor], Tensor]] = [lambda value: _Stem.apply(value, weight, bias)]
    for block in rest:
        assert isinstance(block, InvertedResidual)
        blocks.append(_bound(_Weights.of(block)))
    return blocks


def is_available() -> bool:
    """Whether torch was built with oneDNN."""
    return torch.backends.mkldnn.is_available()


@dataclass(frozen=True)
class _Weights:
    """The convolutions of one folded block; the expanding one is None in the first."""

    expand: nn.Conv2d | None
    depthwise: nn.Conv2d
    project: nn.Conv2d
    residual: bool

    @classmethod
    def of(cls, block: InvertedResidual) -> _Weights:
        convolutions = [module for module in block.modules() if isinstance(module, nn.Conv2d)]
        *first, depthwise, project = convolutions
        return cls(first[0] if first else None, depthwise, project, block.residual)


def _bound(weights: _Weights) -> Callable[[Tensor], Tensor]:
    return lambda value: _Block.apply(value, weights)


class _Stem(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        out = _convolve(value, weight, bias, stride=2).clamp_(0, _CEILING)
        ctx.save_for_backward(value, weight, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore
        value, weight, out = ctx.saved_tensors
        return _input_gradient(torch.ops.aten.hardtanh_backward(grad, out, 0.0, _CEILING), value, weight, 2), None, None


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, weights: _Weights) -> Tensor:
        hidden = value
        if weights.expand is not None:
            hidden = _convolve(value, weights.expand.weight, weights.expand.bias).clamp_(0, _CEILING)
        stride = weights.depthwise.stride[0]
        filtered = _convolve(hidden, weights.depthwise.weight, weights.depthwise.bias, stride).clamp_(0, _CEILING)
        out = _convolve(filtered, weights.project.weight, weights.project.bias)
        ctx.weights = weights
        ctx.save_for_backward(hidden, filtered)
        return out.add_(value) if weights.residual else out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore
        weights: _Weights = ctx.weights
        hidden, filtered = ctx.saved_tensors
        flow = _clip_gradient_(_convolve(grad, weights.project.weight.transpose(0, 1)), filtered)
        flow = _input_gradient(flow, hidden, weights.depthwise.weight, weights.depthwise.stride[0])
        if weights.expand is not None:
            flow = _convolve(_clip_gradient_(flow, hidden), weights.expand.weight.transpose(0, 1))
        return flow.add_(grad) if weights.residual else flow, None


def _convolve(value: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1) -> Tensor:
    """Padded convolution [1,C,H,W]; depthwise where ``weight`` [O,I,k,k] has one input channel."""
    padding, groups = weight.shape[-1] // 2, value.shape[1] // weight.shape[1]
    return torch.mkldnn_convolution(value, weight, bias, [padding] * 2, [stride] * 2, [1, 1], groups)


def _input_gradient(grad: Tensor, value: Tensor, weight: Tensor, stride: int) -> Tensor:
    """Gradient of a padded 3x3 convolution with respect to its input ``value``."""
    steps, groups = [stride] * 2, value.shape[1] // weight.shape[1]
    return torch.ops.aten.convolution_backward(
        grad, value, weight, None, steps, [1, 1], [1, 1], False, [0, 0], groups, [True, False, False]
    )[0]


def _clip_gradient_(grad: Tensor, clipped: Tensor) -> Tensor:
    """Zero ``grad`` in place where ReLU6 gave ``clipped`` its bounds."""
    return torch.ops.aten.hardtanh_backward.grad_input(grad, clipped, 0.0, _CEILING, grad_input=grad)
