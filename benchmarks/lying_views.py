"""What generated views do to a person: other colours, shifted features, blur, misplaced patches.

The same in all expressions of a view, different in every view (``shared/design/method.md``, "The benchmark").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Lies:
    """Which corruptions a data set has. ``flow``: "5x5" and "9x9" are smooth grids, "pieces" shifts six regions
    rigidly, with seams; the product's own flow is a 7x7 grid, so that the last two cannot be undone exactly."""

    colour: bool = False
    flow: str | None = None
    blur: bool = False
    patches: bool = False


LIES = {
    "colour": Lies(colour=True),
    "warp": Lies(flow="5x5"),
    "all": Lies(True, "5x5", True, True),
    "all_9x9": Lies(True, "9x9", True, True),
    "all_pieces": Lies(True, "pieces", True, True),
}
"""Data sets by name."""

View = Callable[[np.ndarray], np.ndarray]
"""float32 [H,W,4] premultiplied truth to what the view shows."""


def lying_view(lies: Lies, seed: int, view: int, size: int) -> View:
    """The corruption of one view; lengths are those of pictures of 128 pixels, scaled."""
    rng = np.random.default_rng([seed, view, 77])
    unit = size / 128
    colour = _colour(rng, size)
    flow = _flow(lies.flow or "5x5", rng, size) * unit
    sigma = rng.uniform(0.4, 1.1) * unit
    patches = [_patch(rng, size, unit) for _ in range(5)]

    def corrupt(rgba: np.ndarray) -> np.ndarray:
        out = rgba.astype(np.float32)
        for patch in patches if lies.patches else ():
            out = patch(out)
        if lies.flow:
            out = _moved(out, flow)
        if lies.blur:
            out = cv2.GaussianBlur(out, (0, 0), sigma)
        return np.clip(colour(out) if lies.colour else out, 0, 1)

    return corrupt


def _colour(rng: np.random.Generator, size: int) -> View:
    """Gain, gamma, bias and a slow change over the picture, on the person only."""
    gain = np.exp(rng.normal(0, 0.07) + rng.normal(0, 0.05, 3))
    gamma, bias = np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.02, 3)
    slow = cv2.resize(rng.normal(0, 0.05, (3, 3)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)

    def change(rgba: np.ndarray) -> np.ndarray:
        alpha = rgba[..., 3:]
        straight = np.clip(rgba[..., :3] / np.maximum(alpha, 1e-3), 0, 1)
        shown = np.clip(straight**gamma * gain * (1 + slow[..., None]) + bias, 0, 1)
        return np.concatenate([shown * alpha, alpha], -1).astype(np.float32)

    return change


def _flow(form: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Displacement float32 [H,W,2], 1.5 pixels root mean square."""
    if form == "pieces":
        centers, shifts = rng.uniform(0.2, 0.8, (6, 2)) * size, rng.normal(size=(6, 2))
        ys, xs = np.mgrid[:size, :size]
        nearest = np.hypot(xs[..., None] - centers[:, 0], ys[..., None] - centers[:, 1]).argmin(-1)
        field = cv2.GaussianBlur(shifts[nearest].astype(np.float32), (0, 0), size / 128)
    else:
        points = int(form.split("x")[0])
        grid = rng.normal(size=(points, points, 2)).astype(np.float32)
        field = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    return field * 1.5 / np.sqrt((field**2).sum(-1).mean())


def _patch(rng: np.random.Generator, size: int, unit: float) -> View:
    """A disc that shows another place of the picture, or is out of focus."""
    center, radius = rng.uniform(0.25, 0.75, 2) * size, rng.uniform(5, 9) * unit
    angle, distance, blurred = rng.uniform(0, 2 * np.pi), rng.uniform(4, 8) * unit, rng.random() < 0.5
    ys, xs = np.mgrid[:size, :size]
    share = np.clip(2.8 - 2 * np.hypot(xs - center[0], ys - center[1]) / radius, 0, 1)[..., None].astype(np.float32)
    shift = np.full((size, size, 2), distance * np.array([np.cos(angle), np.sin(angle)]), np.float32)

    def change(rgba: np.ndarray) -> np.ndarray:
        other = cv2.GaussianBlur(rgba, (0, 0), 3 * unit) if blurred else _moved(rgba, shift)
        return rgba * (1 - share) + other * share

    return change


def _moved(rgba: np.ndarray, flow: np.ndarray) -> np.ndarray:
    size = len(rgba)
    ys, xs = np.mgrid[:size, :size].astype(np.float32)
    x, y = (np.clip(axis, 0, size - 1) for axis in (xs + flow[..., 0], ys + flow[..., 1]))
    return cv2.remap(rgba, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
