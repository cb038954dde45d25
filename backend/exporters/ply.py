"""Standard 3DGS PLY files of a posed avatar: what other Gaussian viewers and tools read.

A PLY holds one moment: the binding is lost. Colours become the constant spherical harmonic (no view dependence),
opacity its logit, scale its logarithm. Frame: the head frame, unchanged (metres, y up).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..artifacts import GaussianAvatar, HeadParameters
from ..errors import CameoError
from ..gaussians.binding import place
from ..head.lbs import pose_vertices

_SH_C0 = 0.28209479177387814  # the constant spherical harmonic
_FIELDS = (
    *("x", "y", "z", "nx", "ny", "nz"),
    *("f_dc_0", "f_dc_1", "f_dc_2"),
    "opacity",
    *("scale_0", "scale_1", "scale_2"),
    *("rot_0", "rot_1", "rot_2", "rot_3"),
)
_MAX_HEADER = 65536


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
    opacity = np.clip(splats.opacities.astype(np.float64), 1e-6, 1 - 1e-6)
    columns = [
        splats.means,
        np.zeros_like(splats.means),
        (splats.colors - 0.5) / _SH_C0,
        np.log(opacity / (1 - opacity))[:, None],
        np.log(np.maximum(splats.scales, 1e-9)),
        splats.quats,
    ]
    table = np.concatenate(columns, 1).astype("<f4")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    header += [f"property float {name}" for name in _FIELDS]
    path.write_bytes("\n".join([*header, "end_header", ""]).encode("ascii") + table.tobytes())


def read_ply(path: Path) -> Splats:
    """Read a 3DGS PLY; higher spherical harmonics are dropped.

    Raises:
        CameoError: ``ply.unreadable``, the file is not a 3DGS PLY or is cut short.
    """
    table = _read_table(path)
    missing = [name for name in _FIELDS if name not in table and not name.startswith("n")]
    if missing:
        raise _unreadable(path, f"it has no {', '.join(missing)}")

    def columns(*names: str) -> np.ndarray:
        return np.stack([table[name] for name in names], 1).astype(np.float32)

    quats = columns("rot_0", "rot_1", "rot_2", "rot_3")
    return Splats(
        means=columns("x", "y", "z"),
        quats=quats / np.maximum(np.linalg.norm(quats, axis=1, keepdims=True), 1e-12),
        scales=np.exp(columns("scale_0", "scale_1", "scale_2")),
        opacities=1 / (1 + np.exp(-table["opacity"].astype(np.float32))),
        colors=columns("f_dc_0", "f_dc_1", "f_dc_2") * np.float32(_SH_C0) + np.float32(0.5),
    )


def _read_table(path: Path) -> dict[str, np.ndarray]:
    """Columns by name of the first element of a binary little-endian PLY with float properties."""
    content = path.read_bytes()
    end = content.find(b"end_header\n", 0, _MAX_HEADER)
    if not content.startswith(b"ply") or end < 0:
        raise _unreadable(path, "it does not begin like a PLY file")
    lines = content[:end].decode("ascii", "replace").split("\n")
    if "format binary_little_endian 1.0" not in lines:
        raise _unreadable(path, "it is not binary little endian")
    counts = [line.split()[-1] for line in lines if line.startswith("element vertex ")]
    names = [line.split()[-1] for line in lines if line.startswith("property float ")]
    properties = sum(line.startswith("property ") for line in lines)
    if len(counts) != 1 or not counts[0].isdigit() or properties != len(names):
        raise _unreadable(path, "it is not a list of float vertices")
    start, size = end + len(b"end_header\n"), int(counts[0]) * len(names) * 4
    if len(content) < start + size:
        raise _unreadable(path, "it is cut short")
    table = np.frombuffer(content, "<f4", int(counts[0]) * len(names), start).reshape(-1, len(names))
    return {name: table[:, k] for k, name in enumerate(names)}


def _unreadable(path: Path, why: str) -> CameoError:
    return CameoError(
        "ply.unreadable",
        f"{path.name} could not be read as a Gaussian PLY file.",
        cause=f"The file was opened, but {why}.",
        fix="Export it again from the tool that made it, as a binary 3DGS PLY.",
    )
