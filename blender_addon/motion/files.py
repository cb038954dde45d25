"""Which kind of file a performance is in: looked up in the content, the ending only breaks ties."""

from __future__ import annotations

from pathlib import Path

from .clip import MotionClip, unreadable
from .clip_json import read_clip
from .flame_clip import read_flame_clip
from .live_link_face import read_live_link_face

ENDINGS = (".csv", ".npz", ".json")
_BYTES_LIMIT = 512 << 20
_FLAME_RATE = 30.0


def read_motion(path: Path, rate: float | None = None) -> MotionClip:
    """The performance in a file of Live Link Face (CSV), FLAME parameters (npz) or Cameo (JSON).

    Args:
        rate: frames a second; None: what the file says, 30 where it cannot (npz).

    Raises:
        CameoError: ``motion.unreadable``.
        OSError: the file cannot be opened.
    """
    if path.stat().st_size > _BYTES_LIMIT:
        raise unreadable(path.name, f"It is larger than {_BYTES_LIMIT >> 20} MB.")
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04") or path.suffix.lower() == ".npz":
        return read_flame_clip(content, path.name, rate or _FLAME_RATE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(
            path.name, f"It is not text (byte {error.start}), and no .npz.", "Choose a .csv, .npz or .json file."
        ) from error
    if text.lstrip()[:1] in ("{", "["):
        return read_clip(text, path.name, rate)
    return read_live_link_face(text, path.name, rate)
