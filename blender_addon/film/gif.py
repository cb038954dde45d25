"""Animated GIF (GIF89a): 255 colours a frame, chosen from the frame itself, one more for what is transparent.

Blender cannot write GIF. Colours: median cut (Heckbert 1982) on a histogram of 5 bits a channel, then an ordered
dither, so that soft shading does not fall into bands. Compression: LZW as the format's specification has it.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

_COLORS, _CLEAR_INDEX = 255, 255
_BITS = 5
_OPAQUE = 128  # alpha from which a pixel is shown; GIF knows no half
_BAYER = (
    np.array(
        [
            [0, 32, 8, 40, 2, 34, 10, 42],
            [48, 16, 56, 24, 50, 18, 58, 26],
            [12, 44, 4, 36, 14, 46, 6, 38],
            [60, 28, 52, 20, 62, 30, 54, 22],
            [3, 35, 11, 43, 1, 33, 9, 41],
            [51, 19, 59, 27, 49, 17, 57, 25],
            [15, 47, 7, 39, 13, 45, 5, 37],
            [63, 31, 55, 23, 61, 29, 53, 21],
        ]
    )
    / 64
    - 0.5
)
_DITHER = 8.0  # of 255: a histogram cell
_LARGEST_CODE = 4096


class AnimatedGif:
    """A GIF written frame by frame; loops for ever."""

    def __init__(self, path: Path, frames: int, fps: int) -> None:
        self._stream = path.open("wb")
        self._fps, self._number = fps, 0

    def add(self, rgba: np.ndarray) -> None:
        """The next frame: uint8 [H,W,4], straight alpha, all of one size."""
        height, width = rgba.shape[:2]
        if self._number == 0:
            self._stream.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0x70, 0, 0))
            self._stream.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", 0) + b"\0")
        palette, indices = quantized(rgba)
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette)] = palette
        # each frame replaces the one before: restore to background, then draw
        self._stream.write(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, (2 << 2) | 1, self._delay(), _CLEAR_INDEX, 0))
        self._stream.write(b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0x87) + table.tobytes())
        self._stream.write(b"\x08" + _blocks(lzw(indices.ravel())) + b"\0")
        self._number += 1

    def close(self) -> bool:
        """Finish; the file is whole."""
        self._stream.write(b"\x3b")
        self._stream.close()
        return True

    def abandon(self) -> None:
        """Close the unfinished file."""
        self._stream.close()

    def _delay(self) -> int:
        """Hundredths of a second; rounded so that the frames together keep time."""
        return round(100 * (self._number + 1) / self._fps) - round(100 * self._number / self._fps)


def quantized(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Palette uint8 [<=255,3] and indices uint8 [H,W] of uint8 [H,W,4]; 255 is transparent."""
    height, width = rgba.shape[:2]
    solid = rgba[..., 3] >= _OPAQUE
    tile = np.tile(_BAYER, (height // 8 + 1, width // 8 + 1))[:height, :width, None]
    dithered = np.clip(rgba[..., :3] + _DITHER * tile, 0, 255).astype(np.int32)
    cells = dithered >> (8 - _BITS)
    keys = (cells[..., 0] << 2 * _BITS) | (cells[..., 1] << _BITS) | cells[..., 2]
    used, counts = np.unique(keys[solid], return_counts=True)
    indices = np.full((height, width), _CLEAR_INDEX, np.uint8)
    if not len(used):
        return np.zeros((1, 3), np.uint8), indices
    sums = np.stack([np.bincount(keys[solid], rgba[..., c][solid], 1 << 3 * _BITS)[used] for c in range(3)], 1)
    means = sums / counts[:, None]
    group = _median_cut(means, counts)
    weight = np.bincount(group, counts)
    palette = np.stack([np.bincount(group, means[:, c] * counts) for c in range(3)], 1) / weight[:, None]
    nearest = ((means[:, None] - palette[None]) ** 2).sum(2).argmin(1)
    lookup = np.zeros(1 << 3 * _BITS, np.uint8)
    lookup[used] = nearest
    indices[solid] = lookup[keys[solid]]
    return palette.round().astype(np.uint8), indices


def lzw(indices: np.ndarray) -> bytes:
    """GIF's LZW with 8-bit symbols: codes of 9 to 12 bits, low bits first."""
    clear, end = 256, 257
    table: dict[tuple[int, int], int] = {}
    size, next_code = 9, 258
    out, bits, held = bytearray(), clear, 9
    data = indices.tolist()
    prefix = data[0]
    for symbol in data[1:]:
        known = table.get((prefix, symbol))
        if known is not None:
            prefix = known
            continue
        bits |= prefix << held
        held += size
        if next_code < _LARGEST_CODE:
            table[prefix, symbol] = next_code
            if next_code == 1 << size:
                size += 1
            next_code += 1
        else:
            bits |= clear << held
            held += size
            table.clear()
            size, next_code = 9, 258
        prefix = symbol
        if held > 4096:  # whole bytes leave before the number grows long
            whole = held // 8
            out += (bits & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
            bits >>= 8 * whole
            held -= 8 * whole
    bits |= prefix << held
    held += size
    if next_code == 1 << size and size < 12:
        size += 1
    bits |= end << held
    held += size
    return bytes(out) + bits.to_bytes((held + 7) // 8, "little")


def _median_cut(colors: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Group of each colour: the box with the widest spread is halved at its median until there are enough."""
    boxes = [np.arange(len(colors))]
    spread = [_spread(colors, boxes[0], counts)]
    while len(boxes) < min(_COLORS, len(colors)):
        widest = max(range(len(boxes)), key=lambda k: spread[k][0])
        if spread[widest][0] <= 0:
            break
        box, axis = boxes[widest], spread[widest][1]
        order = box[np.argsort(colors[box, axis], kind="stable")]
        weight = np.cumsum(counts[order])
        cut = min(max(int(np.searchsorted(weight, weight[-1] / 2)) + 1, 1), len(order) - 1)
        boxes[widest], other = order[:cut], order[cut:]
        boxes.append(other)
        spread[widest] = _spread(colors, boxes[widest], counts)
        spread.append(_spread(colors, other, counts))
    group = np.empty(len(colors), np.int64)
    for k, box in enumerate(boxes):
        group[box] = k
    return group


def _spread(colors: np.ndarray, box: np.ndarray, counts: np.ndarray) -> tuple[float, int]:
    """How much a box would gain from a cut, and along which channel."""
    if len(box) < 2:
        return 0.0, 0
    width = np.ptp(colors[box], axis=0)
    axis = int(width.argmax())
    return float(width[axis]) * float(counts[box].sum()) ** 0.5, axis


def _blocks(data: bytes) -> bytes:
    return b"".join(bytes([len(part := data[k : k + 255])]) + part for k in range(0, len(data), 255))
