"""FLAME's files as typed values: the model, its regions, its texture layout, its landmarks. Everything is checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import AssetError
from .reader import pickled_arrays

SHAPE_COLUMNS = 300
"""The first columns of ``shapedirs`` are identity, the rest expression: the file itself does not say."""
JOINTS = 5
_MOST_OBJ_BYTES = 64 << 20


@dataclass(frozen=True)
class FlameModel:
    """FLAME as in its file (Li et al. 2017, section 4). Metres, head frame; J = 5 joints as ``JOINT_NAMES``.

    Attributes:
        v_template: float64 [V,3]. faces: int64 [F,3].
        shapedirs: float64 [V,3,S]. exprdirs: float64 [V,3,E].
        posedirs: float64 [36,V,3], rows as in ``AvatarMesh``.
        J_regressor: float64 [5,V]. weights: float64 [V,5]. parents: -1 for the root.
    """

    v_template: np.ndarray
    faces: np.ndarray
    shapedirs: np.ndarray
    exprdirs: np.ndarray
    posedirs: np.ndarray
    J_regressor: np.ndarray
    weights: np.ndarray
    parents: tuple[int, ...]


@dataclass(frozen=True)
class TextureLayout:
    """``uv`` float64 [T,2], origin at the lower left; ``faces`` int64 [F,3] into it."""

    uv: np.ndarray
    faces: np.ndarray


@dataclass(frozen=True)
class FlameLandmarks:
    """Landmarks on the surface, iBUG's 68 first; ``face`` int64 [K], ``bary`` float64 [K,3]."""

    face: np.ndarray
    bary: np.ndarray


def read_model(path: Path) -> FlameModel:
    """Read ``generic_model.pkl``, ``flame2023.pkl`` or ``flame2023_Open.pkl``.

    Raises:
        AssetError: ``flame.wrong_contents`` and those of :func:`.reader.pickled_arrays`.
    """
    table = _Table(path)
    template = table.numbers("v_template", (None, 3))
    vertices = len(template)
    faces = table.indices("f", (None, 3), vertices)
    directions = table.numbers("shapedirs", (vertices, 3, None))
    if directions.shape[2] <= SHAPE_COLUMNS:
        raise table.wrong(f"'shapedirs' has {directions.shape[2]} columns; expression starts at column {SHAPE_COLUMNS}")
    weights = table.numbers("weights", (vertices, JOINTS))
    if (weights < -1e-6).any() or np.abs(weights.sum(1) - 1).max() > 1e-3:
        raise table.wrong("the rows of 'weights' do not sum to 1")
    tree = table.numbers("kintree_table", (2, JOINTS))[0]
    return FlameModel(
        v_template=template,
        faces=faces,
        shapedirs=directions[:, :, :SHAPE_COLUMNS],
        exprdirs=directions[:, :, SHAPE_COLUMNS:],
        posedirs=np.moveaxis(table.numbers("posedirs", (vertices, 3, 9 * (JOINTS - 1))), 2, 0),
        J_regressor=table.numbers("J_regressor", (JOINTS, vertices)),
        weights=weights,
        parents=_parents(tree, table),
    )


def read_masks(path: Path, vertices: int) -> dict[str, np.ndarray]:
    """``FLAME_masks.pkl``: bool [V] by region name."""
    table = _Table(path)
    masks = {}
    for name in table.arrays:
        masks[name] = np.zeros(vertices, bool)
        masks[name][table.indices(name, (None,), vertices)] = True
    if not masks:
        raise table.wrong("it names no region")
    return masks


def read_landmarks(path: Path, faces: int) -> FlameLandmarks:
    """A ``landmark_embedding*.npy``: the full embedding (68 points, and the pupils where it has them)."""
    table = _Table(path)
    face = table.indices("full_lmk_faces_idx", (1, None), faces)[0]
    return FlameLandmarks(face, table.numbers("full_lmk_bary_coords", (1, len(face), 3))[0])


def read_texture_layout(path: Path, faces: int) -> TextureLayout:
    """The ``vt`` lines of a ``.obj`` template and the triangles that use them.

    Raises:
        AssetError: ``flame.missing``, ``flame.wrong_contents``.
    """
    uv: list[list[float]] = []
    corners: list[list[int]] = []
    try:
        if path.stat().st_size > _MOST_OBJ_BYTES:
            raise ValueError("it is too large")
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "vt":
                uv.append([float(word) for word in rest.split()[:2]])
            elif kind == "f":
                corners.append([int(word.split("/")[1]) - 1 for word in rest.split()])
        layout = TextureLayout(np.array(uv).reshape(-1, 2), np.array(corners, np.int64).reshape(-1, 3))
    except OSError as error:
        raise AssetError(
            "flame.missing", f"The file {path.name} cannot be read.", cause=str(error), fix="Check the path."
        ) from error
    except (ValueError, IndexError) as error:
        raise _wrong(path, f"it is not a template with texture coordinates ({error})") from error
    used = layout.faces
    if len(used) != faces or used.min() < 0 or used.max() >= len(layout.uv) or not np.isfinite(layout.uv).all():
        raise _wrong(path, f"its {len(used)} triangles are not the model's {faces}")
    return layout


class _Table:
    """The arrays of one file, and checks that speak of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.arrays = pickled_arrays(path)

    def wrong(self, why: str) -> AssetError:
        return _wrong(self.path, why)

    def array(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """The array ``name``; None in ``shape`` is any size but 0."""
        found = self.arrays.get(name)
        if found is None:
            raise self.wrong(f"it has no '{name}'")
        fits = found.ndim == len(shape) and all(
            has > 0 and want in (None, has) for has, want in zip(found.shape, shape)
        )
        if not fits:
            wanted = " x ".join("any" if size is None else str(size) for size in shape)
            has = " x ".join(map(str, found.shape))
            raise self.wrong(f"'{name}' has the size {has or 'of one number'} instead of {wanted}")
        return found

    def numbers(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        found = self.array(name, shape).astype(np.float64)
        if not np.isfinite(found).all():
            raise self.wrong(f"'{name}' holds values that are no numbers")
        return found

    def indices(self, name: str, shape: tuple[int | None, ...], below: int) -> np.ndarray:
        found = self.array(name, shape)
        if found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= below:
            raise self.wrong(f"'{name}' does not hold indices below {below}")
        return found.astype(np.int64)


def _parents(row: np.ndarray, table: _Table) -> tuple[int, ...]:
    """The kinematic tree; its root is written as 2^32-1 or -1."""
    parents = tuple(-1 if value in (-1, 2**32 - 1) else int(value) for value in row)
    if parents[0] != -1 or any(not 0 <= parent < joint for joint, parent in enumerate(parents[1:], 1)):
        raise table.wrong("'kintree_table' is not a tree")
    return parents


def _wrong(path: Path, why: str) -> AssetError:
    return AssetError(
        "flame.wrong_contents",
        f"The file {path.name} does not hold what FLAME's file of that kind holds.",
        cause=f"{why[:1].upper()}{why[1:]}.",
        fix="Check that the right file was chosen; download it again from the FLAME site.",
    )
