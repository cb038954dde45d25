"""What the backend saw, as one picture: the crop, its background dimmed, the outlines of head and face on it."""

from __future__ import annotations

import numpy as np

from ...protocol.messages import Examined
from ..link.problem import Problem
from ..words import told_problem, tr
from .face_lines import COUNT, points_on_lines

_DIM = 0.4  # brightness of what is not the person
_OUTLINE = np.array([255, 176, 0], np.float32)
_LINE = np.array([20, 255, 60], np.float32)
_LINE_OPACITY = 0.6
_LINE_WIDTH = 2  # pixels; the panel shows the picture smaller
_TOLD_BY_BUTTONS = "portrait.several_faces"  # names places in pixels, for those who have no buttons


def annotated(seen: Examined) -> np.ndarray:
    """uint8 [S,S,3], first row on top."""
    picture = np.asarray(seen.image, np.float32)
    matte = np.asarray(seen.matte, np.float32)[..., None] / 255
    gray = picture.mean(axis=2, keepdims=True)
    picture = picture * matte + _DIM * (0.5 * picture + 0.5 * gray) * (1 - matte)
    picture[_edge(seen.matte > 127)] = _OUTLINE
    if len(seen.landmarks) == COUNT:
        lines = _drawn(points_on_lines(seen.landmarks, spacing=0.7), picture.shape[:2])
        picture[lines] = picture[lines] * (1 - _LINE_OPACITY) + _LINE * _LINE_OPACITY
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _edge(inside: np.ndarray) -> np.ndarray:
    """The pixels of the region that touch what is outside, and their outer neighbours: a line of two pixels."""
    edge = np.zeros_like(inside)
    for axis in range(2):
        change = np.diff(inside, axis=axis)
        low, high = [slice(None)] * 2, [slice(None)] * 2
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        edge[tuple(low)] |= change
        edge[tuple(high)] |= change
    return edge


def _drawn(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """bool [H,W]: a small square at each point, as a pen leaves it."""
    dots = np.zeros(size, bool)
    first = np.round(points - _LINE_WIDTH / 2).astype(int)
    for right in range(_LINE_WIDTH):
        for down in range(_LINE_WIDTH):
            columns, rows = (first + np.array([right, down])).T
            inside = (columns >= 0) & (rows >= 0) & (columns < size[1]) & (rows < size[0])
            dots[rows[inside], columns[inside]] = True
    return dots


def remarks_of(seen: Examined) -> list[tuple[str, str]]:
    """What there is to say about the face, in words: icon and sentence."""
    # positive angles are those of a camera at the subject's left, or above (backend/conventions.md)
    turned = _turned(seen.yaw_deg, tr("to the left"), tr("to the right")) + _turned(
        seen.pitch_deg, tr("down"), tr("up")
    )
    pose = tr(" and ").join(turned) or tr("straight into the camera")
    blurred = any(remark.code == "portrait.blurred" for remark in seen.remarks)
    sharp = tr("its edges are {part:.1f} % of that wide", part=seen.blur) if blurred else tr("it is sharp")
    facts = tr(
        "The face is {height:.0f} pixels high and looks {pose}; {sharp}.",
        height=seen.face_height,
        pose=pose,
        sharp=sharp,
    )
    others = (Problem(one.code, one.sentence) for one in seen.remarks if one.code != _TOLD_BY_BUTTONS)
    return [("INFO", facts), *(("ERROR", told_problem(remark).sentence) for remark in others)]


def _turned(degrees: float, positive: str, negative: str) -> list[str]:
    if abs(degrees) < 4:
        return []
    return [f"{abs(degrees):.0f}° {positive if degrees > 0 else negative}"]
