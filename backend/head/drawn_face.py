"""The head model drawn as a lit, painted face: a picture that people, landmarkers and networks take for a face."""

from __future__ import annotations

import numpy as np

from ..artifacts import Camera
from .mesh_raster import rasterize_mesh
from .model import HeadModel
from .normals import vertex_normals

SKIN = (0.80, 0.62, 0.53)
HAIR = (0.25, 0.19, 0.16)
BACKGROUND = (0.70, 0.71, 0.73)
BROW_FROM, BROW_LENGTH = 0.42, 1.22
"""Where brows begin and how long they are, in the eye's distance from the middle."""
BROW_HEIGHT, BROW_ARCH = 0.0145, 0.006
"""Height of the brow's ends over the eye's centre and how far its middle rises, metres."""

_BROW_COLOR, _BROW_SOFT = np.array([0.20, 0.14, 0.11]), 0.0038
_LIGHTS = ((0.62, (-0.5, 0.55, 0.67)), (0.22, (0.8, 0.05, 0.6)))  # strength and direction, beside the camera
_AMBIENT = np.array([0.30, 0.31, 0.34])
_SHINE, _SHARPNESS = 0.05, 30.0


def face_colors(model: HeadModel) -> np.ndarray:
    """Vertex colours float64 [V,3], sRGB 0..1: skin, lashes, lips, the mouth's inside, eyes. Brows come in drawing."""
    masks = model.masks
    color = np.tile(SKIN, (len(model.v_template), 1))
    color[masks["lips"]] = (0.68, 0.38, 0.35)
    color[masks["inner_mouth"] | masks["gums"]] = (0.45, 0.16, 0.15)
    color[masks["upper_lash_line"]] = (0.25, 0.17, 0.14)
    color[masks["lower_lash_line"]] = (0.55, 0.40, 0.34)
    for side in ("left", "right"):
        color[masks[f"{side}_eyeball"]] = (0.93, 0.92, 0.92)
        color[masks[f"{side}_iris"]] = (0.30, 0.22, 0.15)
        color[masks[f"{side}_pupil"]] = (0.03, 0.03, 0.03)
    color[masks["teeth"]] = (0.93, 0.91, 0.85)
    color[masks["tongue"]] = (0.75, 0.35, 0.35)
    return color


def draw_face(
    model: HeadModel, colors: np.ndarray, vertices: np.ndarray, camera: Camera, *, supersample: int = 3
) -> np.ndarray:
    """A lit picture uint8 [H,W,3] sRGB of posed ``vertices`` [V,3], smooth shaded, with brows, on grey.

    Args:
        colors: [V,3] sRGB 0..1. supersample: samples per pixel side.
    """
    faces = model.faces
    raster = rasterize_mesh(vertices, faces, camera, supersample=supersample)
    seen = raster.face >= 0
    corners, share = faces[raster.face[seen]], raster.bary[seen][..., None]
    normal = (vertex_normals(vertices, faces)[corners] * share).sum(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    color = (colors[corners] * share).sum(1)
    density = _brow_density(model, (model.v_template[corners] * share).sum(1))
    density *= model.masks["skin"][corners].all(1)
    color = color + density[:, None] * (_BROW_COLOR - color)
    light, shine = _light(normal, camera)
    picture = np.tile(np.asarray(BACKGROUND), (*seen.shape, 1))
    picture[seen] = np.clip(color * light + shine[:, None], 0, 1)
    shrunk = picture.reshape(camera.height, supersample, camera.width, supersample, 3).mean((1, 3))
    return (shrunk * 255 + 0.5).astype(np.uint8)


def _light(normal: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """What falls on surfaces [n,3] and what they mirror [n]; the lamps go round with the camera."""
    ahead = camera.viewmat[2, :3]
    light = np.tile(_AMBIENT, (len(normal), 1))
    shine = np.zeros(len(normal))
    for strength, direction in _LIGHTS:
        right, up, back = direction
        towards = camera.viewmat[:3, :3].T @ np.array([right, -up, -back]) / np.linalg.norm(direction)
        light += strength * np.clip(normal @ towards, 0, 1)[:, None]
        halfway = towards - ahead
        shine += strength * np.clip(normal @ (halfway / np.linalg.norm(halfway)), 0, 1) ** _SHARPNESS
    return light, _SHINE * shine


def _brow_density(model: HeadModel, places: np.ndarray) -> np.ndarray:
    """How much of an eyebrow covers each of ``places`` [n,3] on the template, 0..1."""
    eye = model.joints(model.v_template)[3]
    along = (np.abs(places[:, 0]) / eye[0] - BROW_FROM) / BROW_LENGTH
    middle = eye[1] + BROW_HEIGHT + BROW_ARCH * np.sin(np.clip(along, 0, 1) * 2.4)
    thick = _BROW_SOFT * np.clip(1.25 - 0.75 * along, 0.2, 1)
    inside = np.clip(1.4 - np.abs(places[:, 1] - middle) / thick, 0, 1) * np.clip(along * 9, 0, 1)
    return 0.85 * inside * np.clip((1 - along) * 6, 0, 1) * (places[:, 2] > eye[2] - 0.01)
