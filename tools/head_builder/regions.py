"""Named vertex masks, parts of faces and the UV atlas."""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

import numpy as np
from cameo.backend.artifacts import Part
from cameo.backend.head.drawn_face import BROW_ARCH, BROW_FROM, BROW_HEIGHT, BROW_LENGTH

from .source import Source
from .surface import Piece

ISLAND_PLACES = {
    "head": (0.0, 0.36, 1.0, 1.0),
    "neck": (0.02, 0.0, 0.62, 0.34),
    "mouth": (0.64, 0.0, 0.82, 0.2),
    "right_ear": (0.64, 0.21, 0.76, 0.35),
    "left_ear": (0.77, 0.21, 0.89, 0.35),
}
BROW_HALF_WIDTH = 0.0045
"""Half of a brow's width, metres."""
PIECE_PLACES = {
    "left_eyeball": (0.9, 0.23, 0.99, 0.32),
    "right_eyeball": (0.9, 0.13, 0.99, 0.22),
    "upper_teeth": (0.83, 0.07, 0.86, 0.12),
    "upper_gums": (0.87, 0.07, 0.91, 0.12),
    "lower_teeth": (0.83, 0.01, 0.86, 0.06),
    "lower_gums": (0.87, 0.01, 0.91, 0.06),
    "tongue": (0.92, 0.0, 0.99, 0.12),
}


def island_kinds(uv: np.ndarray, quad_uvs: np.ndarray, island: np.ndarray) -> dict[str, int]:
    """Which UV island is the head, the neck, the mouth, an ear: told by where MakeHuman put it."""
    kinds = {}
    for label in np.unique(island):
        corners = uv[quad_uvs[island == label].ravel()]
        low, high = corners.min(0), corners.max(0)
        if low[0] > 0.6 and high[1] - low[1] > 0.4:
            kinds["head"] = label
        elif high[0] < 0.2 and low[1] > 0.5:
            kinds["right_ear" if low[0] < 0.05 else "left_ear"] = label
        elif low[0] > 0.7 and high[1] < 0.2:
            kinds["mouth"] = label
        else:
            kinds["neck"] = label
    return kinds


def pack_uv(pieces: list[Piece], face_island: np.ndarray, kinds: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """One UV square for all pieces: uv [T,2] and uv_faces [F,3]. ``face_island`` is the island of each skin face."""
    uv, uv_faces, start = [], [], 0
    for piece in pieces:
        coordinates = piece.uv.copy()
        if piece.name == "skin":
            for kind, label in kinds.items():
                used = np.unique(piece.uv_faces[face_island == label])
                chart = piece.uv[used]
                if kind == "head":  # it lies on its side in MakeHuman's atlas
                    chart = np.stack([chart[:, 1], -chart[:, 0]], 1)
                coordinates[used] = _placed(chart, ISLAND_PLACES[kind])
        else:
            coordinates = _placed(coordinates, PIECE_PLACES[piece.name])
        uv.append(coordinates)
        uv_faces.append(piece.uv_faces + start)
        start += len(coordinates)
    used, compact = np.unique(np.concatenate(uv_faces), return_inverse=True)
    return np.concatenate(uv)[used], compact.reshape(-1, 3)


def _placed(chart: np.ndarray, place: tuple[float, float, float, float]) -> np.ndarray:
    low, high = chart.min(0), chart.max(0)
    corner, size = np.array(place[:2]), np.array(place[2:]) - place[:2]
    scale = (size / np.maximum(high - low, 1e-9)).min()
    return (chart - (low + high) / 2) * scale + corner + size / 2


def painted(source: Source, name: str, uv: np.ndarray) -> np.ndarray:
    """bool [n]: where MakeHuman's texture ``name`` marks the base UVs ``uv`` [n,2]."""
    image = source.texture(name)
    height, width = image.shape
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    return image[row, column] > 100


def brow(points: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """bool [V]: which ``points`` [V,3] lie under the eyebrow over the eye centre ``eye`` [3], metres."""
    width = abs(eye[0])
    along = (points[:, 0] * np.sign(eye[0]) - BROW_FROM * width) / (BROW_LENGTH * width)
    middle = eye[1] + BROW_HEIGHT + BROW_ARCH * np.sin(np.clip(along, 0, 1) * 2.4)
    near = np.abs(points[:, 1] - middle) < BROW_HALF_WIDTH
    return near & (along > 0) & (along < 1) & (points[:, 2] > eye[2] - 0.01)


def border(faces: np.ndarray, count: int) -> np.ndarray:
    """bool [V]: vertices on an open edge."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    mask = np.zeros(count, bool)
    mask[unique[uses == 1]] = True
    return mask


def face_parts(faces: np.ndarray, masks: dict[str, np.ndarray]) -> np.ndarray:
    """uint8 [F], :class:`Part`; gums count as the inside of the mouth."""
    part = np.zeros(len(faces), np.uint8)
    for name, value in (
        ("inner_mouth", Part.MOUTH),
        ("gums", Part.MOUTH),
        ("left_eyeball", Part.LEFT_EYE),
        ("right_eyeball", Part.RIGHT_EYE),
        ("teeth", Part.TEETH),
        ("tongue", Part.TONGUE),
    ):
        part[masks[name][faces].all(1)] = value
    return part
