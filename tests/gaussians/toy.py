"""A small PersonalizedSet with known truth: the head model painted procedurally, with hair, in expressions."""

from __future__ import annotations

import numpy as np
from cameo.backend.artifacts import (
    AvatarMesh,
    Camera,
    HeadParameters,
    Part,
    PersonalizedSet,
    SurfaceCloud,
    orbit_camera,
)
from cameo.backend.gaussians.binding import triangle_frames
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.head.model import HairShell, load_head_model, make_avatar_mesh
from cameo.backend.head.normals import vertex_normals

EXPRESSIONS = (
    {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    {"jawOpen": 1.0},
    {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "jawOpen": 0.3},
)
PART_COLORS = {
    Part.SKIN: (0.82, 0.62, 0.52),
    Part.LEFT_EYE: (0.92, 0.9, 0.88),
    Part.RIGHT_EYE: (0.92, 0.9, 0.88),
    Part.TEETH: (0.95, 0.93, 0.86),
    Part.TONGUE: (0.75, 0.35, 0.36),
    Part.MOUTH: (0.4, 0.14, 0.14),
    Part.HAIR: (0.25, 0.16, 0.1),
}


def toy_mesh(hair: bool = True) -> AvatarMesh:
    """The mean head; its hair is the scalp blown up by 12 mm."""
    model = load_head_model()
    shell = None
    if hair:
        scalp = model.masks["scalp"][model.faces].all(1)
        used, faces = np.unique(model.faces[scalp], return_inverse=True)
        normals = vertex_normals(model.v_template, model.faces)[used]
        vertices = model.v_template[used] + 0.012 * normals
        shell = HairShell(vertices, faces.reshape(-1, 3), np.tile(PART_COLORS[Part.HAIR], (len(used), 1)))
    colors = np.tile(PART_COLORS[Part.SKIN], (len(model.v_template), 1))
    return make_avatar_mesh(model, model.v_template, colors, hair_shell=shell)


def paint(points: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Colour [n,3] of neutral surface points [n,3]: freckles and stripes on skin, strands in hair, irises."""
    base = np.array([PART_COLORS[p] for p in Part])[part]
    x, y, z = 1000 * points.T  # millimetres
    freckles = np.sin(x * 0.9) * np.sin(y * 0.9) * np.sin(z * 0.9)
    stripes = np.sin(0.35 * y + 2 * np.sin(0.05 * x))
    skin = 0.05 * stripes + 0.12 * np.clip(freckles - 0.2, 0, 1) * -1
    strands = 0.12 * np.sin(1.2 * np.arctan2(x, z) * 60 / np.pi)
    color = base + np.where(part == Part.HAIR, strands, np.where(part == Part.SKIN, skin, 0))[:, None]
    model = load_head_model()
    for side, name in ((Part.LEFT_EYE, "left_pupil"), (Part.RIGHT_EYE, "right_pupil")):
        center = 1000 * model.v_template[model.masks[name]].mean(0)
        radius = np.hypot(x - center[0], y - center[1])
        color[(part == side) & (radius < 5)] = (0.25, 0.4, 0.5)
        color[(part == side) & (radius < 2.2)] = 0.03
    return np.clip(color, 0, 1)


def toy_picture(mesh: AvatarMesh, pose: HeadParameters, camera: Camera, supersample: int = 2) -> np.ndarray:
    """uint8 [H,W,4] premultiplied picture of the painted mesh."""
    raster = rasterize_mesh(pose_vertices(mesh, pose), mesh.faces, camera, supersample=supersample)
    rgba = np.zeros((*raster.face.shape, 4), np.float32)
    seen = raster.face >= 0
    hit = raster.face[seen]
    points = np.einsum("nk,nkc->nc", raster.bary[seen], mesh.vertices[mesh.faces[hit]])
    rgba[seen, :3], rgba[seen, 3] = paint(points, mesh.part[hit]), 1
    s = supersample
    small = rgba.reshape(camera.height, s, camera.width, s, 4).mean((1, 3))
    return (small * 255 + 0.5).astype(np.uint8)


def toy_surface(mesh: AvatarMesh, level: int = 2) -> SurfaceCloud:
    """4^level elements on every face."""
    bary = np.eye(3)[None]
    for _ in range(level):
        a, b, c = bary[:, 0], bary[:, 1], bary[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        bary = np.concatenate([np.stack(t, 1) for t in quarters])
    bary = bary.mean(1)
    face = np.repeat(np.arange(len(mesh.faces)), len(bary))
    weights = np.tile(bary, (len(mesh.faces), 1))
    points = np.einsum("nk,nkc->nc", weights, mesh.vertices[mesh.faces[face]])
    frames = triangle_frames(mesh.vertices, mesh.faces)
    doubled = np.linalg.norm(np.cross(frames.e1, frames.e2), axis=1)
    down = np.einsum("nji,j->ni", frames.rotation, [0.0, -1, 0])
    down[:, 2] = 0
    count = len(face)
    part = mesh.part[face]
    inside = np.isin(part, [Part.MOUTH, Part.TONGUE])
    return SurfaceCloud(
        face=face.astype(np.int32),
        offset=np.column_stack([weights[:, 1] - 1 / 3, weights[:, 2] - 1 / 3, np.zeros(count)]).astype(np.float32),
        normal=np.tile(np.float32([0, 0, 1]), (count, 1)),
        tangent=(down / np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9))[face].astype(np.float32),
        area=(0.5 * doubled[face] / len(bary)).astype(np.float32),
        color=paint(points, part).astype(np.float32),
        importance=np.where(inside, 0.3, np.where(part == Part.SKIN, 1.0, 3.0)).astype(np.float32),
    )


def toy_set(
    size: int = 128,
    azimuths: int = 8,
    *,
    hair: bool = True,
    surface_level: int = 1,
    expressions: tuple[dict[str, float], ...] = EXPRESSIONS,
    unseen_expression: dict[str, float] | None = None,
) -> PersonalizedSet:
    """Orbit and expression views of the painted head; two in-between yaws and one expression are held out."""
    mesh = toy_mesh(hair)
    poses = [parameters_from_controls(mesh, values) for values in ({}, *expressions)]
    orbit = [orbit_camera(360 * k / azimuths, distance=1.3, fov_deg=17.5, size=size) for k in range(azimuths)]
    front = [orbit_camera(yaw, distance=1.0, fov_deg=17.5, size=size) for yaw in (0, 25, -25)]
    between = [orbit_camera(yaw, distance=1.3, fov_deg=17.5, size=size) for yaw in (20, -65)]
    cameras = (*orbit, *front, *between)
    first_front, first_between = azimuths, azimuths + 3
    shots = [(v, 0, False) for v in range(first_between)]
    shots += [(first_front + k, p, False) for p in range(1, len(poses)) for k in range(3)]
    shots += [(first_between + k, 0, True) for k in range(2)]
    poses.append(parameters_from_controls(mesh, unseen_expression or {"mouthPucker": 1.0}))
    shots.append((first_front, len(poses) - 1, True))
    view, pose, held_out = (np.array(column) for column in zip(*shots))
    return PersonalizedSet(
        mesh=mesh,
        cameras=cameras,
        poses=tuple(poses),
        images=np.stack([toy_picture(mesh, poses[p], cameras[v]) for v, p in zip(view, pose)]),
        view_index=view.astype(np.int32),
        pose_index=pose.astype(np.int32),
        held_out=held_out,
        reference_view=first_front,
        surface=toy_surface(mesh, surface_level),
        provenance={"engine": "toy"},
    )
