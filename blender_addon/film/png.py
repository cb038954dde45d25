"""PNG and animated PNG (APNG, PNG Third Edition, 2025): 8-bit RGBA without loss."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 6
_UP = 2  # filter type: each row less the one above; costs one subtraction and halves a face
_KEEP, _REPLACE = 0, 0  # dispose: leave the frame; blend: take the new one as it is


def encode_png(rgba: np.ndarray, level: int = _LEVEL) -> bytes:
    """The file's bytes of uint8 [H,W,4], straight alpha. ``level``: zlib's, 1 (quick) to 9 (small)."""
    return _SIGNATURE + _header(rgba) + _chunk(b"IDAT", _packed(rgba, level)) + _chunk(b"IEND", b"")


class AnimatedPng:
    """An animated PNG, written frame by frame; loops for ever."""

    def __init__(self, path: Path, frames: int, fps: int) -> None:
        self._stream = path.open("wb")
        self._frames, self._fps, self._number, self._sequence = frames, fps, 0, 0

    def add(self, rgba: np.ndarray) -> None:
        """The next frame: uint8 [H,W,4], all of one size."""
        height, width = rgba.shape[:2]
        if self._number == 0:
            control = _chunk(b"acTL", struct.pack(">II", self._frames, 0))
            self._stream.write(_SIGNATURE + _header(rgba) + control)
        place = struct.pack(">IIIIIHHBB", self._next(), width, height, 0, 0, 1, self._fps, _KEEP, _REPLACE)
        self._stream.write(_chunk(b"fcTL", place))
        data = _packed(rgba)
        self._stream.write(
            _chunk(b"IDAT", data) if self._number == 0 else _chunk(b"fdAT", struct.pack(">I", self._next()) + data)
        )
        self._number += 1

    def close(self) -> bool:
        """Finish; the file is whole."""
        self._stream.write(_chunk(b"IEND", b""))
        self._stream.close()
        return True

    def abandon(self) -> None:
        """Close the unfinished file."""
        self._stream.close()

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1


def _header(rgba: np.ndarray) -> bytes:
    height, width = rgba.shape[:2]
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)) + _chunk(b"sRGB", b"\0")


def _packed(rgba: np.ndarray, level: int = _LEVEL) -> bytes:
    height, width = rgba.shape[:2]
    above = np.concatenate([np.zeros((1, width, 4), np.uint8), rgba[:-1]])
    rows = np.concatenate([np.full((height, 1), _UP, np.uint8), (rgba - above).reshape(height, -1)], 1)
    return zlib.compress(rows.tobytes(), level)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
