"""Many rays in bounded memory: some at a time, and in training each lot is computed again for its gradient."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .generator import PanoHeadGenerator
from .rays import Rays
from .volume import Rendered


def render_in_chunks(
    network: PanoHeadGenerator, planes: Tensor, rays: Rays, chunk: int, seed: int | None = None
) -> Rendered:
    """What :meth:`PanoHeadGenerator.render` gives, ``chunk`` rays at a time; only depths on nothing may differ.

    Args:
        network: whose field is seen.
        planes: the tri-grid [N,C,R,R].
        rays: M per head.
        chunk: rays at once; bounds what is kept for the gradient, too.
        seed: jitters the samples, differently in each chunk; None: none.
    """
    count = rays.origins.shape[1]
    again = torch.is_grad_enabled() and count > chunk
    lots = []
    for index, first in enumerate(range(0, count, chunk)):
        part = Rays(*(values[:, first : first + chunk] for values in rays))
        lot = _Lot(network, None if seed is None else seed + index)
        seen = checkpoint(lot, planes, *part, use_reentrant=False) if again else lot(planes, *part)
        lots.append(cast(Rendered, seen))
    return Rendered(*(torch.cat(values, 1) for values in zip(*lots, strict=True)))


class _Lot:
    """Renders some rays; the same each time it is called, jitter included."""

    def __init__(self, network: PanoHeadGenerator, seed: int | None) -> None:
        self._network, self._seed = network, seed

    def __call__(self, planes: Tensor, origins: Tensor, directions: Tensor) -> Rendered:
        draws = None if self._seed is None else torch.Generator(planes.device).manual_seed(self._seed)
        return self._network.render(planes, Rays(origins, directions), draws)
