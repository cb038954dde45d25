"""Our own rig as a driver: expression clips made of the head's controls, drawn and read by the motion extractor.

Each clip is a way through key poses, from rest. Together they show what the paper's eight clips are for: brows, lids,
gaze, jaw, lips, cheeks, speech and emotions. They need no download and no licence, and what the face does at each
moment is known (:func:`rig_controls`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch

from ...artifacts import AvatarMesh, Camera, orbit_camera
from ...errors import StageError
from ...head.controls import parameters_from_controls
from ...head.drawn_face import draw_face, face_colors
from ...head.lbs import pose_vertices
from ...head.mesh_raster import project
from ...head.model import HeadModel, load_head_model, make_avatar_mesh
from ...head.neutral import landmark_points
from ...head.poses import EMOTION, POSES, VISEME
from .crop import INPUT_SIDE, CropOptions, clip_crop
from .networks import LivePortraitNetworks
from .sequence import MotionSequence, motion_of_clip

Pose = Mapping[str, float]
"""Control values by name, 0..1; those not named are 0."""

_SUPERSAMPLE = 2


def _both(value: float, *names: str, **others: float) -> dict[str, float]:
    """Controls of both sides at ``value``, and others beside them."""
    return {f"{name}{side}": value for name in names for side in ("Left", "Right")} | others


def _named(group: str) -> tuple[Pose, ...]:
    return tuple(pose.controls for pose in POSES if pose.group == group and pose.controls)


_SMILE, _TEETH = _both(1.0, "mouthSmile"), _both(0.7, "mouthUpperUp", "mouthLowerDown")

RIG_CLIPS: Mapping[str, Sequence[Pose]] = {
    "brows": (
        {"browInnerUp": 1.0},
        _both(1.0, "browOuterUp", browInnerUp=1.0) | _both(0.6, "eyeWide"),
        {"browOuterUpLeft": 1.0, "browDownRight": 0.7},
        _both(1.0, "browDown"),
        _both(1.0, "browDown") | _both(0.6, "noseSneer", "eyeSquint"),
        {"browOuterUpRight": 1.0, "browDownLeft": 0.7},
    ),
    "lids": (
        _both(0.5, "eyeBlink"),
        _both(1.0, "eyeBlink"),
        _both(1.0, "eyeWide"),
        _both(1.0, "eyeSquint"),
        {"eyeBlinkLeft": 1.0},
        {"eyeBlinkRight": 1.0},
        _both(1.0, "eyeBlink") | _both(0.8, "cheekSquint"),
    ),
    "gaze": (
        {"eyeLookOutLeft": 0.9, "eyeLookInRight": 0.9},
        _both(0.8, "eyeLookUp"),
        {"eyeLookInLeft": 0.9, "eyeLookOutRight": 0.9},
        _both(0.9, "eyeLookDown"),
        {"eyeLookOutLeft": 0.7, "eyeLookInRight": 0.7} | _both(0.6, "eyeLookDown"),
    ),
    "jaw": (
        {"jawOpen": 0.25},
        {"jawOpen": 0.6},
        {"jawOpen": 1.0},
        {"jawOpen": 0.4, "jawLeft": 0.9},
        {"jawOpen": 0.4, "jawRight": 0.9},
        {"jawForward": 1.0},
    ),
    "lips": (
        _SMILE,
        _SMILE | _TEETH,
        _TEETH | {"jawOpen": 0.1},
        {"mouthPucker": 1.0},
        {"mouthFunnel": 0.9, "jawOpen": 0.2},
        {"mouthRollLower": 0.8, "mouthRollUpper": 0.8},
        _both(1.0, "mouthFrown"),
        _both(1.0, "mouthStretch"),
        {"mouthLeft": 1.0},
        {"mouthRight": 1.0},
    ),
    "cheeks": (
        {"cheekPuff": 1.0},
        {"cheekPuff": 0.5, "mouthPucker": 0.4},
        _SMILE | _both(1.0, "cheekSquint"),
        _both(1.0, "noseSneer"),
        _both(0.9, "noseSneer", "cheekSquint") | _both(0.5, "mouthUpperUp"),
        _both(1.0, "mouthDimple"),
    ),
    "visemes": _named(VISEME),
    "emotions": _named(EMOTION),
}
"""Key poses by clip; rest comes before the first."""


def rig_controls(name: str, moments: int) -> tuple[dict[str, float], ...]:
    """What the face does at each of the ``moments`` of a clip: evenly on the way through its keys, rest first.

    Raises:
        StageError: ``clip.unknown``.
    """
    if name not in RIG_CLIPS:
        raise StageError(
            "clip.unknown",
            f"There is no rig clip named '{name}'.",
            fix=f"Use some of: {', '.join(RIG_CLIPS)}.",
        )
    keys: list[Pose] = [{}, *RIG_CLIPS[name]]
    return tuple(_between(keys, float(place)) for place in np.linspace(0, len(keys) - 1, moments))


def rig_pictures(poses: Sequence[Pose]) -> torch.Tensor:
    """The rig's mean head in ``poses``, framed as a driving clip: [T,3,256,256] float 0..1."""
    model, mesh, colors, camera = _stage()
    images = []
    for pose in poses:
        vertices = pose_vertices(mesh, parameters_from_controls(mesh, pose))
        images.append(draw_face(model, colors, vertices, camera, supersample=_SUPERSAMPLE))
    return torch.from_numpy(np.stack(images)).movedim(3, 1).float() / 255


def motion_of_rig(networks: LivePortraitNetworks, poses: Sequence[Pose]) -> MotionSequence:
    """The motion that the extractor sees in ``poses``; the first is taken for the neutral one."""
    return MotionSequence(motion_of_clip(networks, rig_pictures(poses)).frames, neutral=0)


def _between(keys: Sequence[Pose], place: float) -> dict[str, float]:
    """The pose at ``place`` (0 .. len - 1) on straight lines between ``keys``; controls at 0 are left out."""
    before = min(int(place), len(keys) - 1)
    after, share = min(before + 1, len(keys) - 1), place - before
    names = sorted({*keys[before], *keys[after]})
    mixed = {name: (1 - share) * keys[before].get(name, 0) + share * keys[after].get(name, 0) for name in names}
    return {name: value for name, value in mixed.items() if value > 0}


@lru_cache(maxsize=1)
def _stage() -> tuple[HeadModel, AvatarMesh, np.ndarray, Camera]:
    """The head, its rig, its colours and a frontal camera whose picture is the networks' input."""
    model = load_head_model()
    colors = face_colors(model)
    mesh = make_avatar_mesh(model, model.neutral(np.zeros(1)), colors)
    wide = orbit_camera(0.0, distance=1.2, fov_deg=20.0, size=INPUT_SIDE)
    landmarks = project(landmark_points(mesh.vertices, model, range(478)), wide)
    crop = clip_crop(landmarks[None], CropOptions.of_clip(), INPUT_SIDE)
    K = np.vstack([crop.matrix, [0, 0, 1]]) @ wide.K  # no rotation: the crop is another focal length and centre
    return model, mesh, colors, Camera(wide.viewmat, K, INPUT_SIDE, INPUT_SIDE)
