"""Standard 3DGS PLY files of a posed avatar: what other Gaussian viewers and tools read.

A PLY holds one moment: the binding is lost. Colours become the constant spherical harmonic (no view dependence, the
higher ones are zero), opacity its logit, scale its logarithm. Frame: the head frame, unchanged (metres, y up).
Layout: the reference implementation of 3DGS (Kerbl et al. 2023), degree 3, whose viewer accepts no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..artifacts import GaussianAvatar, HeadParameters
from ..gaussians.binding import place
from ..head.lbs import pose_vertices
from .ply_table import read_table, unreadable, write_table

_SH_C0 = 0.28209479177387814  # the constant spherical harmonic
_HIGHER_HARMONICS = 3 * (4**2 - 1)  # of degree 1 to 3, three channels
_MEANS = ("x", "y", "z")
_COLORS = ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALES = ("scale_0", "scale_1", "scale_2")
_QUATS = ("rot_0", "rot_1", "rot_2", "rot_3")


@dataclass(frozen=True)
class Splats:
    """Unbound Gaussians, float32: ``means`` [N,3] m, ``quats`` [N,4] wxyz, ``scales`` [N,3] m, ``opacities`` [N],
    ``colors`` [N,3] sRGB."""

    means: np.ndarray
    quats: np.ndarray
    scales: np.ndarray
    opacities: np.ndarray
    colors: np.ndarray


def posed_splats(avatar: GaussianAvatar, params: HeadParameters) -> Splats:
    """The avatar's Gaussians in a pose."""
    g = avatar.gaussians
    means, quats, scales = place(g, pose_vertices(avatar.mesh, params), avatar.mesh.faces)
    return Splats(means, quats, scales, g.opacity, g.color)


def write_ply(path: Path, splats: Splats) -> None:
    """Write ``splats`` in 3DGS' layout (binary little endian, float32).

    Raises:
        OSError: the file could not be written.
    """
    write_table(path, splat_columns(splats))


def read_ply(path: Path) -> Splats:
    """Read a 3DGS PLY; higher spherical harmonics are dropped.

    Raises:
        CameoError: ``ply.unreadable``, the file is not a 3DGS PLY or is damaged.
        OSError: the file could not be opened.
    """
    return splats_from_columns(path, read_table(path))


def splat_columns(splats: Splats) -> dict[str, np.ndarray]:
    """The columns of 3DGS' layout in its order, float [N] by name."""
    opacity = np.clip(splats.opacities.astype(np.float64), 1e-6, 1 - 1e-6)
    zero = np.zeros(len(opacity), np.float32)
    return {
        **_named(_MEANS, splats.means),
        **dict.fromkeys(("nx", "ny", "nz"), zero),
        **_named(_COLORS, (splats.colors - 0.5) / _SH_C0),
        **dict.fromkeys((f"f_rest_{k}" for k in range(_HIGHER_HARMONICS)), zero),
        "opacity": np.log(opacity / (1 - opacity)),
        **_named(_SCALES, np.log(np.maximum(splats.scales, 1e-9))),
        **_named(_QUATS, splats.quats),
    }


def splats_from_columns(path: Path, columns: Mapping[str, np.ndarray]) -> Splats:
    """The Gaussians of ``columns`` as read from ``path``; colours may lie outside 0..1.

    Raises:
        CameoError: ``ply.unreadable``, a column is missing or holds what no Gaussian has.
    """
    needed = (*_MEANS, *_COLORS, "opacity", *_SCALES, *_QUATS)
    if missing := [name for name in needed if name not in columns]:
        raise unreadable(path, f"it has no {', '.join(missing)}")

    def stacked(names: tuple[str, ...]) -> np.ndarray:
        return np.stack([columns[name] for name in names], 1).astype(np.float64)

    with np.errstate(all="ignore"):  # damaged numbers are found below
        quats = stacked(_QUATS)
        length = np.linalg.norm(quats, axis=1, keepdims=True)
        arrays = (
            stacked(_MEANS),
            np.where(length > 0, quats / length, [1.0, 0, 0, 0]),
            np.exp(stacked(_SCALES)),
            1 / (1 + np.exp(-columns["opacity"].astype(np.float64))),
            stacked(_COLORS) * _SH_C0 + 0.5,
        )
        means, quats, scales, opacities, colors = (array.astype(np.float32) for array in arrays)
    if not all(np.isfinite(array).all() for array in (means, quats, scales, opacities, colors)):
        raise unreadable(path, "it holds numbers that are not finite")
    return Splats(means, quats, scales, opacities, colors)


def _named(names: tuple[str, ...], table: np.ndarray) -> dict[str, np.ndarray]:
    return {name: table[:, k] for k, name in enumerate(names)}
