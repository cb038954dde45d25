"""Sets eyeballs of one true size behind the lids of every sampled identity, and lays the lids on them.

Adult eyeballs hardly differ in size. A ball that only moves with the identity stays a sphere for everybody, so gaze is
exact and what touches it can be computed. MakeHuman's lids fit a ball of 15 mm; here they are bent onto one of 12 mm.
"""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from cameo.backend.head.lids import MARGIN_ROW, ROW_OPEN, ROW_REST

from .inner_parts import EYE_RADIUS

MIDDLE_COLUMNS = (5, 6, 7, 8, 20, 21, 22)
"""Columns of the lid grid over the iris, upper and lower: they say how far forward the ball lies."""
NEAR, FAR = 0.72, 1.06
"""Lids are laid on the ball within this part of its radius about its axis, and let go towards the corners."""
FOLLOW = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.86, 0.66, 0.46, 0.28, 0.14, 0.05])
"""How much of the motion of the lid's edge each row takes over."""
SOCKET_GAP = 0.0010
"""Least distance between the ball and the socket behind the lids, metres."""
HALFWAY = 0.0006
"""Least height of lids over the ball halfway to a unit's full value: straight ways cut corners, metres."""


@dataclass(frozen=True)
class EyeParts:
    """Vertices of one eye.

    Attributes:
        lids: int [R,C] grid. socket: int [n], skin behind the lids. ball: int [m].
        profile: [m,3], the ball about its centre, metres.
    """

    lids: np.ndarray
    socket: np.ndarray
    ball: np.ndarray
    profile: np.ndarray


def socket_vertices(faces: np.ndarray, lids: np.ndarray) -> np.ndarray:
    """Vertices behind the innermost row of ``lids`` [R,C]; ``faces`` [F,3] of the skin."""
    seen, front = np.unique(lids), np.unique(lids[0])
    found: list[np.ndarray] = []
    while len(front):
        around = np.unique(faces[np.isin(faces, front).any(1)])
        front = np.setdiff1d(around, seen)
        seen = np.concatenate([seen, front])
        found.append(front)
    return np.concatenate(found)


def seat(points: np.ndarray, eye: EyeParts) -> np.ndarray:
    """Set the ball and lay the lids on it, in place; ``points`` [S,V,3]. Returns the centres [S,3]."""
    at_center = np.append(np.zeros(3), 1) @ np.linalg.pinv(np.pad(eye.profile, ((0, 0), (0, 1)), constant_values=1))
    center = np.einsum("m,smx->sx", at_center, points[:, eye.ball])
    margin = points[:, eye.lids[MARGIN_ROW, list(MIDDLE_COLUMNS)]]
    offset = margin - center[:, None]
    reach = EYE_RADIUS + ROW_OPEN[MARGIN_ROW]
    depth = np.sqrt(np.maximum(reach**2 - (offset[..., :2] ** 2).sum(-1), (0.5 * reach) ** 2))
    center[:, 2] = (margin[..., 2] - depth).mean(1)
    return rest_on(points, eye, center)


def rest_on(points: np.ndarray, eye: EyeParts, center: np.ndarray) -> np.ndarray:
    """Put the ball at ``center`` [S,3] and lay the lids on it, in place; returns ``center``."""
    points[:, eye.ball] = center[:, None] + eye.profile
    lids = points[:, eye.lids] - center[:, None, None]
    points[:, eye.lids] = center[:, None, None] + _laid(lids)
    socket = points[:, eye.socket] - center[:, None]
    distance = np.linalg.norm(socket, axis=-1, keepdims=True)
    points[:, eye.socket] = center[:, None] + socket * np.maximum(1, (EYE_RADIUS + SOCKET_GAP) / distance)
    return center


def _laid(lids: np.ndarray) -> np.ndarray:
    """Lids [S,R,C,3] about the ball's centre, laid on it: rows to the edge of the lid exactly, outer ones in part."""
    wanted = EYE_RADIUS + ROW_OPEN[:, None]
    across = np.linalg.norm(lids[..., :2], axis=-1)
    ease = np.clip((FAR - across / wanted) / (FAR - NEAR), 0, 1)
    share = ease * ease * (3 - 2 * ease)
    on_ball = np.sqrt(np.maximum(wanted**2 - across**2, (0.25 * EYE_RADIUS) ** 2))
    shift = share * (on_ball - lids[..., 2])
    edge = len(ROW_OPEN) - np.count_nonzero(FOLLOW < 1)
    shift[:, edge:] = FOLLOW[edge:, None] * shift[:, edge - 1 : edge]
    laid = lids.copy()
    laid[..., 2] += shift
    distance = np.linalg.norm(laid, axis=-1, keepdims=True)
    least = wanted[..., None]
    laid *= np.maximum(1, least / distance)
    # the innermost row closes the corners, where no ball lies behind the margin
    inner = laid[:, 0]
    length = np.linalg.norm(inner, axis=-1, keepdims=True)
    tuck = np.where(share[:, 0, :, None] < 0.5, EYE_RADIUS, length)
    laid[:, 0] = inner * np.minimum(1, tuck / length)
    return laid


def keep_off(points: np.ndarray, unit: np.ndarray, eye: EyeParts, center: np.ndarray, slack: float = 0.0) -> None:
    """Change ``unit`` [V,3] in place so that at 1 it pushes no lid of ``points`` [V,3] nearer to the ball than it was.

    ``slack``: metres by which it may. Where a lid lies high over the ball it may come down to the height at which
    closed lids lie; the socket is bone.
    """
    unit[eye.socket] = 0
    heights = np.repeat(ROW_REST, eye.lids.shape[1])
    index = eye.lids.ravel()
    own = np.linalg.norm(points[index] - center, axis=1)
    floor = np.minimum(own - slack, EYE_RADIUS + heights)
    moved = points[index] + unit[index] - center
    distance = np.linalg.norm(moved, axis=1)
    unit[index] += moved * (np.maximum(floor / distance, 1) - 1)[:, None]
    halfway = points[index] + 0.5 * unit[index] - center
    lack = np.maximum(np.minimum(own - slack, EYE_RADIUS + HALFWAY) - np.linalg.norm(halfway, axis=1), 0)
    unit[index] += (2 * lack / np.linalg.norm(halfway, axis=1))[:, None] * halfway
