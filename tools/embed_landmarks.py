"""Lays the landmarker's 478 points and iBUG's 68 onto the head model: `landmarks478.npz` and `landmarks68.npz`.

    python tools/embed_landmarks.py [--head FILE] [--output FOLDER] [--picture FILE.png]

The landmarker runs on pictures of a painted head, of many identities from several sides; where each point falls on the
mesh is collected, and the median is kept. How far a point wanders (``spread``) says how much it may be trusted.
The 68 are picked by their meaning: eyes, lips, brows and nose among the 478, the jaw where the head's own contour lies
from the front (``backend/head/contour.py``).
"""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from cameo.backend.artifacts import Camera, orbit_camera
from cameo.backend.head.contour import landmarks68
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.drawn_face import face_colors
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import MeshRaster, project, rasterize_mesh, shade
from cameo.backend.head.model import DATA, HeadModel, LandmarkEmbedding, make_avatar_mesh, read_head
from cameo.backend.perception.landmarks import find_landmarks
from scipy.spatial import KDTree

POINTS = 478
FIRST_IRIS = 468
IDENTITIES = 36
LIPS_PARTED = 0.3  # jawOpen
LIP_REACH = 0.006  # metres
SIGMA = 0.7
YAWS_DEG = (0, -30, -20, -10, 0, 10, 20, 30, 0)
BROW_HEIGHT = 0.0145
"""Painted brows above the eyes, metres: where the landmarker calls them neutral."""
BACKGROUND = (0.60, 0.60, 0.65)
SEED = 0
NO_LANDMARKS = LandmarkEmbedding(np.zeros(0, np.int32), np.zeros((0, 3), np.float32), np.zeros(0, np.float32))


def paint(model: HeadModel) -> np.ndarray:
    """Vertex colours [V,3] of a face that a landmarker takes for one: brows, lashes, lips, eyes."""
    masks, template = model.masks, model.v_template
    color = face_colors(model)
    eye = model.joints(template)[3]
    across, above = np.abs(template[:, 0]), template[:, 1] - eye[1]
    along = (across - eye[0] * 0.42) / (eye[0] * 1.22)
    arc = BROW_HEIGHT + 0.006 * np.sin(np.clip(along, 0, 1) * 2.4)
    brow = (along > 0) & (along < 1) & (np.abs(above - arc) < 0.0038) & (template[:, 2] > eye[2] - 0.01)
    color[brow & masks["skin"]] = (0.22, 0.15, 0.12)
    return color


def photograph(model: HeadModel, vertices: np.ndarray, camera: Camera) -> tuple[np.ndarray, MeshRaster]:
    """A lit picture uint8 [S,S,3] of ``vertices`` [V,3], and what each pixel sees."""
    raster = rasterize_mesh(vertices, model.faces, camera)
    corners = vertices[model.faces]
    face_normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normal, model.faces[:, corner], face_normal)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    light = 0.55 + 0.45 * np.clip(normal @ (0.10, 0.35, 0.93), 0, 1)
    rgba = shade(raster, model.faces, paint(model) * light[:, None])
    picture = rgba[..., :3] + (1 - rgba[..., 3:]) * BACKGROUND
    return (picture * 255).astype(np.uint8), raster


def collect(model: HeadModel, jaw_open: float) -> list[list[np.ndarray]]:
    """For each landmark the places on the template [3] where it fell, on faces with the mouth open by ``jaw_open``."""
    rng = np.random.default_rng(SEED)
    seen_skin = model.masks["skin"][model.faces].all(1) & ~model.masks["inner_mouth"][model.faces].any(1)
    hits: list[list[np.ndarray]] = [[] for _ in range(POINTS)]
    found = 0
    for index in range(IDENTITIES):
        mesh = make_avatar_mesh(model, model.neutral(rng.normal(size=60) * SIGMA * (index > 0)), paint(model))
        vertices = pose_vertices(mesh, parameters_from_controls(model, {"jawOpen": jaw_open}))
        yaw, pitch = YAWS_DEG[index % len(YAWS_DEG)], rng.uniform(-8, 5)
        camera = orbit_camera(yaw, pitch, distance=1.2, fov_deg=17, size=512, center=(0, 0, 0.05))
        picture, raster = photograph(model, vertices, camera)
        landmarks = find_landmarks(picture)
        if landmarks is None:
            continue
        found += 1
        for first, last, wanted in ((0, FIRST_IRIS, seen_skin), (FIRST_IRIS, POINTS, ~seen_skin)):
            rows, columns = np.nonzero((raster.face >= 0) & wanted[raster.face])
            tree = KDTree(np.stack([columns + 0.5, rows + 0.5], 1))
            distance, nearest = (np.asarray(a) for a in tree.query(landmarks.points[first:last, :2]))
            for k in np.flatnonzero(distance < 3):
                pixel = rows[nearest[k]], columns[nearest[k]]
                corners = model.v_template[model.faces[raster.face[pixel]]]
                hits[first + k].append(raster.bary[pixel] @ corners)
    print(f"jawOpen {jaw_open}: face found in {found} of {IDENTITIES} pictures")
    return hits


def snap(model: HeadModel, point: np.ndarray, allowed: np.ndarray) -> tuple[int, np.ndarray]:
    """The nearest place on the ``allowed`` faces (indices): face and barycentric coordinates [3]."""
    corners = model.v_template[model.faces[allowed]].astype(np.float64)
    near = np.argsort(((corners.mean(1) - point) ** 2).sum(1))[:40]
    best = (np.inf, 0, np.zeros(3))
    for index in near:
        a, b, c = corners[index]
        v, w = np.linalg.lstsq(np.stack([b - a, c - a], 1), point - a, rcond=None)[0]
        bary = np.clip([1 - v - w, v, w], 0, 1)
        bary /= bary.sum()
        distance = float(((bary @ corners[index] - point) ** 2).sum())
        if distance < best[0]:
            best = (distance, int(allowed[index]), bary)
    return best[1], best[2]


def embed(model: HeadModel) -> LandmarkEmbedding:
    """Median place of every landmark, made symmetric, on the skin (iris points: on the eyeballs)."""
    hits, parted = collect(model, 0.0), collect(model, LIPS_PARTED)
    place = np.array([np.median(h, 0) for h in hits])
    # where closed lips touch, a picture does not say which lip a point belongs to; parted lips do
    of_lips = KDTree(model.v_template[model.masks["lips"]]).query(place)[0] < LIP_REACH
    hits = [open_hits if lip else closed for lip, closed, open_hits in zip(of_lips, hits, parted)]
    place = np.array([np.median(h, 0) for h in hits])
    spread = np.array([np.median(np.linalg.norm(np.array(h) - p, axis=1)) for h, p in zip(hits, place)])
    mirrored = place * [-1, 1, 1]
    twin = np.asarray(KDTree(mirrored).query(place)[1])
    place = 0.5 * (place + mirrored[twin])
    spread = 0.5 * (spread + spread[twin])
    balls = model.masks["left_eyeball"] | model.masks["right_eyeball"]
    on_ball = np.flatnonzero(balls[model.faces].all(1))
    hidden = np.isin(np.arange(len(model.v_template)), model.lid_rows[:, 0])
    on_skin = np.flatnonzero(
        model.masks["skin"][model.faces].all(1) & ~(model.masks["inner_mouth"] | hidden)[model.faces].any(1)
    )
    found = [snap(model, p, on_ball if k >= FIRST_IRIS else on_skin) for k, p in enumerate(place)]
    print(f"spread: median {np.median(spread) * 1e3:.1f} mm, 90 % {np.percentile(spread, 90) * 1e3:.1f} mm")
    return LandmarkEmbedding(np.array([f for f, _ in found]), np.array([b for _, b in found]), spread)


def save(file: Path, embedding: LandmarkEmbedding, topology: str) -> None:
    """Write an embedding for the head of ``topology``."""
    np.savez_compressed(
        file,
        face=embedding.face.astype(np.uint16),
        bary=embedding.bary.astype(np.float32),
        spread=embedding.spread.astype(np.float32),
        topology_id=np.array(topology),
    )


def draw(model: HeadModel, embeddings: tuple[LandmarkEmbedding, LandmarkEmbedding], file: Path) -> None:
    """The template with the 478 landmarks in green and the 68 in red."""
    camera = orbit_camera(0, 0, distance=1.2, fov_deg=12, size=1000, center=(0, -0.01, 0.05))
    picture, _ = photograph(model, model.v_template.astype(np.float64), camera)
    picture = np.ascontiguousarray(picture[..., ::-1])
    for embedding, color, radius in zip(embeddings, ((0, 255, 0), (0, 0, 255)), (1, 3)):
        points = (model.v_template[model.faces[embedding.face]] * embedding.bary[..., None]).sum(1)
        for x, y, _ in project(points, camera):
            cv2.circle(picture, (round(float(x)), round(float(y))), radius, color, -1)
    cv2.imwrite(str(file), picture)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--head", type=Path, default=DATA / "head.npz")
    parser.add_argument("--output", type=Path, default=DATA)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    model = read_head(arguments.head, NO_LANDMARKS)
    embedding = embed(model)
    save(arguments.output / "landmarks478.npz", embedding, model.topology_id)
    embedding68 = landmarks68(replace(model, landmarks478=embedding))
    save(arguments.output / "landmarks68.npz", embedding68, model.topology_id)
    if arguments.picture:
        draw(model, (embedding, embedding68), arguments.picture)


if __name__ == "__main__":
    main()
