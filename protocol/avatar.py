"""The avatar file (``.cameo``): one animatable head, complete. Playing it needs neither backend nor photo.

Frames, units and the binding formula are those of ``backend/conventions.md``: metres, y up, +z forward,
quaternions wxyz, colours sRGB. ``SPEC.md`` describes the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .archive import ArchiveError, ArchiveReader, write_archive
from .avatar_header import (
    JOINT_COUNT,
    AvatarCamera,
    AvatarCeiling,
    AvatarControl,
    AvatarPose,
    camera_to_json,
    controls_to_json,
    poses_to_json,
    read_camera,
    read_controls,
    read_names,
    read_numbers,
    read_object,
    read_poses,
)
from .errors import AvatarFileError

__all__ = [
    "ARRAYS",
    "AvatarCamera",
    "AvatarCeiling",
    "AvatarControl",
    "AvatarData",
    "AvatarPose",
    "read_avatar",
    "write_avatar",
]

FORMAT_NAME = "cameo.avatar"
FORMAT_VERSION = (1, 1)
SUFFIX = ".cameo"

HEADER = "avatar.json"
THUMBNAIL = "thumbnail.png"
THUMBNAIL_LIMIT = 8 << 20
POSEDIR_ROWS = 36
DENSE_LIMIT = 256 << 20  # most numbers that unit_dirs may have once it is dense
_PNG_START = b"\x89PNG\r\n\x1a\n"

# Every array of the file: dtype and shape, where a letter is a size that must agree everywhere it appears.
ARRAYS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "vertices": ("<f4", ("V", 3)),
    "faces": ("<i4", ("F", 3)),
    "part": ("|u1", ("F",)),
    "unit_start": ("<i4", ("U+1",)),
    "unit_vertex": ("<i4", ("K",)),
    "unit_delta": ("<f2", ("K", 3)),
    "posedir_start": ("<i4", ("P+1",)),
    "posedir_vertex": ("<i4", ("L",)),
    "posedir_delta": ("<f4", ("L", 3)),
    "weights": ("<f4", ("V", JOINT_COUNT)),
    "joints": ("<f4", (JOINT_COUNT, 3)),
    "vertex_colors": ("<f4", ("V", 3)),
    "gaussian_face": ("<i4", ("N",)),
    "gaussian_offset": ("<f4", ("N", 3)),
    "gaussian_rest_edges": ("<f4", ("N", 3)),
    "gaussian_rotation": ("<f4", ("N", 4)),
    "gaussian_scale": ("<f4", ("N", 3)),
    "gaussian_opacity": ("<f4", ("N",)),
    "gaussian_color": ("<f4", ("N", 3)),
}


@dataclass(frozen=True, eq=False)
class AvatarData:
    """What an avatar file holds.

    Attributes:
        vertices: float32 [V,3] neutral, metres.
        faces: int32 [F,3].
        part: uint8 [F], 0 skin, 1 left eye, 2 right eye, 3 teeth, 4 tongue, 5 inner mouth, 6 hair.
        unit_names: U names.
        unit_dirs: float32 [U,V,3] displacement at value 1. In the file: float16, moved vertices only.
        posedirs: float32 [36,V,3]; row 9*(j-1)+3*r+c belongs to (R_j - I)[r,c], j = 1..4.
        weights: float32 [V,5] skinning weights of root, neck, jaw, left_eye, right_eye; rows sum to 1.
        joints: float32 [5,3] joint positions of the neutral mesh.
        vertex_colors: float32 [V,3] sRGB 0..1.
        controls: the artist's controls.
        poses: visemes, emotions: named sets of controls.
        gaussian_face: int32 [N], the triangle each Gaussian is bound to.
        gaussian_offset: float32 [N,3] (a, b, h).
        gaussian_rest_edges: float32 [N,3] (\\|e1\\|, e2.t, e2.b) of the rest triangle.
        gaussian_rotation: float32 [N,4] wxyz, unit, in the triangle's frame.
        gaussian_scale: float32 [N,3] metres at rest, linear.
        gaussian_opacity: float32 [N] 0..1.
        gaussian_color: float32 [N,3] sRGB 0..1.
        thumbnail_png: a PNG picture, or empty.
        photo_camera: where the photo was taken from, if there was one.
        photo_controls: the photo's own expression: control name -> value.
        provenance: versions, licences, settings, times: JSON-able.
    """

    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    unit_names: tuple[str, ...]
    unit_dirs: np.ndarray
    posedirs: np.ndarray
    weights: np.ndarray
    joints: np.ndarray
    vertex_colors: np.ndarray
    controls: tuple[AvatarControl, ...]
    gaussian_face: np.ndarray
    gaussian_offset: np.ndarray
    gaussian_rest_edges: np.ndarray
    gaussian_rotation: np.ndarray
    gaussian_scale: np.ndarray
    gaussian_opacity: np.ndarray
    gaussian_color: np.ndarray
    thumbnail_png: bytes = b""
    photo_camera: AvatarCamera | None = None
    photo_controls: dict[str, float] = field(default_factory=dict)
    poses: tuple[AvatarPose, ...] = ()
    provenance: dict[str, object] = field(default_factory=dict)


def write_avatar(path: Path | str, data: AvatarData) -> None:
    """Write the file so that ``path`` holds either the whole avatar or what it held before.

    Raises:
        AvatarFileError: ``data`` breaks the rules a reader enforces (``avatar.corrupt``).
        OSError: the folder cannot be written or the disk is full.
    """
    arrays = _to_arrays(data)
    try:
        _check_arrays(arrays, len(data.unit_names))
        header = _to_header(data)
        read_controls(header["controls"], len(data.unit_names))
        read_poses(header["poses"])
    except (ArchiveError, ValueError) as error:
        raise _corrupt(f"the avatar to be written is not valid: {error}") from error
    write_archive(Path(path), HEADER, header, arrays, {THUMBNAIL: data.thumbnail_png})


def read_avatar(source: Path | str | bytes) -> AvatarData:
    """Read and check an avatar file, or its bytes.

    Raises:
        AvatarFileError: not an avatar, cut, damaged, or written by a newer major version.
        OSError: the file cannot be opened.
    """
    try:
        with ArchiveReader(source if isinstance(source, bytes) else Path(source)) as archive:
            return _read(archive)
    except ArchiveError as error:
        raise _as_file_error(error) from error


def _read(archive: ArchiveReader) -> AvatarData:
    if HEADER not in archive:
        raise ArchiveError("foreign", f"the archive has no {HEADER}")
    header = archive.header(HEADER)
    _check_version(header)
    unit_names = read_names(header.get("unit_names"))
    arrays = {name: archive.array(name, dtype, len(shape)) for name, (dtype, shape) in ARRAYS.items()}
    _check_arrays(arrays, len(unit_names))
    thumbnail = archive.blob(THUMBNAIL, THUMBNAIL_LIMIT)
    if thumbnail and not thumbnail.startswith(_PNG_START):
        raise ArchiveError("corrupt", f"{THUMBNAIL} is not a PNG picture")
    count = len(arrays["vertices"])
    unit_dirs = _from_sparse(arrays.pop("unit_start"), arrays.pop("unit_vertex"), arrays.pop("unit_delta"), count)
    posedirs = _from_sparse(
        arrays.pop("posedir_start"), arrays.pop("posedir_vertex"), arrays.pop("posedir_delta"), count
    )
    return AvatarData(
        **arrays,
        unit_names=unit_names,
        unit_dirs=unit_dirs,
        posedirs=posedirs,
        controls=read_controls(header.get("controls"), len(unit_names)),
        thumbnail_png=thumbnail,
        photo_camera=read_camera(header.get("photo_camera")),
        photo_controls=read_numbers(header.get("photo_controls"), "photo_controls"),
        poses=read_poses(header.get("poses")),
        provenance=read_object(header.get("provenance")),
    )


def _check_version(header: dict[str, object]) -> None:
    version = header.get("version")
    if header.get("format") != FORMAT_NAME:
        raise ArchiveError("foreign", f"{HEADER} does not name the format {FORMAT_NAME}")
    if not isinstance(version, list) or len(version) != 2 or any(type(part) is not int for part in version):
        raise ArchiveError("corrupt", "the format version is not two whole numbers")
    if version[0] > FORMAT_VERSION[0]:
        raise AvatarFileError(
            "avatar.newer_version",
            f"This avatar was made by a newer Cameo (format {version[0]}.{version[1]}).",
            cause=f"This Cameo reads avatar files up to version {FORMAT_VERSION[0]}.x.",
            fix="Update Cameo, or make the avatar again with this version.",
        )


# Sparse rows: most units move few vertices -------------------------------------------------------------------------


def _to_sparse(dense: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[R,V,3] -> start int32 [R+1], vertex int32 [K], delta ``dtype`` [K,3] of the vertices that move."""
    small = np.asarray(dense, np.float32).astype(dtype)
    row, vertex = np.nonzero(small.any(axis=2))
    start = np.zeros(len(small) + 1, "<i4")
    np.cumsum(np.bincount(row, minlength=len(small)), out=start[1:])
    return start, vertex.astype("<i4"), small[row, vertex]


def _from_sparse(start: np.ndarray, vertex: np.ndarray, delta: np.ndarray, vertex_count: int) -> np.ndarray:
    dense = np.zeros((len(start) - 1, vertex_count, 3), np.float32)
    dense[np.repeat(np.arange(len(start) - 1), np.diff(start)), vertex] = delta
    return dense


def _to_arrays(data: AvatarData) -> dict[str, np.ndarray]:
    arrays = {name: np.asarray(getattr(data, name)) for name in ARRAYS if hasattr(data, name)}
    arrays = {name: array.astype(ARRAYS[name][0]) for name, array in arrays.items()}
    for prefix, dense, dtype in (("unit", data.unit_dirs, "<f2"), ("posedir", data.posedirs, "<f4")):
        start, vertex, delta = _to_sparse(dense, dtype)
        arrays |= {f"{prefix}_start": start, f"{prefix}_vertex": vertex, f"{prefix}_delta": delta}
    return arrays


# Checks ----------------------------------------------------------------------------------------------------------


def _check_arrays(arrays: dict[str, np.ndarray], unit_count: int) -> None:
    sizes: dict[str | int, int] = {"U+1": unit_count + 1, "P+1": POSEDIR_ROWS + 1}
    for name, (_, shape) in ARRAYS.items():
        array = arrays[name]
        wanted = (
            tuple(
                size if isinstance(size, int) else sizes.setdefault(size, array.shape[axis])
                for axis, size in enumerate(shape)
            )
            if array.ndim == len(shape)
            else None
        )
        if array.shape != wanted:
            raise ArchiveError("corrupt", f"{name} has the shape {array.shape} instead of {shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ArchiveError("corrupt", f"{name} holds numbers that are not finite")
    if max(unit_count, POSEDIR_ROWS) * sizes["V"] * 3 > DENSE_LIMIT:
        raise ArchiveError("corrupt", f"{unit_count} units of {sizes['V']} vertices are more than the format allows")
    _check_indices(arrays, "faces", sizes["V"])
    _check_indices(arrays, "gaussian_face", sizes["F"])
    for prefix in ("unit", "posedir"):
        _check_indices(arrays, f"{prefix}_vertex", sizes["V"])
        start = arrays[f"{prefix}_start"]
        if start[0] != 0 or start[-1] != len(arrays[f"{prefix}_vertex"]) or (np.diff(start) < 0).any():
            raise ArchiveError("corrupt", f"{prefix}_start does not divide {prefix}_vertex")


def _check_indices(arrays: dict[str, np.ndarray], name: str, end: int) -> None:
    indices = arrays[name]
    if indices.size and (indices.min() < 0 or indices.max() >= end):
        raise ArchiveError("corrupt", f"{name} points outside 0..{end - 1}")


def _to_header(data: AvatarData) -> dict[str, object]:
    return {
        "format": FORMAT_NAME,
        "version": list(FORMAT_VERSION),
        "unit_names": list(data.unit_names),
        "controls": controls_to_json(data.controls),
        "photo_camera": camera_to_json(data.photo_camera),
        "photo_controls": {name: float(value) for name, value in data.photo_controls.items()},
        "poses": poses_to_json(data.poses),
        "provenance": data.provenance,
    }


# Errors for the artist ---------------------------------------------------------------------------------------------


def _as_file_error(error: ArchiveError) -> AvatarFileError:
    if error.kind == "foreign":
        return AvatarFileError(
            "avatar.not_an_avatar",
            "This file is not a Cameo avatar.",
            cause=error.cause,
            fix=f"Choose a file that Cameo wrote (its name ends in {SUFFIX}).",
        )
    if error.kind == "truncated":
        return AvatarFileError(
            "avatar.truncated",
            "This avatar file is incomplete.",
            cause=error.cause,
            fix="Copy or download it again; if this is the original, export the avatar again.",
        )
    return _corrupt(error.cause)


def _corrupt(cause: str) -> AvatarFileError:
    return AvatarFileError(
        "avatar.corrupt",
        "This avatar file is damaged.",
        cause=cause,
        fix="Use another copy of the file, or make the avatar again.",
    )
