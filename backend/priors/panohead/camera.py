"""PanoHead's cameras: a fixed lens on a sphere round the head, as labels and as our cameras.

The world is upright, y up, the face towards +z; its unit is :data:`METRES` of a grown person's head.
"""

from __future__ import annotations

import numpy as np

from ...artifacts import Camera, orbit_camera

RADIUS = 2.7
"""Distance of every camera from the origin, which it looks at."""
FOCAL = 4.2647
"""Focal length over the picture's side; about 13.4 degrees across."""
CROP_METRES = 0.264
"""What a picture's side measures at the head's middle: 240 mm of the face model's mean head, and the rim of a tenth."""
METRES = CROP_METRES * FOCAL / RADIUS
"""Metres per unit of PanoHead's world."""
SIZE = 512
"""Side of its pictures, pixels."""


def label_of(camera: Camera) -> np.ndarray:
    """The camera label float32 [25]: cam2world row by row, then K of a picture that is 1 wide and high."""
    K = camera.K / np.array([[camera.width], [camera.height], [1.0]])
    return np.concatenate([np.linalg.inv(camera.viewmat).ravel(), K.ravel()]).astype(np.float32)


def camera_of_label(label: np.ndarray, size: int = SIZE) -> Camera:
    """The camera of a label float [25], for pictures of ``size`` pixels."""
    values = np.asarray(label, np.float64)
    K = values[16:].reshape(3, 3) * np.array([[size], [size], [1.0]])
    return Camera(np.linalg.inv(values[:16].reshape(4, 4)), K, size, size)


def round_the_head(azimuth_deg: float, pitch_deg: float = 0.0, size: int = SIZE) -> Camera:
    """The camera at an orbit yaw and pitch (``conventions.md``)."""
    fov_deg = float(np.rad2deg(2 * np.arctan(0.5 / FOCAL)))
    return orbit_camera(azimuth_deg, pitch_deg, distance=RADIUS, fov_deg=fov_deg, size=size, center=(0.0, 0.0, 0.0))


def looking_along(rotation: np.ndarray, size: int = SIZE) -> Camera:
    """The camera that sees the head turned by ``rotation`` [3,3], from the head's frame to the camera's (OpenCV)."""
    viewmat = np.eye(4)
    viewmat[:3, :3], viewmat[2, 3] = rotation, RADIUS
    return Camera(viewmat, round_the_head(0.0, size=size).K, size, size)
