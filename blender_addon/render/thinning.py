"""Fewer splats that look like all of them: one speaks for each group of neighbours and grows to cover what they did.

Groups are the cells of a k-d tree over place and colour, so no part of the face loses all of its splats. The one with
the largest weight, opacity times area, stays; its area grows to that of its group (level-of-detail work keeps the sum
of these weights, too: arXiv 2406.12080). Merged Gaussians were tried and are worse: they dim the seams between groups,
and one that holds both lips spans the mouth when it opens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .gather import SplatScene

_COLOR = 0.05  # metres that a whole step of colour counts as
_FAINT, _SOLID = 0.6, 0.9  # opacity: below the first a splat is part of a soft edge, above the second of a surface
_OVERLAP = 0.08  # by which splats of a surface grow more: bells of one size leave gaps that those of all sizes fill
_KEPT = 8  # choices remembered

_choices: dict[tuple[int, int, int], _Choice] = {}


class _Choice(NamedTuple):
    """Rows that stay, int [n]; the factors of their scales, [n,1]; their opacities, [n]."""

    rows: np.ndarray
    growth: np.ndarray
    opacities: np.ndarray


def thinned(splats: SplatScene, most: float) -> SplatScene:
    """About ``most`` of the splats; the same ones in every pose, so that nothing flickers while the face moves."""
    count, kept = len(splats.means), max(int(most), 1)
    if kept >= count:
        return splats
    key = count, kept, hash(splats.opacities.tobytes())  # opacities are the same in every pose
    choice = _choices.get(key)
    if choice is None:
        if len(_choices) >= _KEPT:
            _choices.pop(next(iter(_choices)))
        choice = _choices[key] = _choose(splats, kept)
    return SplatScene(*(values[choice.rows] for values in splats))._replace(
        scales=splats.scales[choice.rows] * choice.growth, opacities=choice.opacities
    )


def _choose(splats: SplatScene, kept: int) -> _Choice:
    order = _neighbours_together(np.column_stack([splats.means, _COLOR * splats.colors]))
    middle, longest = np.sort(splats.scales, axis=1)[:, 1:].T
    weight = (splats.opacities * middle * longest)[order]
    starts = np.arange(kept) * len(order) // kept
    group = np.repeat(np.arange(kept), np.diff(starts, append=len(order)))
    first = np.lexsort((-weight, group))[starts]  # the heaviest of each group
    rows, opacity = order[first], splats.opacities[order[first]]
    surface = np.clip((opacity - _FAINT) / (_SOLID - _FAINT), 0, 1)
    growth = np.sqrt(np.add.reduceat(weight, starts) / np.maximum(weight[first], 1e-20)) * (1 + _OVERLAP * surface)
    covered = 1 - (1 - opacity) ** (len(order) / kept)  # as many in a row
    opacities = opacity + surface * (covered - opacity)
    return _Choice(rows, growth[:, None].astype(np.float32), opacities.astype(np.float32))


def _neighbours_together(points: np.ndarray) -> np.ndarray:
    """An order of the rows of ``points`` [N,D] in which those of every run lie close together, int [N].

    A k-d tree, all cells of a level cut at once: the cells are made equal by repeating the last row.
    """
    count = len(points)
    levels = max(0, int(np.log2(max(count, 1))) - 1)
    size = -(-count // 2**levels)
    rows = np.arange(size * 2**levels)
    points = points[np.minimum(rows, count - 1)]
    for level in range(levels):
        cells = rows.reshape(2**level, -1)
        inside = points[cells]
        widest = np.argmax(inside.max(1) - inside.min(1), axis=1)
        along = np.take_along_axis(inside, widest[:, None, None], axis=2)[..., 0]
        halves = np.argpartition(along, along.shape[1] // 2, axis=1)
        rows = np.take_along_axis(cells, halves, axis=1).ravel()
    return rows[rows < count]
