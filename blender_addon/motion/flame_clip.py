"""FLAME parameters over time from ``.npz``: GaussianAvatars and VHAP, SMIRK, and what smplx names them.

Joints are taken as they are. Coefficients of FLAME's expression space (``expr`` and its other names) mean nothing to a
head that is not FLAME: they are kept beside, and whoever has FLAME's basis lays them onto controls
(``scene/flame_expression.py``). SMIRK's eyelids are blinks.
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib

import numpy as np

from ..joints import JOINT_NAMES
from .clip import FRAMES_LIMIT, MotionClip, evenly, unreadable

_BYTES_LIMIT = 256 << 20  # of one array
_NUMBERS = {  # what we call it -> names in files, and how many columns it has (None: any)
    "expression": (("expr", "expression_params", "expression", "exp"), None),
    "root": (("rotation", "global_orient"), 3),
    "smirk_root": (("pose_params",), 3),
    "neck": (("neck_pose",), 3),
    "jaw": (("jaw_pose", "jaw_params"), 3),
    "eyes": (("eyes_pose",), 6),
    "left_eye": (("leye_pose",), 3),
    "right_eye": (("reye_pose",), 3),
    "translation": (("translation", "transl"), 3),
    "eyelids": (("eyelid_params",), 2),
}
_LARGEST = 1e4
_FILE_ERRORS = (
    ValueError,
    EOFError,
    OSError,
    KeyError,
    IndexError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    OverflowError,
    MemoryError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)
"""What Python's zip and numpy's header reader raise on damaged files (measured by the fuzz test)."""


def read_flame_clip(content: bytes, name: str, rate: float = 30.0) -> MotionClip:
    """The performance in an ``.npz``.

    Args:
        rate: frames a second; the file does not say.

    Raises:
        CameoError: ``motion.unreadable``.
    """
    arrays = _arrays(content, name)
    if not arrays:
        raise unreadable(name, "It holds none of FLAME's parameters, such as expr, jaw_pose or expression_params.")
    counts = {array.shape[0] for array in arrays.values()} - {1}
    if len(counts) > 1:
        raise unreadable(name, f"Its parameters have different numbers of frames: {sorted(counts)}.")
    frames = counts.pop() if counts else 1
    if frames > FRAMES_LIMIT or frames == 0:
        raise unreadable(name, f"It has {frames} frames; 1 to {FRAMES_LIMIT} can be read.")
    arrays = {key: np.repeat(array, frames, 0) if len(array) == 1 else array for key, array in arrays.items()}
    notes = [f"The file says no frame rate: {rate:g} frames a second were taken."]
    if "smirk_root" in arrays:
        arrays.setdefault("neck", arrays.pop("smirk_root"))  # the whole head's turn; SMIRK has no neck
    if "eyes" in arrays:
        eyes = arrays.pop("eyes")
        arrays["left_eye"], arrays["right_eye"] = eyes[:, :3], eyes[:, 3:]
    controls = {}
    if "eyelids" in arrays:
        controls = {"eyeBlinkLeft": arrays["eyelids"][:, 0], "eyeBlinkRight": arrays["eyelids"][:, 1]}
    joints = {joint: arrays[joint] for joint in JOINT_NAMES if joint in arrays}
    return MotionClip(
        evenly(frames, rate),
        rate,
        controls,
        joints,
        arrays.get("translation"),
        arrays.get("expression"),
        tuple(notes),
    )


def _arrays(content: bytes, name: str) -> dict[str, np.ndarray]:
    """Our names -> float64 [T,width] of what the file holds."""
    found: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            for ours, (theirs, width) in _NUMBERS.items():
                for key in theirs:
                    if key in members and ours not in found:
                        found[ours] = _rows(_array(archive, members[key], name), key, width, name)
    except _FILE_ERRORS as error:
        raise unreadable(name, f"It is not a whole .npz file: {error}.") from error
    return found


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> np.ndarray:
    if info.file_size > _BYTES_LIMIT:
        raise unreadable(name, f"{info.filename} is larger than {_BYTES_LIMIT >> 20} MB.")
    with archive.open(info) as member:
        data = member.read(_BYTES_LIMIT + 1)
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    # compared before anything is allocated: a header may claim any shape
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - stream.tell() or min(shape, default=0) < 0:
        raise ValueError(f"{info.filename} does not hold the {shape} numbers it promises")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _rows(array: np.ndarray, key: str, width: int | None, name: str) -> np.ndarray:
    """float64 [T,width]; a single moment may come without its axis, and single axes within are dropped."""
    if array.ndim == 0 or array.size == 0 or array.dtype.kind not in "fiu":
        raise unreadable(name, f"{key} has the shape {array.shape} and the type {array.dtype}; it should be numbers.")
    rows = array.reshape(1, -1) if array.ndim == 1 else array.reshape(array.shape[0], -1)
    if width is not None and rows.shape[1] != width:
        raise unreadable(name, f"{key} has {rows.shape[1]} numbers a frame; it should have {width}.")
    with np.errstate(all="ignore"):
        wide = rows.astype(np.float64)
    bad = np.argwhere(~(np.abs(wide) <= _LARGEST))
    if len(bad):
        raise unreadable(name, f"{key}, frame {bad[0][0]}, number {bad[0][1]}: not a number of a face.")
    return wide
