"""Wavefront OBJ of a head: what every modelling program opens. One moment of the mesh, its UVs and its parts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..artifacts import Part


class Texture(NamedTuple):
    """Where the faces lie in a texture: ``uv`` [T,2] and, for each corner of each face, ``faces`` int [F,3] in it."""

    uv: np.ndarray
    faces: np.ndarray


def write_obj(
    path: Path,
    vertices: np.ndarray,
    faces: np.ndarray,
    part: np.ndarray,
    texture: Texture | None = None,
    comment: str = "",
) -> None:
    """Write ``vertices`` [V,3] (metres, y up, +z forward) and ``faces`` int [F,3], grouped by their ``part`` [F].

    Vertices and faces keep their order, so that shape keys, weights and bindings can be taken over by index; a part
    whose faces do not follow each other is therefore several groups of one name.

    Raises:
        OSError: the file could not be written.
    """
    lines = [f"# {comment}"] if comment else []
    lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices]
    corners = faces[:, :, None] + 1
    if texture is not None:
        lines += [f"vt {u:.6g} {v:.6g}" for u, v in texture.uv]
        corners = np.stack([faces, texture.faces], -1) + 1
    rows = ["f " + " ".join("/".join(map(str, corner)) for corner in face) for face in corners.tolist()]
    for group in np.split(np.arange(len(part)), np.flatnonzero(np.diff(part.astype(int))) + 1):
        lines.append(f"g {Part(part[group[0]]).name.lower()}")
        lines += [rows[index] for index in group]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
