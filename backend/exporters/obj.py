"""Wavefront OBJ of a head: what every modelling program opens. One moment of the mesh, its UVs and its parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..artifacts import Part
from ..head.model import HeadModel


def write_obj(path: Path, model: HeadModel, vertices: np.ndarray, comment: str = "") -> None:
    """Write ``vertices`` [V,3] (metres, y up, +z forward) with the model's faces and UVs, a group for each part.

    The order of the vertices is the model's, so that shape keys and weights can be taken over by index.

    Raises:
        OSError: the file could not be written.
    """
    lines = [f"# {comment}"] if comment else []
    lines += [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in vertices]
    lines += [f"vt {u:.6g} {v:.6g}" for u, v in model.uv]
    for part in Part:
        of_part = model.part == part
        if of_part.any():
            lines.append(f"g {part.name.lower()}")
            corners = np.stack([model.faces[of_part], model.uv_faces[of_part]], -1) + 1
            lines += ["f " + " ".join(f"{vertex}/{uv}" for vertex, uv in face) for face in corners.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
