"""A still head and two clips of it as the priors would make them, drawn from our own head: the whole truth is known.

The world is PanoHead's: another unit, turned and shifted. The person smiles a little, has a cap of thick hair, and
moves the face in two clips. One view of the clips can lie: it shows another face than the others do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from cameo.backend.artifacts import (
    AvatarMesh,
    Camera,
    ClipSet,
    HeadParameters,
    Portrait,
    ViewSet,
    orbit_camera,
)
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.drawn_face import face_colors
from cameo.backend.head.fit_sight import camera_from_head
from cameo.backend.head.lbs import pose_vertices, rotation_matrices
from cameo.backend.head.mesh_raster import rasterize_mesh, shade
from cameo.backend.head.model import HairShell, HeadModel, load_head_model, make_avatar_mesh
from cameo.backend.head.normals import vertex_normals

SIZE, SCALE = 256, 1.7
ROTATION, SHIFT = rotation_matrices(np.array([0.04, 0.06, -0.02])), np.array([0.02, -0.05, 0.04])
HAIR, HAIR_THICKNESS = (0.2, 0.3, 0.15), 0.022  # green, so that nobody takes it for skin
AZIMUTHS = (*range(0, 360, 15), -8)
REFERENCE = len(AZIMUTHS) - 1
BROW = (0.22, 0.15, 0.12)
DRIVEN = (-30, -15, 0, 15, 30)
RATE = 24.0
STILL = {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3}
CLIPS = (
    ("talk", {"jawOpen": 0.7, "mouthFunnel": 0.3}),
    ("laugh", {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "eyeBlinkLeft": 0.8, "eyeBlinkRight": 0.8}),
)


@dataclass(frozen=True)
class DrawnScene:
    """What ``personalized`` is given, and the truth: the mesh with hair, poses, the views' cameras in metres."""

    portrait: Portrait
    views: ViewSet
    clips: ClipSet
    mesh: AvatarMesh
    still: HeadParameters
    moments: tuple[HeadParameters, ...]
    cameras: tuple[Camera, ...]


def person() -> AvatarMesh:
    """Somebody with thick hair; light that stays where it is is part of the colours."""
    model = load_head_model()
    betas = np.random.default_rng(5).normal(size=30) * 0.6
    neutral = model.neutral(betas)
    normals = vertex_normals(neutral, model.faces)
    scalp = model.masks["scalp"][model.faces].all(1)
    used, faces = np.unique(model.faces[scalp], return_inverse=True)
    shell = HairShell(
        neutral[used] + HAIR_THICKNESS * normals[used], faces.reshape(-1, 3), np.tile(HAIR, (len(used), 1))
    )
    colors = face_colors(model)
    colors[_brows(model)] = BROW
    light = 0.75 + 0.25 * np.clip(normals @ (0.1, 0.35, 0.93), 0, 1)
    return make_avatar_mesh(model, neutral, colors * light[:, None], hair_shell=shell)


def _brows(model: HeadModel) -> np.ndarray:
    """bool [V], where brows grow: without them no landmarker tells a raised brow from a low forehead."""
    eye = model.joints(model.v_template)[3]
    x, y, z = model.v_template.T
    along = (np.abs(x) / eye[0] - 0.42) / 1.22
    arch = eye[1] + 0.0145 + 0.006 * np.sin(np.clip(along, 0, 1) * 2.4)
    return (along > 0) & (along < 1) & (np.abs(y - arch) < 0.0038) & (z > eye[2] - 0.01) & model.masks["skin"]


@lru_cache(maxsize=2)
def drawn_scene(moments: int = 6, wrong_view: int | None = None) -> DrawnScene:
    """``moments`` of either clip; ``wrong_view`` indexes the clips' views."""
    mesh = person()
    world = [orbit_camera(a, distance=2.7, fov_deg=13.37, size=SIZE, center=(0, 0, 0)) for a in AZIMUTHS]
    cameras = tuple(camera_from_head(camera, ROTATION, SHIFT, SCALE) for camera in world)
    still = parameters_from_controls(mesh, STILL)
    vertices = pose_vertices(mesh, still)
    depth = np.stack([SCALE * rasterize_mesh(vertices, mesh.faces, camera).depth for camera in cameras])
    images = np.stack([picture(mesh, still, camera) for camera in cameras])
    views = ViewSet(images, depth.astype(np.float32), tuple(world), tuple(map(float, AZIMUTHS)), REFERENCE)
    of_views = np.array([*(AZIMUTHS.index(a % 360) for a in DRIVEN), REFERENCE], np.int32)
    poses = [moment(mesh, controls, at / (moments - 1)) for _, controls in CLIPS for at in range(moments)]
    pictures = np.stack([[picture(mesh, pose, cameras[v]) for v in of_views] for pose in poses])
    if wrong_view is not None:
        pictures[:, wrong_view] = np.roll(pictures[:, wrong_view], (14, 10), (1, 2))
    clip = np.repeat(np.arange(len(CLIPS)), moments).astype(np.int32)
    clips = ClipSet(pictures, of_views, clip, tuple(name for name, _ in CLIPS), RATE)
    return DrawnScene(_portrait(images[REFERENCE]), views, clips, mesh, still, tuple(poses), cameras)


def moment(mesh: AvatarMesh, controls: dict[str, float], at: float) -> HeadParameters:
    """From the still face to ``controls`` and half of the way back; ``at`` 0..1."""
    rise = np.sin(0.75 * np.pi * at)
    values = {**STILL, **{name: rise * value + (1 - rise) * STILL.get(name, 0) for name, value in controls.items()}}
    return parameters_from_controls(mesh, values)


def picture(mesh: AvatarMesh, pose: HeadParameters, camera: Camera) -> np.ndarray:
    """uint8 [S,S,4] premultiplied."""
    raster = rasterize_mesh(pose_vertices(mesh, pose), mesh.faces, camera, supersample=2)
    return (shade(raster, mesh.faces, mesh.colors) * 255 + 0.5).astype(np.uint8)


def _portrait(rgba: np.ndarray) -> Portrait:
    """The artist's picture, as far as tracking looks at it."""
    rgb = np.minimum(rgba[..., :3].astype(int) + 255 - rgba[..., 3:], 255).astype(np.uint8)
    matte = rgba[..., 3].astype(np.float32) / 255
    return Portrait(rgb, matte, np.ones_like(matte), np.zeros((478, 3), np.float32), {}, np.eye(3)[:2], (SIZE, SIZE))


def head_model() -> HeadModel:
    """The model that is tracked."""
    return load_head_model()
