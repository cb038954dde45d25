"""The map on which hair is made: a half sphere over the head that goes on downwards as a cylinder.

A point of the head frame has atlas coordinates (row, column) and a radius. Rows run from the crown to the tips
(the way hair falls), columns run round the head: column 0 is the back, the middle column is the front, columns grow
towards the subject's left. Radius is measured from ``center`` on the dome and from the vertical axis below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np


@dataclass(frozen=True)
class HairAtlas:
    """Sizes of the map.

    Attributes:
        dome_rows: rows from the pole (0 degrees) to the horizon (90 degrees).
        skirt_rows: rows of the cylinder below, each ``cell`` high.
        columns: cells round the head.
        cell: height of a skirt row, metres.
        center: centre of the dome, head frame, metres.
    """

    dome_rows: int = 150
    skirt_rows: int = 210
    columns: int = 640
    cell: float = 0.001
    center: tuple[float, float, float] = (0.0, 0.02, -0.012)

    @staticmethod
    def with_cell(cell: float) -> HairAtlas:
        """The same region of space (15 cm of dome, 21 cm of skirt, 64 cm round) in cells of ``cell`` metres."""
        return HairAtlas(round(0.15 / cell), round(0.21 / cell), round(0.64 / cell), cell)

    @property
    def rows(self) -> int:
        return self.dome_rows + self.skirt_rows

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns

    @cached_property
    def azimuth(self) -> np.ndarray:
        """float64 [C], radians; 0 is the front, positive towards the subject's left."""
        return (np.arange(self.columns) / self.columns * 2 - 1) * np.pi

    @cached_property
    def polar(self) -> np.ndarray:
        """float64 [R], radians from the pole; stays at 90 degrees on the skirt."""
        return np.minimum(np.arange(self.rows) / self.dome_rows, 1.0) * (np.pi / 2)

    @cached_property
    def directions(self) -> np.ndarray:
        """float64 [R,C,3], unit vectors along which the radius is measured."""
        sin, cos = np.sin(self.polar)[:, None], np.cos(self.polar)[:, None]
        up = np.broadcast_to(cos, self.shape)
        return np.stack([sin * np.sin(self.azimuth), up, sin * np.cos(self.azimuth)], -1)

    @cached_property
    def origins(self) -> np.ndarray:
        """float64 [R,1,3], where each row's rays start."""
        drop = np.maximum(np.arange(self.rows) - self.dome_rows, 0) * self.cell
        return (np.asarray(self.center) - drop[:, None] * np.array([0.0, 1.0, 0.0]))[:, None]

    def points(self, radius: np.ndarray) -> np.ndarray:
        """Radius [R,C] metres -> points [R,C,3], head frame."""
        return self.origins + self.directions * radius[..., None]

    def row_at_height(self, y: float) -> int:
        """Row of the skirt at head-frame height ``y`` (metres)."""
        return self.dome_rows + round((self.center[1] - y) / self.cell)

    def locate(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points [N,3] -> row, column (fractional, float64 [N]) and radius [N] metres."""
        q = np.asarray(points, np.float64) - np.asarray(self.center)
        horizontal = np.hypot(q[:, 0], q[:, 2])
        dome = q[:, 1] >= 0
        row_dome = np.arctan2(horizontal, np.maximum(q[:, 1], 0)) / (np.pi / 2) * self.dome_rows
        row = np.where(dome, row_dome, self.dome_rows - q[:, 1] / self.cell)
        column = (np.arctan2(q[:, 0], q[:, 2]) / np.pi + 1) / 2 * self.columns
        return row, column, np.where(dome, np.linalg.norm(q, axis=1), horizontal)

    def with_radius(self, points: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Move points [N,3] along their own rays to the given radius [N]."""
        q = np.asarray(points, np.float64) - np.asarray(self.center)
        dome = q[:, 1] >= 0
        current = np.where(dome, np.linalg.norm(q, axis=1), np.hypot(q[:, 0], q[:, 2]))
        scale = (radius / np.maximum(current, 1e-9))[:, None]
        stretched = q * scale
        stretched[~dome, 1] = q[~dome, 1]
        return np.asarray(self.center) + stretched

    def sample(self, field: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Bilinear look-up of ``field`` [R,C] or [R,C,K] at fractional (row, column) [N]; columns wrap, rows clamp."""
        wrapped = np.concatenate([field, field[:, :2]], 1).astype(np.float32)
        row = np.clip(row, 0, self.rows - 1).astype(np.float32)
        return remap_flat(wrapped, np.mod(column, self.columns).astype(np.float32), row)

    @cached_property
    def faces(self) -> np.ndarray:
        """int32 [F,3] of the grid mesh, vertex index = row * columns + column; front faces look outwards."""
        return grid_faces(self.rows, self.columns)


def grid_faces(rows: int, columns: int) -> np.ndarray:
    """Two triangles per cell of a grid whose columns wrap, int32 [2*(rows-1)*columns, 3]."""
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, 1)
    a, b, c, d = index[:-1], index[1:], right[:-1], right[1:]
    pair = np.stack([np.stack([a, b, c], -1), np.stack([c, b, d], -1)], 2)
    return pair.reshape(-1, 3).astype(np.int32)


def remap_flat(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear look-up of ``image`` [H,W] or [H,W,K] at array indices x, y [N] (index 0 = first cell's centre)."""
    width = 8192  # cv2.remap refuses a side of 32767 and more, so the list is folded into a rectangle
    height = -(-len(x) // width)
    folded = np.zeros((2, height * width), np.float32)
    folded[0, : len(x)], folded[1, : len(x)] = x, y
    folded = folded.reshape(2, height, width)
    image = np.ascontiguousarray(image, np.float32)
    out = cv2.remap(image, folded[0], folded[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape((height * width, *out.shape[2:]))[: len(x)]


def blur_wrapped(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of [R,C] or [R,C,K] whose columns wrap; sigma in cells; float32."""
    pad = int(4 * sigma) + 1
    wide = np.concatenate([field[:, -pad:], field, field[:, :pad]], 1).astype(np.float32)
    return cv2.GaussianBlur(wide, (0, 0), sigma)[:, pad:-pad]
