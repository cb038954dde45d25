"""Cameo's own file of a performance, JSON (docs/motion.md).

    {"format": "cameo_motion", "version": 1, "fps": 30.0,
     "frames": [{"jawOpen": 0.1, "neck": [0.0, 0.1, 0.0]}, ...]}

A number belongs to a control, three to a joint (axis-angle, radians) or to ``translation`` (metres). What a frame does
not name is 0. ``times`` (seconds, one for each frame) may stand beside ``fps`` where frames are not evenly spaced. A
plain list of frames is read, too: a clip for ``cameo export``.
"""

from __future__ import annotations

import json
import math

import numpy as np

from ..joints import JOINT_NAMES
from .clip import FRAMES_LIMIT, MotionClip, evenly, unreadable

FORMAT, VERSION = "cameo_motion", 1
_TRANSLATION = "translation"
_USUAL_RATE = 30.0
_LARGEST = 1e4
_NAMES_LIMIT = 2000


def read_clip(text: str, name: str, rate: float | None = None) -> MotionClip:
    """The performance in the file's ``text``.

    Args:
        rate: frames a second; None: what the file says.

    Raises:
        CameoError: ``motion.unreadable``, with the place.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(name, f"It is not JSON: {error}.") from error
    notes: tuple[str, ...] = ()
    if isinstance(stored, list):
        stored = {"format": FORMAT, "version": VERSION, "fps": rate or _USUAL_RATE, "frames": stored}
        notes = (f"A list of frames says no frame rate: {stored['fps']:g} a second were taken.",)
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise unreadable(name, f'It is JSON, but not a motion: "format" is not "{FORMAT}".')
    if stored.get("version") != VERSION:
        raise unreadable(name, "It was written by a newer Cameo.", "Bring Cameo up to date.")
    frames = stored.get("frames")
    if not isinstance(frames, list) or not 0 < len(frames) <= FRAMES_LIMIT:
        raise unreadable(name, f'"frames" is not a list of 1 to {FRAMES_LIMIT} frames.')
    fps = rate or _number(stored.get("fps"), '"fps"', name)
    if not 0.1 <= fps <= 1000:
        raise unreadable(name, f'"fps" is {fps:g}; 0.1 to 1000 can be read.')
    numbers, threes = _columns(frames, name)
    translation = threes.pop(_TRANSLATION, None)
    times = evenly(len(frames), fps) if rate or "times" not in stored else _times(stored["times"], len(frames), name)
    return MotionClip(times, fps, numbers, threes, translation, notes=notes)


def write_clip(clip: MotionClip) -> str:
    """The file's text: one frame a line, values to nine digits."""
    head = {"format": FORMAT, "version": VERSION, "fps": round(clip.rate, 6)}
    if not np.allclose(clip.times, evenly(len(clip.times), clip.rate), atol=1e-4):
        head["times"] = [round(float(time), 6) for time in clip.times]
    threes = dict(clip.joints)
    if clip.translation is not None:
        threes[_TRANSLATION] = clip.translation
    lines = []
    for k in range(len(clip.times)):
        frame: dict[str, object] = {name: _short(values[k]) for name, values in clip.controls.items()}
        frame |= {name: [_short(value) for value in turns[k]] for name, turns in threes.items()}
        lines.append(json.dumps(frame))
    start = json.dumps(head)[:-1]
    return start + ', "frames": [\n' + ",\n".join(lines) + "\n]}\n"


def _short(value: float) -> float:
    return float(f"{value:.9g}")


def _columns(frames: list[object], name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Controls [T] and threes [T,3] by name."""
    numbers: dict[str, np.ndarray] = {}
    threes: dict[str, np.ndarray] = {}
    for k, frame in enumerate(frames):
        if not isinstance(frame, dict):
            raise unreadable(name, f"Frame {k} is not an object of names and values.")
        for key, value in frame.items():
            if key in JOINT_NAMES or key == _TRANSLATION:
                if not isinstance(value, list) or len(value) != 3:
                    raise unreadable(name, f"Frame {k}: {key} is not a list of three numbers.")
                row = [_number(one, f"Frame {k}: {key}", name) for one in value]
                threes.setdefault(key, np.zeros((len(frames), 3)))[k] = row
            else:
                if key not in numbers and len(numbers) >= _NAMES_LIMIT:
                    raise unreadable(name, f"Frame {k}: more than {_NAMES_LIMIT} controls.")
                numbers.setdefault(key, np.zeros(len(frames)))[k] = _number(value, f"Frame {k}: {key[:60]}", name)
    return numbers, threes


def _times(value: object, count: int, name: str) -> np.ndarray:
    if not isinstance(value, list) or len(value) != count:
        raise unreadable(name, f'"times" is not a list of {count} numbers, one for each frame.')
    times = np.array([_number(one, f'"times", number {k}', name) for k, one in enumerate(value)])
    if count > 1 and not (np.diff(times) > 0).all():
        later = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
        raise unreadable(name, f'"times", number {later}: it is not later than the one before.')
    return times - times[0]


def _number(value: object, place: str, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise unreadable(name, f"{place} is {str(value)[:40]}, which is not a number of a face.")
    return float(value) if math.isfinite(value) else 0.0
