"""Protocol messages over a byte stream: how the server and its worker talk through the worker's stdin and stdout."""

from __future__ import annotations

import logging
import os
import struct
from typing import BinaryIO

from ...protocol import limits
from ...protocol.codec import decode, encode
from ...protocol.errors import ProtocolError
from ...protocol.messages import Message

_COUNT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")


def own_streams() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout for messages alone; what libraries print from now on goes to stderr, the log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return stdin, stdout


def write_message(stream: BinaryIO, message: Message) -> None:
    """Write and flush. Raises OSError when the other side is gone."""
    frames = encode(message)
    stream.write(_COUNT.pack(len(frames)))
    for frame in frames:
        stream.write(_SIZE.pack(len(frame)))
        stream.write(frame)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """The next message; None when the other side has closed or died, even in the middle of one.

    Raises:
        ProtocolError: the stream holds something else.
    """
    if (count := _read(stream, _COUNT.size)) is None:
        return None
    (frame_count,) = _COUNT.unpack(count)
    frames: list[bytes] = []
    room = limits.MESSAGE_BYTES
    if frame_count > limits.FRAMES:
        raise _garbled(f"{frame_count} frames")
    for _ in range(frame_count):
        if (prefix := _read(stream, _SIZE.size)) is None:
            return None
        (size,) = _SIZE.unpack(prefix)
        room -= size
        if room < 0:
            raise _garbled(f"a frame of {size} bytes")
        if (frame := _read(stream, size)) is None:
            return None
        frames.append(frame)
    return decode(frames)


def _read(stream: BinaryIO, size: int) -> bytes | None:
    """Exactly ``size`` bytes, or None at the end of the stream."""
    content = stream.read(size)
    return content if len(content) == size else None


def _garbled(cause: str) -> ProtocolError:
    return ProtocolError(
        "protocol.too_large",
        "The backend and its worker process do not understand each other.",
        cause=cause,
        fix="Submit the picture again. If it happens again, please report this, with the file worker.log.",
    )
