"""``flame_param.npz``, the head's shape and motion beside GaussianAvatars' PLY: written and read.

FLAME's parameters for T moments. The identity is written as offsets from the template, ``shape`` stays zero: the sum is
what an avatar has, and a fit beyond the model's identities needs the offsets anyway. A head that is not FLAME uses the
same keys for its own template and units, as ``head/flame/smplx_layout.py`` does.

Key names, shapes and types: GaussianAvatars' published ``scene/flame_gaussian_model.py``. Its ``dynamic_offset`` must
be there and moves nothing. FLAME regresses joints from the face with offsets and expression, in Cameo they are the
fitted person's: an open jaw lands up to half a millimetre elsewhere. Lids fitted to one person's eyes move as FLAME's
own again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...protocol.archive import ArchiveError, ArchiveReader
from ..artifacts import AvatarMesh, HeadParameters
from ..errors import CameoError
from ..head.flame.head_model import RAW
from ..head.flame.smplx_layout import EXPRESSION_COLUMNS
from ..head.model import HeadModel
from .gaussian_avatars import head_faces

SHAPE_COLUMNS = 300
_WIDTHS = {"expr": None, "rotation": 3, "neck_pose": 3, "jaw_pose": 3, "eyes_pose": 6, "translation": 3}
"""Keys with a row for every moment, and how many columns they have."""


@dataclass(frozen=True)
class FlameParams:
    """T moments of one head, float32.

    Attributes:
        shape: [S] identity. static_offset: [V,3] metres, added to the template, before the pose.
        expr: [T,E]. rotation, neck_pose, jaw_pose: [T,3] axis-angle. eyes_pose: [T,6], left and right.
        translation: [T,3] metres.
    """

    shape: np.ndarray
    static_offset: np.ndarray
    expr: np.ndarray
    rotation: np.ndarray
    neck_pose: np.ndarray
    jaw_pose: np.ndarray
    eyes_pose: np.ndarray
    translation: np.ndarray


def flame_params(mesh: AvatarMesh, poses: Sequence[HeadParameters], model: HeadModel) -> FlameParams:
    """The parameters of an avatar's ``mesh`` in ``poses``, at least one; ``model`` is the head it was made on.

    Raises:
        CameoError: ``export.another_head``, it was made on another.
    """
    own = len(model.v_template)
    if mesh.unit_names != model.unit_names or not np.array_equal(head_faces(mesh), model.faces):
        raise CameoError(
            "export.another_head",
            "The avatar was made on another head model.",
            cause=f"The model at hand is {model.topology_id}, with {own} vertices and {len(model.unit_names)} units.",
            fix="Give FLAME's file with --head-model-path if it was made on FLAME; else make the avatar again.",
        )
    turns = np.stack([pose.pose for pose in poses]).astype(np.float32)
    units = np.stack([pose.units for pose in poses])
    return FlameParams(
        shape=np.zeros(SHAPE_COLUMNS, np.float32),
        static_offset=mesh.vertices[:own] - model.v_template,
        expr=(units @ expression_table(model)).astype(np.float32),
        rotation=turns[:, 0],
        neck_pose=turns[:, 1],
        jaw_pose=turns[:, 2],
        eyes_pose=turns[:, 3:].reshape(-1, 6),
        translation=np.stack([pose.translation for pose in poses]).astype(np.float32),
    )


def expression_table(model: HeadModel) -> np.ndarray:
    """float64 [U,E]: the expression coefficients of each unit; units beyond E on a head that is not FLAME are left out.

    FLAME's own components are units of their own there, and the named units are sums of them.
    """
    raw = _raw_units(model)
    if not raw:
        return np.eye(len(model.unit_names), EXPRESSION_COLUMNS)
    directions = model.unit_dirs.reshape(len(model.unit_names), -1).astype(np.float64)
    table = np.linalg.lstsq(directions[raw].T, directions.T, rcond=None)[0].T
    table[raw] = np.eye(len(raw))
    return table


def write_flame_params(path: Path, params: FlameParams) -> None:
    """Write the file (an uncompressed npz; its name should be ``flame_param.npz``).

    Raises:
        OSError: the file could not be written.
    """
    arrays = {name: getattr(params, name) for name in ("shape", *_WIDTHS)}
    vertices, moments = len(params.static_offset), len(params.expr)
    dynamic = np.zeros((moments, vertices, 3), np.float32)
    with open(path, "wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays, static_offset=params.static_offset[None], dynamic_offset=dynamic)


def read_flame_params(path: Path) -> FlameParams:
    """Read and check the file; ``dynamic_offset`` is ignored, as its authors' programs ignore it.

    Raises:
        CameoError: ``flame_param.unreadable``, it is another file, misses something or is damaged.
        OSError: the file could not be opened.
    """
    try:
        with ArchiveReader(path) as archive:
            arrays = {name: archive.array(name) for name in ("shape", "static_offset", *_WIDTHS)}
    except ArchiveError as error:
        raise _unreadable(path, error.cause) from error
    moments = len(arrays["expr"]) if arrays["expr"].ndim else 0
    static = arrays["static_offset"]
    arrays["static_offset"] = static[0] if static.ndim == 3 and len(static) == 1 else static
    wanted = {"shape": (None,), "static_offset": (None, 3)} | {k: (moments, width) for k, width in _WIDTHS.items()}
    for name, array in arrays.items():
        shape = wanted[name]
        if len(shape) != array.ndim or any(n not in (None, m) for n, m in zip(shape, array.shape)) or moments == 0:
            raise _unreadable(path, f"{name} has the shape {array.shape}")
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise _unreadable(path, f"{name} holds something else than finite numbers")
    return FlameParams(**{name: array.astype(np.float32) for name, array in arrays.items()})


def neutral_vertices(params: FlameParams, model: HeadModel) -> np.ndarray:
    """float32 [V,3], the identity on ``model``. Offsets without the teeth's rows leave the teeth where they are.

    Raises:
        CameoError: ``flame_param.of_another_head``, it has more vertices or identities than the model.
    """
    own, given = len(model.v_template), len(params.static_offset)
    used = np.flatnonzero(params.shape)
    if given > own or used.max(initial=-1) >= model.shapedirs.shape[2]:
        raise CameoError(
            "flame_param.of_another_head",
            "The parameters belong to another head.",
            cause=f"They are for {given} vertices; the head model has {own}.",
            fix="Name the head model they were made on: with GaussianAvatars that is FLAME, with --head-model-path.",
        )
    offset = np.pad(params.static_offset, ((0, own - given), (0, 0)))
    return (model.v_template + model.shapedirs[:, :, used] @ params.shape[used] + offset).astype(np.float32)


def head_parameters(params: FlameParams, model: HeadModel) -> list[HeadParameters]:
    """The T poses on ``model``; expression beyond its components is left out."""
    raw = _raw_units(model) or list(range(len(model.unit_names)))
    units = np.zeros((len(params.expr), len(model.unit_names)), np.float32)
    both = min(len(raw), params.expr.shape[1])
    units[:, raw[:both]] = params.expr[:, :both]
    turns = np.stack([params.rotation, params.neck_pose, params.jaw_pose, *np.split(params.eyes_pose, 2, 1)], 1)
    return [HeadParameters(*moment) for moment in zip(units, turns, params.translation)]


def _raw_units(model: HeadModel) -> list[int]:
    """Indices of FLAME's own expression components; none on another head."""
    index = {name: k for k, name in enumerate(model.unit_names)}
    return [index[name] for k in range(len(index)) if (name := RAW.format(k)) in index]


def _unreadable(path: Path, why: str) -> CameoError:
    return CameoError(
        "flame_param.unreadable",
        f"{path.name} could not be read as GaussianAvatars' parameters.",
        cause=f"The file was opened, but {why}.",
        fix="Take flame_param.npz from the folder of the avatar's point_cloud.ply.",
    )
