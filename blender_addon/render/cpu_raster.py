"""Splats to pixels in numpy alone: the headless renderer, equal to the one the avatar was trained with.

The picture is cut into tiles of 4 x 4 pixels and every tile gets the list of splats that touch it, nearest first. The
lists are blended in *layers*: layer k holds the k-th splat of every tile, so that one numpy operation blends a whole
layer of the picture, and tiles that have become opaque drop out: what lies behind the surface costs nothing.
Memory stays bounded because rows of tiles are taken in bands. Constants: ``backend/conventions.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .projection import ALPHA_MIN, Splats2D, View, project

ALPHA_MAX = 0.999
TRANSMITTANCE_MIN = 1e-4  # a pixel ends here
TILE = 4  # pixels
MAX_PAIRS = 3_000_000  # (tile, splat) pairs of one band: about 60 MB
MAX_TILES = 65_536  # tile numbers of a band fit 16 bits, which numpy sorts by radix
_DEAD_SHARE = 0.15  # of the tiles of a layer, before they are taken out


class Raster(NamedTuple):
    """A picture, float32: ``color`` [H,W,3] premultiplied, ``alpha`` [H,W], ``depth`` [H,W] alpha-weighted metres."""

    color: np.ndarray
    alpha: np.ndarray
    depth: np.ndarray


class _TileLists(NamedTuple):
    """Splats of T tiles: those of tile t are ``splat[start[t] : start[t] + count[t]]``, nearest first."""

    tile: np.ndarray  # number of each tile in the whole picture, row by row
    splat: np.ndarray
    start: np.ndarray
    count: np.ndarray


def rasterize(
    means: np.ndarray,
    quats: np.ndarray,
    scales: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
    view: View,
) -> Raster:
    """Render N Gaussians on nothing.

    Args:
        means: [N,3] metres, world. quats: [N,4] wxyz. scales: [N,3] metres. opacities: [N] 0..1.
        colors: [N,3], blended as they are: give display-space colours.
    """
    splats = project(means, quats, scales, opacities, view)
    features = np.column_stack([colors[splats.index], np.ones(len(splats.index)), splats.depth]).astype(np.float32)
    columns, rows = -(-view.width // TILE), -(-view.height // TILE)
    picture = np.zeros((rows * columns, features.shape[1], TILE * TILE), np.float32)
    for lists in _bands(splats, columns, rows):
        picture[lists.tile] = _blend(lists, splats, features, columns)
    picture = picture.reshape(rows, columns, -1, TILE, TILE).transpose(0, 3, 1, 4, 2)
    picture = picture.reshape(rows * TILE, columns * TILE, -1)[: view.height, : view.width]
    return Raster(picture[..., :3].copy(), picture[..., 3].copy(), picture[..., 4].copy())


def _bands(splats: Splats2D, columns: int, rows: int) -> Iterator[_TileLists]:
    """Tile lists of the picture, some rows of tiles at a time."""
    if not len(splats.index):
        return
    center, radius = splats.center[:, 1], splats.radius[:, 1]
    first = np.clip(np.floor((center - radius) / TILE), 0, rows - 1).astype(np.int32)
    last = np.clip(np.floor((center + radius) / TILE), 0, rows - 1).astype(np.int32)
    splat, row = _expand(first, last)
    low, high = _columns_touched(splats, splat, row, columns)
    touched = np.flatnonzero(low <= high)
    splat, row, low, high = splat[touched], row[touched], low[touched], high[touched]
    pairs_of_row = np.bincount(row, weights=high - low + 1, minlength=rows)
    for top, bottom in _cut(pairs_of_row, max(1, MAX_TILES // columns)):
        inside = np.flatnonzero((row >= top) & (row < bottom))
        if inside.size:
            part, column = _expand(low[inside], high[inside])
            tile = ((row[inside][part] - top) * columns + column).astype(np.uint16)
            yield _lists(tile, splat[inside][part], top * columns)


def _cut(pairs_of_row: np.ndarray, max_rows: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that together hold at most MAX_PAIRS pairs (a single row may hold more)."""
    top, pairs = 0, 0.0
    for row, count in enumerate(pairs_of_row):
        if row > top and (pairs + count > MAX_PAIRS or row - top == max_rows):
            yield top, row
            top, pairs = row, 0.0
        pairs += count
    yield top, len(pairs_of_row)


def _expand(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every i the numbers first[i]..last[i]: owners int [P] and numbers int32 [P], owners ascending."""
    count = last - first + 1
    owner = np.repeat(np.arange(len(first)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    return owner, number.astype(np.int32)


def _columns_touched(
    splats: Splats2D, splat: np.ndarray, row: np.ndarray, columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """First and last tile column that each splat's ellipse touches in a row of tiles; first > last where none.

    A thin slanted splat (a hair) touches far fewer tiles than its bounding box holds.
    """
    xx, xy, yy = splats.conic[splat].astype(np.float64).T
    radius = splats.radius[splat].astype(np.float64)
    limit = 2 * np.log(splats.opacity[splat].astype(np.float64) / ALPHA_MIN)  # ellipse: d' conic d = limit
    top = row * TILE + 0.5 - splats.center[splat, 1]  # offsets of the row's first and last pixel centres
    bottom = top + TILE - 1
    # where the ellipse is widest: x = radius, y = -xy/yy x; within the row it is widest as near to that as possible
    at = -xy / yy * radius[:, 0]
    right = _ellipse_edge(np.clip(at, top, bottom), xx, xy, yy, limit, 1.0)
    left = _ellipse_edge(np.clip(-at, top, bottom), xx, xy, yy, limit, -1.0)
    center = splats.center[splat, 0]
    low = np.ceil((center + left - TILE + 0.5) / TILE)  # pixel centres of column c: 4c + 0.5 .. 4c + 3.5
    high = np.floor((center + right - 0.5) / TILE)
    return np.clip(low, 0, None).astype(np.int32), np.clip(high, -1, columns - 1).astype(np.int32)


def _ellipse_edge(
    y: np.ndarray, xx: np.ndarray, xy: np.ndarray, yy: np.ndarray, limit: np.ndarray, side: float
) -> np.ndarray:
    """x of the ellipse's edge at height y, a hair outwards; far on the other side where it does not reach y."""
    inside = xy * xy * y * y - xx * (yy * y * y - limit)
    edge = (-xy * y + side * np.sqrt(np.maximum(inside, 0))) / xx + side * 1e-3
    return np.where(inside >= 0, edge, -side * 1e6)


def _lists(tile: np.ndarray, splat: np.ndarray, first_tile: int) -> _TileLists:
    """Group pairs by tile. Splats come nearest first and the sort is stable, so every list does too."""
    order = np.argsort(tile, kind="stable")
    count = np.bincount(tile)
    used = np.flatnonzero(count)
    start = np.cumsum(count) - count
    return _TileLists(used + first_tile, splat[order], start[used], count[used])


def _blend(lists: _TileLists, splats: Splats2D, features: np.ndarray, columns: int) -> np.ndarray:
    """Blend all lists front to back: float32 [T,C,16]."""
    # one row more, fully transparent: what a list that has ended gives
    center = np.append(splats.center, np.zeros((1, 2), np.float32), 0)
    conic = np.append(splats.conic * np.float32([0.5, 1.0, 0.5]), np.zeros((1, 3), np.float32), 0)
    opacity = np.append(splats.opacity, np.float32(0))
    features = np.append(features, np.zeros((1, features.shape[1]), np.float32), 0)
    nothing = len(splats.opacity)

    done = np.zeros((len(lists.tile), features.shape[1], TILE * TILE), np.float32)
    place = np.arange(len(lists.tile))  # where the open tiles' results go
    start, count = lists.start, lists.count
    steps = np.arange(TILE, dtype=np.float32) + 0.5
    x = ((lists.tile % columns) * TILE).astype(np.float32)[:, None] + steps  # [T,4]
    y = ((lists.tile // columns) * TILE).astype(np.float32)[:, None] + steps
    light = np.ones((len(place), TILE * TILE), np.float32)  # transmittance
    total = np.zeros_like(done)
    layer = 0
    while place.size:
        splat = np.where(count > layer, lists.splat[np.minimum(start + layer, len(lists.splat) - 1)], nothing)
        dx, dy = x - center[splat, :1], y - center[splat, 1:]
        alpha = _alpha(dx, dy, conic[splat], opacity[splat])
        weight = alpha * light
        left = light - weight
        weight[left <= TRANSMITTANCE_MIN] = 0  # the splat that would close the pixel is not drawn any more
        light = np.where(left <= TRANSMITTANCE_MIN, 0, left)
        total += features[splat][:, :, None] * weight[:, None, :]
        layer += 1
        open_tiles = (count > layer) & (light.max(1) > 0)
        if open_tiles.sum() < (1 - _DEAD_SHARE) * len(place) or not open_tiles.any():
            done[place[~open_tiles]] = total[~open_tiles]
            keep = np.flatnonzero(open_tiles)
            place, start, count, x, y = place[keep], start[keep], count[keep], x[keep], y[keep]
            light, total = light[keep], total[keep]
    return done


def _alpha(dx: np.ndarray, dy: np.ndarray, conic: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Alpha of one splat a tile at its 16 pixels: float32 [T,16]. ``conic`` has its diagonal halved."""
    power = (dy * conic[:, 1:2])[:, :, None] * dx[:, None, :]
    power += (dx * dx * conic[:, :1])[:, None, :]
    power += (dy * dy * conic[:, 2:])[:, :, None]
    power = np.negative(power, out=power).reshape(len(dx), -1)
    alpha = np.exp(power, out=power)
    alpha *= opacity[:, None]
    np.minimum(alpha, np.float32(ALPHA_MAX), out=alpha)
    alpha[alpha < ALPHA_MIN] = 0
    return alpha
