# Numba kernels: types are inferred, casts choose the machine type.
# ruff: noqa: ANN001, ANN201, RUF046
"""Which splats touch which tile, front to back. Serial on purpose: a few milliseconds, and the same order always."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

TILE = 16  # pixels
_RADIX_BITS = 11
_BUCKETS = 1 << _RADIX_BITS


@njit(cache=True)
def depth_order(depths, radii):
    """Indices int32 [M] of the visible Gaussians from near to far: a stable radix sort of the depths' bits."""
    count = depths.shape[0]
    visible = 0
    index = np.empty(count, np.int32)
    key = np.empty(count, np.uint32)
    bits = depths.view(np.uint32)  # positive floats sort like their bit patterns
    for i in range(count):
        if radii[i, 0] > 0:
            index[visible] = i
            key[visible] = bits[i]
            visible += 1
    source, source_key = index[:visible], key[:visible]
    target, target_key = np.empty(visible, np.int32), np.empty(visible, np.uint32)
    mask = np.uint32(_BUCKETS - 1)
    for digit in range(3):
        shift = np.uint32(_RADIX_BITS * digit)
        start = np.zeros(_BUCKETS + 1, np.int64)
        for i in range(visible):
            start[((source_key[i] >> shift) & mask) + 1] += 1
        for b in range(_BUCKETS):
            start[b + 1] += start[b]
        for i in range(visible):
            bucket = (source_key[i] >> shift) & mask
            place = start[bucket]
            start[bucket] = place + 1
            target[place] = source[i]
            target_key[place] = source_key[i]
        source, target = target, source
        source_key, target_key = target_key, source_key
    return source


@njit(cache=True)
def _span(centre, radius, tiles):
    """First tile and one past the last tile that [centre - radius, centre + radius] touches."""
    first = max(0, min(tiles, int(math.floor((centre - radius) / TILE))))
    last = max(0, min(tiles, int(math.ceil((centre + radius) / TILE))))
    return first, last


@njit(cache=True)
def bin_tiles(order, means2d, radii, columns, rows):
    """Lists of splats per tile.

    Returns ``offsets`` int64 [tiles+1] into ``ids`` int32 [L] (front to back within a tile), ``slots`` int32 [L]: a
    numbering of the same intersections grouped by Gaussian, and ``groups`` int64 [N+1]: Gaussian g owns slots
    groups[g]..groups[g+1]. Gradients are written to slots and summed by group, so no two threads ever add to one cell.
    """
    visible = order.shape[0]
    groups = np.zeros(means2d.shape[0] + 1, np.int64)
    offsets = np.zeros(columns * rows + 1, np.int64)
    rect = np.empty((visible, 4), np.int32)
    for k in range(visible):
        g = order[k]
        x0, x1 = _span(means2d[g, 0], radii[g, 0], columns)
        y0, y1 = _span(means2d[g, 1], radii[g, 1], rows)
        rect[k, 0], rect[k, 1], rect[k, 2], rect[k, 3] = x0, x1, y0, y1
        groups[g + 1] = (x1 - x0) * (y1 - y0)
        for ty in range(y0, y1):
            for tx in range(x0, x1):
                offsets[ty * columns + tx + 1] += 1
    for i in range(groups.shape[0] - 1):
        groups[i + 1] += groups[i]
    for i in range(columns * rows):
        offsets[i + 1] += offsets[i]
    total = offsets[columns * rows]
    ids = np.empty(total, np.int32)
    slots = np.empty(total, np.int32)
    cursor = offsets.copy()
    for k in range(visible):
        g = order[k]
        slot = groups[g]
        for ty in range(rect[k, 2], rect[k, 3]):
            for tx in range(rect[k, 0], rect[k, 1]):
                tile = ty * columns + tx
                place = cursor[tile]
                cursor[tile] = place + 1
                ids[place] = g
                slots[place] = slot
                slot += 1
    return offsets, ids, slots, groups
