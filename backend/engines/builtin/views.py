"""The pictures an avatar is reconstructed from: which cameras, which expressions, and the photo itself."""

from __future__ import annotations

from dataclasses import dataclass

from ...artifacts import AvatarMesh, Camera, HeadParameters, orbit_camera, scaled_camera
from ...config import BuiltinConfig
from ...head.controls import parameters_from_controls
from ...head.fit_result import HeadFit
from .expressions import HELD_OUT, TRAINED

HELD_OUT_YAWS = (7.5, -22.5, 37.5, -52.5, 82.5, 157.5)
ELEVATED = ((0, 30), (45, 30), (-45, 30), (180, 30), (0, -20), (45, -20), (-45, -20), (90, -20), (-90, -20))
NEUTRAL, PHOTO_POSE = 0, 1


@dataclass(frozen=True)
class Shot:
    """One frame to be made: indices into the plan's cameras and poses."""

    view: int
    pose: int
    held_out: bool
    what: str


@dataclass(frozen=True)
class Plan:
    """All frames of a :class:`~...artifacts.PersonalizedSet`; ``reference_view`` indexes ``cameras``."""

    cameras: tuple[Camera, ...]
    poses: tuple[HeadParameters, ...]
    shots: tuple[Shot, ...]
    reference_view: int


def plan_views(fit: HeadFit, mesh: AvatarMesh, config: BuiltinConfig) -> Plan:
    """List cameras, poses and frames. Pose 0 is neutral, pose 1 is the photo's."""
    poses = [parameters_from_controls(mesh, {}), fit.parameters]
    cameras: list[Camera] = []
    shots: list[Shot] = []

    def view(camera: Camera) -> int:
        cameras.append(camera)
        return len(cameras) - 1

    def orbit(yaw: float, pitch: float = 0.0, distance: float = config.view_distance) -> int:
        size, fov = config.view_size, config.view_fov_deg
        return view(orbit_camera(yaw, pitch, distance=distance, fov_deg=fov, size=size))

    for k in range(config.azimuths):
        yaw = k * 360 / config.azimuths
        shots.append(Shot(orbit(yaw), NEUTRAL, False, f"orbit {yaw:g}"))
    for yaw, pitch in ELEVATED if config.elevated else ():
        shots.append(Shot(orbit(yaw, pitch), NEUTRAL, False, f"orbit {yaw} from {pitch}"))
    close = orbit(0, distance=config.close_distance)
    shots.append(Shot(close, NEUTRAL, False, "close"))
    photo = view(scaled_camera(fit.camera, config.view_size)) if config.photo_reference else close
    if config.photo_reference:
        shots.append(Shot(photo, PHOTO_POSE, False, "photo"))
    faces = [orbit(yaw, distance=config.close_distance) for yaw in config.expression_yaws]
    for name, values in (*TRAINED, HELD_OUT):
        poses.append(parameters_from_controls(mesh, values))
        kept = name == HELD_OUT[0]
        shots.extend(Shot(v, len(poses) - 1, kept, name) for v in (faces[:1] if kept else faces))
    for yaw in HELD_OUT_YAWS:
        shots.append(Shot(orbit(yaw), NEUTRAL, True, f"held out {yaw:g}"))
    return Plan(tuple(cameras), tuple(poses), tuple(shots), photo)
