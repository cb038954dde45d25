"""A LivePortrait motion template: one dict of arrays for each frame, taken out as one array for all frames."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from allow_list import AllowList
from refusal import Refused
from stand_ins import COMMON, Array

_MOST_FRAMES = 100_000
_ROTATIONS = ("R", "R_d")
"""The key of rotations: newer files and older ones."""
_OPENINGS = {"lip": ("c_lip_lst", "c_d_lip_lst"), "eyes": ("c_eyes_lst", "c_d_eyes_lst")}


def motion_of(stream: BinaryIO) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """``R``, ``exp``, ``scale``, ``t``, and where the file has them ``lip`` and ``eyes``: [T,...]; no texts.

    Raises:
        Refused: with the reason, in words that follow "The file was not read:".
    """
    table = AllowList(stream, COMMON.get).load()
    if not isinstance(table, dict) or not isinstance(frames := table.get("motion"), list):
        raise Refused("it holds no motion")
    if not 0 < len(frames) <= _MOST_FRAMES or not all(isinstance(frame, dict) for frame in frames):
        raise Refused("its motion is not a list of frames")
    rotation = next((key for key in _ROTATIONS if key in frames[0]), _ROTATIONS[0])
    keys = {"R": rotation, "exp": "exp", "scale": "scale", "t": "t"}
    arrays = {name: _stacked(name, [frame.get(key) for frame in frames]) for name, key in keys.items()}
    for name, spellings in _OPENINGS.items():
        found = next((table[key] for key in spellings if isinstance(table.get(key), list) and table[key]), None)
        if found is not None:
            arrays[name] = _stacked(name, found)
    return arrays, {}


def _stacked(name: str, values: list[object]) -> np.ndarray:
    """One float32 array of the arrays of all frames."""
    opened = [value.value if isinstance(value, Array) else value for value in values]
    arrays = [array for array in opened if isinstance(array, np.ndarray) and array.dtype.kind == "f"]
    if len(arrays) != len(values):
        raise Refused(f"a frame has no '{name}'")
    if any(array.shape != arrays[0].shape for array in arrays):
        raise Refused(f"the frames' '{name}' are not alike")
    return np.stack(arrays).astype(np.float32)
