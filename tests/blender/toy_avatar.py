"""A small avatar on the real head model, made in a moment: for tests that need Blender but no pipeline.

Runs in Blender's Python too: head model and artifacts need numpy only.
"""

from __future__ import annotations

import numpy as np
from cameo.backend.artifacts import AvatarMesh, BoundGaussians, Control, Part
from cameo.backend.gaussians.binding import triangle_frames
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.poses import POSES
from cameo.protocol.avatar import AvatarCamera, AvatarCeiling, AvatarControl, AvatarData, AvatarPose

PART_COLORS = {
    Part.SKIN: (0.78, 0.58, 0.48),
    Part.LEFT_EYE: (0.93, 0.92, 0.9),
    Part.RIGHT_EYE: (0.93, 0.92, 0.9),
    Part.TEETH: (0.92, 0.9, 0.84),
    Part.TONGUE: (0.7, 0.32, 0.32),
    Part.MOUTH: (0.45, 0.16, 0.16),
}


def toy_mesh() -> AvatarMesh:
    """The mean head, painted: skin, lips, scalp, irises."""
    model = load_head_model()
    colors = np.zeros((len(model.v_template), 3), np.float32)
    for part, color in PART_COLORS.items():
        colors[model.faces[model.part == part]] = color
    for mask, color in (("lips", (0.72, 0.36, 0.36)), ("scalp", (0.24, 0.16, 0.12))):
        colors[model.masks[mask]] = color
    for side in ("left", "right"):
        colors[model.masks[f"{side}_iris"]] = (0.3, 0.42, 0.5)
        colors[model.masks[f"{side}_pupil"]] = (0.05, 0.05, 0.05)
    return make_avatar_mesh(model, model.neutral(np.zeros(1)), colors)


def toy_gaussians(mesh: AvatarMesh, count: int, seed: int = 0) -> BoundGaussians:
    """Flat splats spread evenly over the surface, turned at random in their triangle's plane and a little out of it."""
    rng = np.random.default_rng(seed)
    frames = triangle_frames(mesh.vertices, mesh.faces)
    area = 0.5 * frames.edges[:, 0] * frames.edges[:, 2]
    face = rng.choice(len(area), count, p=area / area.sum()).astype(np.int32)
    u, v = rng.random((2, count))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    offset = np.stack([u - 1 / 3, v - 1 / 3, rng.normal(0, 1e-4, count)], 1)
    rotation = np.concatenate([np.ones((count, 1)), rng.normal(0, 0.15, (count, 2)), rng.normal(0, 1, (count, 1))], 1)
    rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
    size = np.sqrt(area.sum() / count)
    corner = mesh.faces[face]
    weights = np.stack([1 - u - v, u, v], 1)
    return BoundGaussians(
        face=face,
        offset=offset.astype(np.float32),
        rest_edges=frames.edges[face].astype(np.float32),
        rotation=rotation.astype(np.float32),
        scale=(size * np.array([0.8, 0.55, 0.12]) * rng.uniform(0.8, 1.2, (count, 1))).astype(np.float32),
        opacity=rng.uniform(0.8, 0.98, count).astype(np.float32),
        color=np.einsum("nc,ncd->nd", weights, mesh.colors[corner]).astype(np.float32).clip(0, 1),
    )


def as_data(mesh: AvatarMesh, gaussians: BoundGaussians) -> AvatarData:
    """What the avatar file of this head holds."""
    view = np.eye(4)
    view[:3] = (1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -1, 0.7)  # straight on, 0.7 m away
    K = np.array([[900.0, 0, 256], [0, 900.0, 256], [0, 0, 1]])
    return AvatarData(
        vertices=mesh.vertices,
        faces=mesh.faces,
        part=mesh.part,
        unit_names=mesh.unit_names,
        unit_dirs=mesh.unit_dirs,
        posedirs=mesh.posedirs,
        weights=mesh.weights,
        joints=mesh.joints,
        vertex_colors=mesh.colors,
        controls=tuple(_control(control) for control in mesh.controls),
        gaussian_face=gaussians.face,
        gaussian_offset=gaussians.offset,
        gaussian_rest_edges=gaussians.rest_edges,
        gaussian_rotation=gaussians.rotation,
        gaussian_scale=gaussians.scale,
        gaussian_opacity=gaussians.opacity,
        gaussian_color=gaussians.color,
        photo_camera=AvatarCamera(view, K, 512, 512),
        photo_controls={"mouthSmileLeft": 0.4},
        poses=tuple(AvatarPose(pose.name, pose.group, pose.controls) for pose in POSES),
        provenance={"made_by": "tests"},
    )


def _control(control: Control) -> AvatarControl:
    ceiling = control.ceiling and AvatarCeiling(control.ceiling.constant, control.ceiling.controls)
    return AvatarControl(control.name, control.units, control.joints, ceiling)


def toy_avatar(count: int = 5000, seed: int = 0) -> AvatarData:
    """A toy head with ``count`` splats."""
    mesh = toy_mesh()
    return as_data(mesh, toy_gaussians(mesh, count, seed))
