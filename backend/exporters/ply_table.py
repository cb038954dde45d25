"""PLY as tables: the columns of a file's vertices by name, whatever their order, types and encoding.

The format: Greg Turk, "The PLY Polygon File Format". ASCII and both binary orders are read, little endian is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import CameoError

_MAX_HEADER = 65536
_END = re.compile(rb"^end_header\r?\n", re.MULTILINE)
_MAX_DIGITS = 12  # of the number of vertices
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}


def write_table(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write ``columns`` (float [N] by name) as vertices of float32.

    Raises:
        OSError: the file could not be written.
    """
    table = np.stack(list(columns.values()), 1).astype("<f4")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    header += [f"property float {name}" for name in columns]
    path.write_bytes("\n".join([*header, "end_header", ""]).encode("ascii") + table.tobytes())


def read_table(path: Path) -> dict[str, np.ndarray]:
    """The vertices' columns by name, [N] of the file's types. Vertices must be the first element and have no lists.

    Raises:
        CameoError: ``ply.unreadable``, the file is no such PLY or is cut short.
        OSError: the file could not be opened.
    """
    content = path.read_bytes()
    end = _END.search(content, 0, _MAX_HEADER)
    if not content.startswith(b"ply") or end is None:
        raise unreadable(path, "it does not begin like a PLY file")
    lines = [line.split() for line in content[: end.start()].decode("ascii", "replace").splitlines()]
    encoding = next((line[1] for line in lines if len(line) == 3 and line[0] == "format"), "")
    count, properties = _vertices(path, lines)
    if encoding == "ascii":
        return _read_text(path, content[end.end() :], count, [name for name, _ in properties])
    if encoding not in _ORDERS:
        raise unreadable(path, "it does not say how its numbers are written")
    row = np.dtype([(name, _ORDERS[encoding] + kind) for name, kind in properties])
    if len(content) < end.end() + count * row.itemsize:
        raise unreadable(path, "it is cut short")
    table = np.frombuffer(content, row, count, end.end())
    return {name: table[name] for name, _ in properties}


def _vertices(path: Path, lines: Sequence[Sequence[str]]) -> tuple[int, list[tuple[str, str]]]:
    """How many vertices there are, and the names and numpy types of their properties."""
    starts = [index for index, line in enumerate(lines) if line[:1] == ["element"]]
    if not starts or len(lines[starts[0]]) != 3 or lines[starts[0]][1] != "vertex":
        raise unreadable(path, "it does not begin with a list of vertices")
    digits = lines[starts[0]][2]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS):
        raise unreadable(path, "it does not say how many vertices it has")
    until = starts[1] if len(starts) > 1 else len(lines)
    rows = [line for line in lines[starts[0] + 1 : until] if line[:1] == ["property"]]
    if any(len(row) != 3 or row[1] not in _TYPES for row in rows):
        raise unreadable(path, "its vertices hold something else than plain numbers")
    names = [row[2] for row in rows]
    if not names or len(set(names)) < len(names):
        raise unreadable(path, "its vertices have no properties, or two of one name")
    return int(digits), [(row[2], _TYPES[row[1]]) for row in rows]


def _read_text(path: Path, body: bytes, count: int, names: Sequence[str]) -> dict[str, np.ndarray]:
    words = body.split(maxsplit=count * len(names))[: count * len(names)]
    if len(words) < count * len(names):
        raise unreadable(path, "it is cut short")
    try:
        table = np.array(words, "S").astype(np.float64).reshape(count, len(names))
    except ValueError as error:
        raise unreadable(path, f"it holds something else than numbers ({error})") from error
    return {name: table[:, k] for k, name in enumerate(names)}


def unreadable(path: Path, why: str) -> CameoError:
    """``ply.unreadable`` for this file."""
    return CameoError(
        "ply.unreadable",
        f"{path.name} could not be read as a Gaussian PLY file.",
        cause=f"The file was opened, but {why}.",
        fix="Export it again from the tool that made it, as a 3DGS PLY.",
    )
