"""Spectral norm worked into the weights once (Miyato et al. 2018): at inference it is a constant factor."""

from __future__ import annotations

from collections.abc import Mapping

import torch

_RAW, _LEFT, _RIGHT = ".weight_orig", ".weight_u", ".weight_v"


def folded(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dict in which ``weight`` = ``weight_orig`` / (u W v) stands for PyTorch's old triple of keys.

    W is the weight [O,...] as a matrix [O,-1], u [O] and v [-1] its stored singular vectors. Other keys stay.

    Raises:
        KeyError: a triple is not complete; the message names the key that is missing or left over.
    """
    rest = dict(state)
    for key in [key for key in state if key.endswith(_RAW)]:
        layer = key.removesuffix(_RAW)
        raw, left, right = (rest.pop(layer + end) for end in (_RAW, _LEFT, _RIGHT))
        largest = left.double() @ raw.double().flatten(1) @ right.double()
        rest[f"{layer}.weight"] = (raw / largest).to(raw.dtype)
    over = [key for key in rest if key.endswith((_LEFT, _RIGHT))]
    if over:
        raise KeyError(over[0])
    return rest
