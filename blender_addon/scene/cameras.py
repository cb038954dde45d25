"""Cameras: on the orbit of ``conventions.md``, and from an OpenCV viewmat with intrinsics."""

from __future__ import annotations

import json
import math

import bpy
import numpy as np
from mathutils import Matrix

from ...protocol.errors import CameoError
from .avatar import CAMERA, parts_of

ORBIT_CENTER = (0.0, -0.015, -0.01)  # head frame, metres; as backend.artifacts.orbit_camera
_OPENCV_TO_BLENDER = Matrix(((1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -1, 0), (0, 0, 0, 1)))  # y and z turned round


def new_camera(collection: bpy.types.Collection, name: str) -> bpy.types.Object:
    """A camera that measures its field of view across the picture's width and sees from 1 cm to 100 m."""
    data = bpy.data.cameras.new(name)
    data.sensor_fit = "HORIZONTAL"
    data.clip_start, data.clip_end = 0.01, 100.0
    data.display_size = 0.15  # metres, of its picture in the view: a head is smaller than most scenes
    camera = bpy.data.objects.new(name, data)
    collection.objects.link(camera)
    return camera


def orbit_matrix(
    yaw_deg: float,
    pitch_deg: float,
    distance: float,
    center: tuple[float, float, float] = ORBIT_CENTER,
) -> Matrix:
    """Head frame from camera (Blender's camera axes: looks along -z, y up).

    Positive yaw moves the camera towards the subject's left (+x), positive pitch up.
    """
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    backward = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    right = np.array([math.cos(yaw), 0.0, -math.sin(yaw)])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(backward, right), backward], 1)
    pose[:3, 3] = np.asarray(center) + distance * backward
    return Matrix(pose.tolist())


def put_on_orbit(
    camera: bpy.types.Object,
    member: bpy.types.Object,
    yaw_deg: float,
    *,
    pitch_deg: float = 0.0,
    distance: float,
    fov_deg: float,
) -> None:
    """Place an unparented ``camera`` round the avatar, ``fov_deg`` across the picture's width."""
    camera.matrix_world = parts_of(member).root.matrix_world @ orbit_matrix(yaw_deg, pitch_deg, distance)
    camera.data.angle_x = math.radians(fov_deg)
    camera.data.shift_x = camera.data.shift_y = 0.0


def put_at_view(
    camera: bpy.types.Object, member: bpy.types.Object, viewmat: np.ndarray, K: np.ndarray, width: int, height: int
) -> None:
    """Place an unparented ``camera`` as an OpenCV camera sees the head.

    Args:
        viewmat: [4,4] head frame to camera, metres. K: [3,3] pixels of a ``width`` x ``height`` picture.
            Blender has one focal length a pixel aspect: fx and fy may differ by 0.1 % at most.

    Raises:
        CameoError: ``camera.not_square``, the pixels are not square.
    """
    focal_x, focal_y = float(K[0][0]), float(K[1][1])
    if abs(focal_x - focal_y) > 1e-3 * focal_x:
        raise CameoError(
            "camera.not_square",
            "This camera cannot be set up in Blender.",
            cause=f"Its pixels are not square: focal lengths {focal_x:.1f} and {focal_y:.1f}.",
            fix="Use a camera whose focal length is the same both ways (fx = fy).",
        )
    pose = Matrix(np.linalg.inv(np.asarray(viewmat, float)).tolist()) @ _OPENCV_TO_BLENDER
    camera.matrix_world = parts_of(member).root.matrix_world @ pose
    data = camera.data
    data.sensor_fit = "HORIZONTAL"
    data.lens_unit = "MILLIMETERS"
    data.lens = focal_x * data.sensor_width / width
    # Blender counts shifts in picture widths; y is up there and down in K
    data.shift_x = (width / 2 - float(K[0][2])) / width
    data.shift_y = (float(K[1][2]) - height / 2) / width


def put_at_photo(camera: bpy.types.Object, member: bpy.types.Object) -> tuple[int, int]:
    """Place ``camera`` where the photo was taken from; returns the picture's (width, height).

    Raises:
        CameoError: ``avatar.no_photo_camera``.
    """
    stored = parts_of(member).root.get(CAMERA)
    if stored is None:
        raise CameoError(
            "avatar.no_photo_camera",
            "This avatar does not know where its photo was taken from.",
            fix="Make the avatar again, or place a camera by hand.",
        )
    view = json.loads(stored)
    put_at_view(camera, member, np.array(view["viewmat"]), np.array(view["K"]), view["width"], view["height"])
    return view["width"], view["height"]


def camera_intrinsics(
    camera: bpy.types.Object, depsgraph: bpy.types.Depsgraph, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """viewmat [4,4] (world to OpenCV camera) and K [3,3] of an evaluated ``camera`` for a picture of that size.

    An orthographic camera's focal lengths are pixels a metre.
    """
    render = depsgraph.scene.render
    aspect = {"scale_x": render.pixel_aspect_x, "scale_y": render.pixel_aspect_y}
    projection = np.array(camera.calc_matrix_camera(depsgraph, x=width, y=height, **aspect))
    K = np.eye(3)
    K[0, 0], K[1, 1] = projection[0, 0] * width / 2, projection[1, 1] * height / 2
    # a point at depth z (Blender looks along -z): x_ndc = (P00 x + P02 z)/-z; orthographic: P00 x + P03; y turns round
    x, y = (-projection[0, 3], -projection[1, 3]) if camera.data.type == "ORTHO" else projection[:2, 2]
    K[0, 2], K[1, 2] = (1 - x) * width / 2, (1 + y) * height / 2
    pose = camera.matrix_world.normalized() @ _OPENCV_TO_BLENDER
    return np.linalg.inv(np.array(pose)), K
