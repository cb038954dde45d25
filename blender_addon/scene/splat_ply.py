"""The posed splats as 3DGS PLY, the file that Gaussian viewers read; what ``cameo export`` writes, from the scene.

Layout of the reference implementation, degree 3 with higher harmonics zero (its viewer accepts no other). Colours are
the constant harmonic of the display-space colour, opacity its logit, scale its logarithm, rotation wxyz. Head frame:
metres, y up, the face towards +z, wherever the avatar stands in the scene.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from .avatar import parts_of
from .color import linear_to_srgb
from .splats import SH_DC, read_splats

_HIGHER = 3 * (4**2 - 1)  # harmonics of degree 1 to 3, three channels
PROPERTIES = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"),
    *(f"f_rest_{k}" for k in range(_HIGHER)),
    *("opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)


def write_splats(context: bpy.types.Context, member: bpy.types.Object, path: Path) -> int:
    """Write the avatar's splats as they stand now; returns how many.

    Raises:
        OSError: the file could not be written.
    """
    context.view_layer.update()
    splats = read_splats(parts_of(member).splats.evaluated_get(context.evaluated_depsgraph_get()))
    table = _table(splats)
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    lines += [f"property float {name}" for name in PROPERTIES]
    path.write_bytes(("\n".join([*lines, "end_header"]) + "\n").encode() + table.astype("<f4").tobytes())
    return len(table)


def _table(splats: dict[str, np.ndarray]) -> np.ndarray:
    """[N,62] in the order of :data:`PROPERTIES`."""
    opacity = np.clip(splats["opacities"].astype(np.float64), 1e-6, 1 - 1e-6)[:, None]
    count = len(opacity)
    color = linear_to_srgb(splats["colors"]).astype(np.float64)
    return np.concatenate(
        [
            splats["means"],
            np.zeros((count, 3)),
            (color - 0.5) / SH_DC,
            np.zeros((count, _HIGHER)),
            np.log(opacity / (1 - opacity)),
            np.log(np.maximum(splats["scales"], 1e-9)),
            splats["quats"],
        ],
        1,
    )
