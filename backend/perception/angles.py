"""How a face is turned, from its landmarks alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .landmark_names import CHIN, FOREHEAD, LEFT_EYE_OUTER, RIGHT_EYE_OUTER

# Pairs that mirror each other (subject's right, left): they span the face's width axis even when one eye is covered.
_PAIRS = np.array([[RIGHT_EYE_OUTER, LEFT_EYE_OUTER], [127, 356], [234, 454], [93, 323], [61, 291], [50, 280]])

# The line from forehead to chin leans by this much against the face's own upright (measured on the head model).
_LEAN = np.radians(9.0)


@dataclass(frozen=True)
class HeadAngles:
    """Degrees. All zero for a face that looks straight into the camera.

    Attributes:
        yaw: positive when the camera sees more of the subject's left side, as an orbit camera at positive yaw does.
        pitch: positive when the camera looks down on the face, as an orbit camera at positive pitch does.
        roll: positive when the head is tilted clockwise in the picture.
    """

    yaw: float
    pitch: float
    roll: float


def head_angles(points: np.ndarray) -> HeadAngles:
    """Estimate the head's rotation relative to the camera from ``points`` float [478,3] (see ``FaceLandmarks``).

    On renders of the head model yaw is right to 5 degrees up to 30, and 5 to 8 too small at 45 to 60.
    """
    p = np.asarray(points, np.float64)
    right_to_left = (p[_PAIRS[:, 1]] - p[_PAIRS[:, 0]]).sum(axis=0)  # +x in the picture for a frontal face
    x_axis = right_to_left / np.linalg.norm(right_to_left)
    down = p[CHIN] - p[FOREHEAD]
    down = down - (down @ x_axis) * x_axis
    y_axis = down / np.linalg.norm(down)
    z_axis = np.cross(x_axis, y_axis)  # into the head, away from the camera
    y_axis, z_axis = (np.cos(_LEAN) * y_axis - np.sin(_LEAN) * z_axis, np.sin(_LEAN) * y_axis + np.cos(_LEAN) * z_axis)
    # Camera direction seen from the head: what an orbit camera at (yaw, pitch) has.
    to_camera = np.array([0.0, 0.0, -1.0])
    left, up, forward = to_camera @ x_axis, -(to_camera @ y_axis), -(to_camera @ z_axis)
    roll = np.degrees(np.arctan2(x_axis[1], x_axis[0]))
    return HeadAngles(
        yaw=float(np.degrees(np.arctan2(left, forward))),
        pitch=float(np.degrees(np.arcsin(np.clip(up, -1, 1)))),
        roll=float(roll),
    )
