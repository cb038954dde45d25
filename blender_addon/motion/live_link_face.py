"""Live Link Face's CSV: the 52 values of ARKit and nine angles a row, with a timecode.

    Timecode,BlendShapeCount,EyeBlinkLeft,...,TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,...,RightEyeRoll
    14:03:52:28.207,61,0.0123,...

Columns are found by name, in any order and capitals; unknown ones are left out. ``28.207`` is the frame of the second
and its fraction; the frame rate stands nowhere and follows from the highest frame number. A row without values is one
where the app had lost the face.

Angles: yaw to the subject's right, pitch up and roll to the right shoulder are positive (Unreal's rotator seen from the
face), applied roll first, yaw last. Radians.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .clip import FRAMES_LIMIT, MotionClip, unreadable
from .turns import about, multiply, to_axis_angle

BLENDSHAPES = (
    "EyeBlinkLeft",
    "EyeLookDownLeft",
    "EyeLookInLeft",
    "EyeLookOutLeft",
    "EyeLookUpLeft",
    "EyeSquintLeft",
    "EyeWideLeft",
    "EyeBlinkRight",
    "EyeLookDownRight",
    "EyeLookInRight",
    "EyeLookOutRight",
    "EyeLookUpRight",
    "EyeSquintRight",
    "EyeWideRight",
    "JawForward",
    "JawRight",
    "JawLeft",
    "JawOpen",
    "MouthClose",
    "MouthFunnel",
    "MouthPucker",
    "MouthRight",
    "MouthLeft",
    "MouthSmileLeft",
    "MouthSmileRight",
    "MouthFrownLeft",
    "MouthFrownRight",
    "MouthDimpleLeft",
    "MouthDimpleRight",
    "MouthStretchLeft",
    "MouthStretchRight",
    "MouthRollLower",
    "MouthRollUpper",
    "MouthShrugLower",
    "MouthShrugUpper",
    "MouthPressLeft",
    "MouthPressRight",
    "MouthLowerDownLeft",
    "MouthLowerDownRight",
    "MouthUpperUpLeft",
    "MouthUpperUpRight",
    "BrowDownLeft",
    "BrowDownRight",
    "BrowInnerUp",
    "BrowOuterUpLeft",
    "BrowOuterUpRight",
    "CheekPuff",
    "CheekSquintLeft",
    "CheekSquintRight",
    "NoseSneerLeft",
    "NoseSneerRight",
    "TongueOut",
)
"""The app's order of ARKit's names."""
_ANGLES = tuple(f"{part}{angle}" for part in ("Head", "LeftEye", "RightEye") for angle in ("Yaw", "Pitch", "Roll"))
HEADER = ("Timecode", "BlendShapeCount", *BLENDSHAPES, *_ANGLES)
_RATES = (24, 25, 30, 48, 50, 60, 90, 100, 120, 240)
_USUAL_RATE = 60.0
_TIMECODE = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})[:;](\d{1,3}(?:\.\d{1,9})?)")
_CLOCK = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)")
_DAY = 24 * 3600.0
_LARGEST = 1e4  # of any value


@dataclass(frozen=True)
class _Row:
    line: int
    time: str
    values: list[float]


def read_live_link_face(text: str, name: str, rate: float | None = None) -> MotionClip:
    """The performance in the file's ``text``; the head's angles turn the neck, the eyes follow ``EyeLook``.

    Args:
        rate: frames a second; None: as the timecodes say.

    Raises:
        CameoError: ``motion.unreadable``, with line and column.
    """
    try:
        lines = [(number, row) for number, row in enumerate(csv.reader(io.StringIO(text)), 1) if any(row)]
    except csv.Error as error:
        raise unreadable(name, f"It is not a table of comma-separated values: {error}.") from error
    if not lines:
        raise unreadable(name, "It is empty.")
    columns = _columns(lines[0][1], name)
    if len(lines) > FRAMES_LIMIT:
        raise unreadable(name, f"It has more than {FRAMES_LIMIT} rows.")
    rows, lost = _rows(lines[1:], columns, name)
    if not rows:
        raise unreadable(name, "It has no row with values.")
    times, rate, notes = _times(rows, rate, name)
    if lost:
        notes.append(f"{lost} rows hold no face; the frames beside them were blended.")
    kept, values = times >= 0, np.array([row.values for row in rows])
    values = {column: values[kept, k] for k, column in enumerate(c for c in columns if c != "timecode")}
    known = {shape.lower(): shape[0].lower() + shape[1:] for shape in BLENDSHAPES}
    controls = {known[column]: of_column for column, of_column in values.items() if column in known}
    return MotionClip(times[kept], rate, controls, _joints(values), notes=tuple(notes))


def write_live_link_face(clip: MotionClip) -> str:
    """The file's text, of a clip at an even rate. What ARKit does not know is left out; missing controls are 0.

    The eyes' angles are those of the joints ``left_eye`` and ``right_eye``, the head's those of ``neck``.
    """
    frames = len(clip.times)
    per_second = max(round(clip.rate), 1)
    shapes = [clip.controls.get(shape[0].lower() + shape[1:], np.zeros(frames)) for shape in BLENDSHAPES]
    angles = [_angles(clip.joints.get(joint, np.zeros((frames, 3)))) for joint in ("neck", "left_eye", "right_eye")]
    table = np.concatenate([np.stack(shapes, 1), *angles], 1)
    lines = [",".join(HEADER)]
    for number, row in enumerate(table):
        seconds, frame = divmod(number, per_second)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        timecode = f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}.000"
        lines.append(",".join([timecode, str(table.shape[1]), *(f"{value:.9g}" for value in row)]))
    return "\n".join(lines) + "\n"


def _columns(header: Sequence[str], name: str) -> dict[str, int]:
    """Lower-case name -> position of every column that we read."""
    wanted = {"timecode", *(n.lower() for n in (*BLENDSHAPES, *_ANGLES))}
    found: dict[str, int] = {}
    for position, title in enumerate(header):
        key = title.strip().lower()
        if key in found:
            raise unreadable(name, f"Line 1 names the column {title.strip()} twice.")
        if key in wanted:
            found[key] = position
    if not found.keys() & {shape.lower() for shape in BLENDSHAPES}:
        raise unreadable(name, "Line 1 names none of ARKit's shapes, such as EyeBlinkLeft.")
    return found


def _rows(lines: list[tuple[int, list[str]]], columns: dict[str, int], name: str) -> tuple[list[_Row], int]:
    """The rows with a face, and how many there are without."""
    numbers = {column: position for column, position in columns.items() if column != "timecode"}
    rows, lost = [], 0
    for line, cells in lines:
        filled = [position for position in numbers.values() if position < len(cells) and cells[position].strip()]
        if not filled:
            lost += 1
            continue
        values = [_number(cells, position, column, line, name) for column, position in numbers.items()]
        at = columns.get("timecode")
        rows.append(_Row(line, cells[at].strip() if at is not None and at < len(cells) else "", values))
    return rows, lost


def _number(cells: list[str], position: int, column: str, line: int, name: str) -> float:
    text = cells[position].strip() if position < len(cells) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST:
        shown = f"'{text[:30]}' is not a number of a face" if text else "there is no value"
        raise unreadable(name, f"Line {line}, column {position + 1} ({column}): {shown}.")
    return value


def _times(rows: list[_Row], rate: float | None, name: str) -> tuple[np.ndarray, float, list[str]]:
    """Seconds from the first row, -1 for rows to leave out; the rate; notes."""
    stamps = [_TIMECODE.fullmatch(row.time) for row in rows]
    clocks = [_CLOCK.fullmatch(row.time) for row in rows]
    notes: list[str] = []
    if all(not row.time for row in rows):
        rate = rate or _USUAL_RATE
        return np.arange(len(rows)) / rate, rate, [f"No timecodes: {rate:g} frames a second were assumed."]
    if not all(stamps) and not all(clocks):
        bad = next(row for row, stamp, clock in zip(rows, stamps, clocks) if not stamp and not clock)
        raise unreadable(
            name, f"Line {bad.line}, column Timecode: '{bad.time[:30]}' is no time such as 14:03:52:28.207."
        )
    if all(stamps):
        parts = np.array([[float(part) for part in stamp.groups()] for stamp in stamps if stamp])
        if rate is None:
            rate = _rate_of(parts, notes)
        seconds = parts[:, :3] @ [3600.0, 60.0, 1.0] + parts[:, 3] / rate
    else:
        parts = np.array([[float(part) for part in clock.groups()] for clock in clocks if clock] or [[0.0] * 3])
        if len(parts) != len(rows):
            raise unreadable(name, "Its timecodes are written in two ways.")
        seconds = parts @ [3600.0, 60.0, 1.0]
        steps = np.diff(seconds)
        usual = float(np.median(steps)) if len(steps) else 0.0
        rate = rate or (min(max(1 / usual, 1.0), 1000.0) if usual > 0 else _USUAL_RATE)
    return _advancing(seconds, name, notes), float(rate), notes


def _rate_of(parts: np.ndarray, notes: list[str]) -> float:
    """The usual rate that has room for the highest frame number seen."""
    highest = parts[:, 3].max()
    whole_second = len(np.unique(parts[:, :3], axis=0)) > 2
    rate = float(next((r for r in _RATES if r > highest), math.floor(highest) + 1))
    if not whole_second and rate < _USUAL_RATE:
        notes.append(f"Too short to tell its frame rate: {_USUAL_RATE:g} a second were assumed.")
        return _USUAL_RATE
    return rate


def _advancing(seconds: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    """Seconds from the first; -1 where the time does not go on."""
    past_midnight = np.concatenate([[0.0], np.cumsum(np.diff(seconds) < -_DAY / 2)])
    seconds = seconds + _DAY * past_midnight - seconds[0]
    reached = np.maximum.accumulate(seconds)
    ahead = np.concatenate([[True], seconds[1:] > reached[:-1]])
    if (stuck := int((~ahead).sum())) > len(seconds) / 2:
        raise unreadable(name, "Its timecodes do not go on: most rows are not later than the row before.")
    if stuck:
        notes.append(f"{stuck} rows whose timecode does not go on were left out.")
    return np.where(ahead, seconds, -1.0)


def _joints(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The neck's turn; the eyes' too where no column says where they look."""
    joints = {}
    looks = any(column.startswith("eyelook") for column in values)
    for joint, part in (("neck", "head"), ("left_eye", "lefteye"), ("right_eye", "righteye")):
        angles = [values.get(f"{part}{angle}") for angle in ("yaw", "pitch", "roll")]
        if (joint != "neck" and looks) or any(angle is None for angle in angles):
            continue
        yaw, pitch, roll = (angle for angle in angles if angle is not None)
        joints[joint] = to_axis_angle(multiply(multiply(about(1, -yaw), about(0, -pitch)), about(2, roll)))
    return joints


def _angles(turns: np.ndarray) -> np.ndarray:
    """Yaw, pitch, roll [T,3] of axis-angle [T,3]: what :func:`_joints` puts together."""
    angle = np.linalg.norm(turns, axis=1)
    axis = turns / np.maximum(angle, 1e-12)[:, None]
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = axis.T

    def element(p: np.ndarray, q: np.ndarray, sine: np.ndarray | float, diagonal: bool) -> np.ndarray:
        return p * q * (1 - c) + (c if diagonal else 0.0) + sine

    forward_x, forward_y, forward_z = (
        element(x, z, y * s, False),
        element(y, z, -x * s, False),
        element(z, z, 0.0, True),
    )
    up_y, left_y = element(y, y, 0.0, True), element(x, y, z * s, False)
    yaw, pitch = -np.arctan2(forward_x, forward_z), np.arcsin(np.clip(forward_y, -1.0, 1.0))
    return np.stack([yaw, pitch, np.arctan2(left_y, up_y)], 1)
