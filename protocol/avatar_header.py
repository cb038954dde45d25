"""The JSON part of an avatar file: controls, camera, names. Written plainly, read as if an enemy had written it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .archive import ArchiveError

NAME_LIMIT = 1024  # most units, controls or poses
JOINT_COUNT = 5


@dataclass(frozen=True)
class AvatarCeiling:
    """How far a control acts at most: ``constant + sum(gain * value of another control)``, not below 0.

    The values of the others are those of their sliders, before any ceiling. ``controls`` holds (control index, gain).
    """

    constant: float
    controls: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class AvatarControl:
    """One slider of the artist, 0..1, and what it drives, linearly.

    Attributes:
        name: ARKit name (lowerCamel), or an action unit's (``AU12LipCornerPuller``).
        units: (unit index, value at 1).
        joints: (joint index, axis 0..2, radians at 1), added to the joint's axis-angle.
        ceiling: what the slider's value is cut to before it drives anything; None: nothing.
    """

    name: str
    units: tuple[tuple[int, float], ...] = ()
    joints: tuple[tuple[int, int, float], ...] = ()
    ceiling: AvatarCeiling | None = None


@dataclass(frozen=True)
class AvatarPose:
    """A named pose: ``name`` (``PP``, ``joy``), ``group`` (``viseme``, ``emotion``) and control name -> value 0..1.

    Controls that other poses of the group use and this one does not are at 0.
    """

    name: str
    group: str
    controls: dict[str, float]


@dataclass(frozen=True, eq=False)
class AvatarCamera:
    """The camera the photo was taken with: ``viewmat`` float64 [4,4] world-to-camera (OpenCV), ``K`` float64 [3,3]."""

    viewmat: np.ndarray
    K: np.ndarray
    width: int
    height: int


def controls_to_json(controls: Sequence[AvatarControl]) -> list[object]:
    return [_control_to_json(control) for control in controls]


def _control_to_json(control: AvatarControl) -> dict[str, object]:
    result: dict[str, object] = {
        "name": control.name,
        "units": [[int(unit), float(value)] for unit, value in control.units],
        "joints": [[int(joint), int(axis), float(angle)] for joint, axis, angle in control.joints],
    }
    if control.ceiling is not None:
        others = [[int(other), float(gain)] for other, gain in control.ceiling.controls]
        result["ceiling"] = {"constant": float(control.ceiling.constant), "controls": others}
    return result


def poses_to_json(poses: Sequence[AvatarPose]) -> list[object]:
    return [
        {"name": p.name, "group": p.group, "controls": {name: float(value) for name, value in p.controls.items()}}
        for p in poses
    ]


def camera_to_json(camera: AvatarCamera | None) -> dict[str, object] | None:
    if camera is None:
        return None
    return {
        "viewmat": np.asarray(camera.viewmat, float).tolist(),
        "K": np.asarray(camera.K, float).tolist(),
        "width": int(camera.width),
        "height": int(camera.height),
    }


def read_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > NAME_LIMIT or any(not _is_name(name) for name in value):
        raise ArchiveError("corrupt", "unit_names is not a list of names")
    return tuple(value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30  # also rejects NaN


def read_object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ArchiveError("corrupt", "a part of the header is not an object")
    return value


def read_numbers(value: object, what: str) -> dict[str, float]:
    numbers = read_object(value)
    if not all(_is_name(name) and _is_number(number) for name, number in numbers.items()):
        raise ArchiveError("corrupt", f"{what} does not map names to numbers")
    return {name: float(number) for name, number in numbers.items()}  # type: ignore[arg-type]


def read_controls(value: object, unit_count: int) -> tuple[AvatarControl, ...]:
    if not isinstance(value, list) or len(value) > NAME_LIMIT:
        raise ArchiveError("corrupt", "controls is not a list")
    return tuple(_read_control(item, unit_count, len(value)) for item in value)


def _read_control(item: object, unit_count: int, control_count: int) -> AvatarControl:
    control = read_object(item)
    name, units, joints = control.get("name"), control.get("units"), control.get("joints")
    if not isinstance(name, str) or not _is_name(name):
        raise ArchiveError("corrupt", "a control has no name")
    ceiling = _read_ceiling(control.get("ceiling"), name, control_count)
    return AvatarControl(name, _rows(units, name, (unit_count,)), _rows(joints, name, (JOINT_COUNT, 3)), ceiling)


def _read_ceiling(value: object, name: str, control_count: int) -> AvatarCeiling | None:
    if value is None:
        return None
    ceiling = read_object(value)
    constant = ceiling.get("constant")
    if not isinstance(constant, int | float) or not _is_number(constant):
        raise ArchiveError("corrupt", f"the ceiling of the control {name} has no constant")
    return AvatarCeiling(float(constant), _rows(ceiling.get("controls"), name, (control_count,)))


def read_poses(value: object) -> tuple[AvatarPose, ...]:
    """The named poses; a file of version 1.0 has none."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > NAME_LIMIT:
        raise ArchiveError("corrupt", "poses is not a list")
    return tuple(_read_pose(read_object(item)) for item in value)


def _read_pose(pose: dict[str, object]) -> AvatarPose:
    name, group = pose.get("name"), pose.get("group")
    if not isinstance(name, str) or not isinstance(group, str) or not (_is_name(name) and _is_name(group)):
        raise ArchiveError("corrupt", "a pose has no name or no group")
    return AvatarPose(name, group, read_numbers(pose.get("controls"), f"the pose {name}"))


def _rows(value: object, name: str, ends: tuple[int, ...]) -> tuple[tuple, ...]:
    """Rows of ``len(ends)`` indices, each below its end, and one number."""
    if not isinstance(value, list) or len(value) > NAME_LIMIT:
        raise ArchiveError("corrupt", f"the control {name} is not a list of what it drives")
    for row in value:
        if not isinstance(row, list) or len(row) != len(ends) + 1 or not _is_number(row[-1]):
            raise ArchiveError("corrupt", f"the control {name} drives something that is not (index, number)")
        if any(type(index) is not int or not 0 <= index < end for index, end in zip(row, ends)):
            raise ArchiveError("corrupt", f"the control {name} drives a unit or joint that does not exist")
    return tuple((*row[:-1], float(row[-1])) for row in value)


def read_camera(value: object) -> AvatarCamera | None:
    if value is None:
        return None
    camera = read_object(value)
    width, height = camera.get("width"), camera.get("height")
    if type(width) is not int or type(height) is not int or not (0 < width <= 65536 and 0 < height <= 65536):
        raise ArchiveError("corrupt", "photo_camera has no picture size")
    return AvatarCamera(_matrix(camera.get("viewmat"), 4), _matrix(camera.get("K"), 3), width, height)


def _matrix(value: object, size: int) -> np.ndarray:
    rows = value if isinstance(value, list) else []
    flat = [number for row in rows if isinstance(row, list) and len(row) == size for number in row]
    if len(rows) != size or len(flat) != size * size or not all(_is_number(number) for number in flat):
        raise ArchiveError("corrupt", f"photo_camera holds no {size} x {size} matrix")
    return np.array(flat, float).reshape(size, size)
