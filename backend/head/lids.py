"""Eyelids that close on this person's eyes: the blink is computed, not scaled.

The lids are a regular grid of vertices: rows are closed loops round the opening (from the hidden inside of the lid
outwards), columns run from the inner corner over the upper lid to the outer corner and back along the lower lid. A lid
vertex turns about the horizontal axis through the eye's centre, which keeps it on the eyeball; a linear blink cannot do
that for every identity, because openings differ.
"""

from __future__ import annotations

import numpy as np

MARGIN_ROW = 2
"""The row where the lids touch the ball."""
ROW_SWING = np.array([0.75, 0.9, 1.0, 1.0, 0.98, 0.9, 0.75, 0.56, 0.36, 0.17, 0.05])
"""How far each row follows its margin: the lid unfolds from under the crease; its inside lags behind."""
ROW_OPEN = np.array([0.3, 0.8, 1.2, 1.7, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1]) * 1e-3
"""Least height of each row over the ball when open, metres; the rows of the lid's edge lie just there."""
OFF_THE_BALL = np.array([0.25, 0.5, 0.6, 0.8, 1.2, 1.2, 1.2, 1.5, 2.0, 2.5, 3.0]) * 1e-3
"""Least height of each row over anybody's ball, metres."""
ROW_REST = np.array([1.8, 1.9, 2.0, 2.4, 2.7, 2.8, 2.8, 2.6, 2.3, 2.0, 1.9]) * 1e-3
"""Height of each row over the ball when closed, metres; the crease lies deeper than the lid below it.

A lid that moves straight from open to closed cuts the corner by one millimetre, and the cornea bulges by half of one:
heights are what leaves the lid outside on its way, too.
"""
REACH = 0.95
"""Columns further from the middle than this part of the radius have no ball behind them; they keep their depth."""
ROW_SHARE = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.6, 0.3])
"""How much of the motion is computed here; the rest is the artist's blink, which also moves brow and cheek."""
LOWER_RISE = 0.16
"""Part of the opening that the lower lid closes."""
SPARE = 1.12
"""The lids' way at blink 1 over the way that shuts them: at 0.8 an eye must already read as closed."""
OVERLAP = 0.03
"""Radians by which the upper margin passes the lower one, so that no gap is left between the two polylines."""


def _polar(points: np.ndarray, center: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, elevation about the x axis through ``center`` and distance from that axis, each [...]."""
    x, y, z = np.moveaxis(points - center, -1, 0)
    return x, np.arctan2(y, z), np.hypot(y, z)


def _cartesian(x: np.ndarray, elevation: np.ndarray, distance: np.ndarray, center: np.ndarray) -> np.ndarray:
    return np.stack([x, distance * np.sin(elevation), distance * np.cos(elevation)], -1) + center


def opening(points: np.ndarray, center: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Elevation of the upper and the lower margin at every column's x; ``points`` [R,C,3]. Each float64 [C]."""
    x, elevation, _ = _polar(points[MARGIN_ROW], center)
    half = len(x) // 2
    upper = np.arange(half + 1)
    lower = np.r_[0, np.arange(len(x) - 1, half - 1, -1)]

    def along(columns: np.ndarray) -> np.ndarray:
        order = np.argsort(x[columns], kind="stable")
        return np.interp(x, x[columns][order], elevation[columns][order])

    return along(upper), along(lower)


def swing(points: np.ndarray, center: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Lid vertices [R,C,3] after their margins turned up by ``angle`` [C] radians; other rows follow in part."""
    x, elevation, distance = _polar(points, center)
    return _cartesian(x, elevation + ROW_SWING[:, None] * angle, distance, center)


def outside(points: np.ndarray, center: np.ndarray, radius: float | np.ndarray) -> np.ndarray:
    """``points`` [...,3] that lie within ``radius`` (broadcast to [...,1]) of ``center``, moved out to it."""
    offset = points - center
    return center + offset * np.maximum(1, radius / np.linalg.norm(offset, axis=-1, keepdims=True))


def off_the_ball(points: np.ndarray, center: np.ndarray, radius: float) -> np.ndarray:
    """Lid vertices [...,R,C,3] that an unusual face would put into the ball, moved out to OFF_THE_BALL over it."""
    return outside(points, center, radius + OFF_THE_BALL[:, None, None])


def units_off_the_ball(points: np.ndarray, units: np.ndarray, center: np.ndarray, radius: float) -> np.ndarray:
    """Displacements ``units`` [U,R,C,3] changed so that none alone puts the lids ``points`` [R,C,3] into the ball."""
    moving = np.abs(units).max((1, 2, 3)) > 0
    changed = units.copy()
    changed[moving] = off_the_ball(points + units[moving], center, radius) - points
    return changed


def closing(points: np.ndarray, center: np.ndarray, radius: float) -> np.ndarray:
    """Displacement [R,C,3] that closes the lids ``points`` [R,C,3] over a ball of ``radius`` metres."""
    x, elevation, distance = _polar(points, center)
    high, low = opening(points, center)
    gap = np.maximum(high - low, 0)
    meet = low + LOWER_RISE * gap
    reach = gap / max(gap.max(), 1e-6)
    upper = np.arange(len(gap)) < len(gap) // 2
    angle = np.where(upper, meet - high - OVERLAP * reach, meet - low)
    moved = np.minimum(1, 1.6 * reach) * ROW_SWING[:, None]
    on_ball = np.sqrt(np.maximum((radius + ROW_REST[:, None]) ** 2 - x**2, (0.3 * radius) ** 2))
    on_ball = np.where(np.abs(x) < REACH * radius, on_ball, np.maximum(on_ball, distance))
    closed = _cartesian(x, elevation + ROW_SWING[:, None] * angle, distance + moved * (on_ball - distance), center)
    return closed - points


def personal_blink(
    blink: np.ndarray,
    rows: np.ndarray,
    template: tuple[np.ndarray, np.ndarray, float],
    person: tuple[np.ndarray, np.ndarray, float],
) -> np.ndarray:
    """The blink unit [V,3] of the template, changed so that it closes a person's lids.

    Args:
        rows: int [R,C] vertex indices of one eye's lids.
        template, person: (neutral vertices [V,3], centre of the eye [3], radius of the ball) of each.
    """
    result = blink.copy()
    difference = closing(person[0][rows], *person[1:]) - closing(template[0][rows], *template[1:])
    result[rows] = SPARE * (result[rows] + ROW_SHARE[:, None, None] * difference)
    return result
