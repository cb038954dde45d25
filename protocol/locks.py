"""Locks that processes hold on files. The system lets go of one when its holder ends, however it ends."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def try_lock(stream: IO[bytes]) -> bool:
    """Lock the file until the stream is closed; False, at once, when another process (or stream) holds it.

    Raises:
        OSError: this file system has no locks.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
