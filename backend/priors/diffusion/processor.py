"""Puts :class:`.attention.MutualAttention` into a UNet of diffusers, without importing diffusers.

Facts about diffusers used here (version 0.31 and later): a UNet's ``attn_processors`` names every attention layer,
``...attn1.processor`` being self-attention; ``set_attn_processor`` takes a dictionary of the same names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from .attention import MutualAttention

_EXECUTION_ORDER = ("down_blocks", "mid_block", "up_blocks")


class AttentionLayer(Protocol):
    """The part of diffusers' ``Attention`` module that self-attention in a transformer block uses."""

    heads: int
    scale: float
    to_q: Any
    to_k: Any
    to_v: Any
    to_out: Any


class UNet(Protocol):
    """The part of diffusers' ``UNet2DConditionModel`` that is used here."""

    @property
    def attn_processors(self) -> dict[str, Any]: ...

    def set_attn_processor(self, processor: Any) -> None: ...


def self_attention_layers(unet: UNet) -> list[str]:
    """Names of the self-attention processors in the order of execution (70 in SDXL); their index is the layer number.

    diffusers lists the blocks as down, up, mid; within a block its order is that of execution.
    """
    names = [name for name in unet.attn_processors if name.endswith("attn1.processor")]
    return sorted(names, key=lambda name: _EXECUTION_ORDER.index(name.partition(".")[0]))


@dataclass
class MutualSelfAttentionProcessor:
    """Takes the place of the self-attention processor of layer number ``layer``; cross-attention keeps its own."""

    control: MutualAttention
    layer: int

    def __call__(self, attn: AttentionLayer, hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        """Self-attention of ``hidden_states`` float [B,N,channels], as in a transformer block: no mask, no norm."""

        def heads(projected: torch.Tensor) -> torch.Tensor:
            return projected.unflatten(2, (attn.heads, -1)).transpose(1, 2)

        query, key, value = (heads(project(hidden_states)) for project in (attn.to_q, attn.to_k, attn.to_v))
        read = self.control.attend(self.layer, query, key, value, attn.scale).transpose(1, 2).flatten(2)
        projection, dropout = attn.to_out
        return dropout(projection(read))


@contextmanager
def mutual_self_attention(unet: UNet, control: MutualAttention) -> Iterator[None]:
    """While inside, ``control`` decides what ``unet``'s self-attention layers read; afterwards all is as before."""
    before = dict(unet.attn_processors)
    layers = {name: index for index, name in enumerate(self_attention_layers(unet))}
    ours = {name: MutualSelfAttentionProcessor(control, index) for name, index in layers.items()}
    unet.set_attn_processor({**before, **ours})
    try:
        yield
    finally:
        unet.set_attn_processor(before)
