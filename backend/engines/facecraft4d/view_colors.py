"""Colours of the mesh's vertices as pictures from known cameras show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import KDTree

from ...artifacts import AvatarMesh, Camera, Part
from ...head.mesh_raster import project, rasterize_mesh
from ...head.model import HeadModel
from ...head.normals import vertex_normals

BEHIND = 0.003  # metres behind what is seen from which a vertex is hidden
SHARPNESS = 3  # power of the cosine between normal and line of sight: a view counts where it looks straight
INSIDE = 0.95  # alpha of pixels that belong to the person alone
NEVER_SEEN = {
    Part.SKIN: (0.75, 0.58, 0.5),
    Part.LEFT_EYE: (0.85, 0.8, 0.77),
    Part.RIGHT_EYE: (0.85, 0.8, 0.77),
    Part.TEETH: (0.9, 0.87, 0.8),
    Part.TONGUE: (0.66, 0.36, 0.36),
    Part.MOUTH: (0.32, 0.15, 0.14),
    Part.HAIR: (0.3, 0.25, 0.2),
}
"""What parts look like that no picture shows, sRGB."""


@dataclass(frozen=True)
class Shot:
    """A picture, uint8 [H,W,4] premultiplied, of a mesh with posed ``vertices`` [V,3]."""

    image: np.ndarray
    camera: Camera
    vertices: np.ndarray


def personal_colors(mesh: AvatarMesh, model: HeadModel, still: Sequence[Shot], opened: Sequence[Shot]) -> np.ndarray:
    """Colours float32 [V,3] of ``mesh``: skin from still pictures, the mouth from those that show it open.

    Eyes come from the first still picture alone: of several, a millimetre apart, an iris would be washed out.
    """
    eyes, mouth = (np.zeros(len(mesh.vertices), bool) for _ in range(2))
    eyes[mesh.faces[np.isin(mesh.part, (Part.LEFT_EYE, Part.RIGHT_EYE))]] = True
    mouth[mesh.faces[np.isin(mesh.part, (Part.TEETH, Part.TONGUE, Part.MOUTH))]] = True
    mouth |= model.masks["inner_mouth"]
    colors = vertex_colors(mesh.vertices, mesh.faces, mesh.part, still)
    for which, shots in ((eyes, still[:1]), (mouth, [*still, *opened])):
        colors[which] = vertex_colors(mesh.vertices, mesh.faces, mesh.part, shots)[which]
    return colors


def vertex_colors(neutral: np.ndarray, faces: np.ndarray, part: np.ndarray, shots: Sequence[Shot]) -> np.ndarray:
    """Colours float32 [V,3] sRGB; hidden vertices take those of the nearest seen one of their part.

    Args:
        neutral: [V,3] metres. faces: int [F,3]. part: uint8 [F].
    """
    total, weight = np.zeros((len(neutral), 3)), np.zeros(len(neutral))
    for shot in shots:
        color, counts = _seen_in(shot, faces)
        total += counts[:, None] * color
        weight += counts
    colors = total / np.maximum(weight, 1e-9)[:, None]
    of_vertex = np.zeros(len(neutral), np.uint8)
    of_vertex[faces.ravel()] = np.repeat(part, 3)
    for each in np.unique(of_vertex):
        here = of_vertex == each
        known, missing = here & (weight > 0.01), here & (weight <= 0.01)
        if known.any():
            colors[missing] = colors[known][KDTree(neutral[known]).query(neutral[missing])[1]]
        else:
            colors[missing] = NEVER_SEEN[Part(each)]
    return np.clip(colors, 0, 1).astype(np.float32)


def _seen_in(shot: Shot, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour [V,3] of every vertex in one picture and how much it counts, [V]."""
    camera, vertices = shot.camera, np.asarray(shot.vertices, np.float64)
    raster = rasterize_mesh(vertices, faces, camera)
    at = project(vertices, camera)
    x, y = (np.clip(at[:, axis], 0, size - 1e-3) for axis, size in ((0, camera.width), (1, camera.height)))
    image = shot.image.astype(np.float32) / 255
    maps = (x - 0.5).astype(np.float32)[:, None], (y - 0.5).astype(np.float32)[:, None]
    rgba = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    inside = (x == at[:, 0]) & (y == at[:, 1]) & (rgba[:, 3] > INSIDE)
    visible = at[:, 2] < raster.depth[y.astype(int), x.astype(int)] + BEHIND
    eye = -camera.viewmat[:3, :3].T @ camera.viewmat[:3, 3]
    sight = eye - vertices
    facing = (vertex_normals(vertices, faces) * sight).sum(1) / np.linalg.norm(sight, axis=1)
    counts = inside * visible * np.clip(facing, 0, 1) ** SHARPNESS
    return rgba[:, :3] / np.maximum(rgba[:, 3:], 1e-3), counts
