"""Cross-view mutual self-attention (FaceCraft4D section 3.2, after MasaCtrl): every view attends to the reference.

A batch under classifier-free guidance holds two *halves*, unconditional and conditional, each of them the same views in
the same order; without guidance there is one. A view reads the reference of its own half.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import torch
from torch.nn.functional import scaled_dot_product_attention


def plain_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None = None
) -> torch.Tensor:
    """Ordinary attention of float [B,heads,N,dim] to [B,heads,M,dim]; ``scale`` None means dim ** -0.5."""
    return scaled_dot_product_attention(query, key, value, scale=scale)


def mutual_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None = None
) -> torch.Tensor:
    """Attention of many views to one reference per half.

    Args:
        query: float [halves*views, heads, N, dim].
        key, value: float [halves, heads, M, dim], the references'.
        scale: None means dim ** -0.5.

    Returns:
        float [halves*views, heads, N, dim].
    """
    halves, heads, _, dim = key.shape
    views, length = query.shape[0] // halves, query.shape[2]
    # Views read the same keys and never each other's, so that their queries make one long sequence: no key is copied.
    joined = query.unflatten(0, (halves, views)).transpose(1, 2).reshape(halves, heads, views * length, dim)
    read = plain_attention(joined, key, value, scale)
    return read.unflatten(2, (views, length)).transpose(1, 2).flatten(0, 1)


def references(batch: torch.Tensor, halves: int) -> torch.Tensor:
    """Item 0 of every half of ``batch`` [halves*views, ...], as [halves, ...]."""
    return batch.unflatten(0, (halves, -1))[:, 0]


class Source(Enum):
    """Where views take the reference's keys and values from."""

    NONE = "none"  # they do not: ordinary self-attention (DDIM inversion)
    BATCH = "batch"  # item 0 of each half is the reference; it is remembered
    MEMORY = "memory"  # the batch holds views only; the reference of the same step passed earlier


@dataclass
class MutualAttention:
    """What all self-attention layers of one network share while it denoises.

    The reference attends only to itself, so its keys and values do not depend on the views beside it: run it once with
    ``Source.BATCH``, then any number of chunks of views with ``Source.MEMORY``, and each view gets what one large batch
    would have given it. The memory holds, for each step and controlled layer, 2 * tokens * channels numbers per half.

    Attributes:
        start_step, start_layer: before either of them attention is ordinary.
        source, step, halves: set by :meth:`begin` before every pass through the network.
    """

    start_step: int
    start_layer: int
    source: Source = Source.NONE
    step: int = 0
    halves: int = 1
    _memory: dict[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)

    def begin(self, source: Source, step: int = 0, halves: int = 1) -> None:
        """Announce a pass: ``step`` counts from 0 where denoising begins, ``halves`` is 2 under guidance."""
        self.source, self.step, self.halves = source, step, halves

    def forget(self) -> None:
        """Drop the reference's keys and values."""
        self._memory.clear()

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None = None
    ) -> torch.Tensor:
        """Self-attention of layer number ``layer``; all tensors float [halves*views, heads, N, dim].

        Raises:
            LookupError: ``Source.MEMORY`` without an earlier pass of the reference in this step.
        """
        if self.source is Source.NONE or self.step < self.start_step or layer < self.start_layer:
            return plain_attention(query, key, value, scale)
        if self.source is Source.BATCH:
            self._memory[self.step, layer] = references(key, self.halves), references(value, self.halves)
        if (self.step, layer) not in self._memory:
            raise LookupError(
                f"no reference for step {self.step}, layer {layer}: "
                "run the reference with Source.BATCH before the views"
            )
        remembered_key, remembered_value = self._memory[self.step, layer]
        if len(remembered_key) != self.halves:
            raise LookupError(f"the reference passed in {len(remembered_key)} halves, the views in {self.halves}")
        return mutual_attention(query, remembered_key, remembered_value, scale)
