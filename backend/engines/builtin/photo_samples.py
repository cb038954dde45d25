"""What the photo shows of each point of the dense head, and how far to believe it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...artifacts import Camera, Portrait
from ...head import face_regions as regions
from ...head.mesh_raster import project, rasterize_mesh
from .dense import Sparse
from .hair_atlas import remap_flat
from .hair_shell import HairShell
from .light import LUMINANCE
from .segmentation import Segmentation

DEPTH_TOLERANCE = 0.004  # metres a vertex may lie behind what the z-buffer sees
BORDER_RINGS = 4  # of dense vertices, about 1 mm each
GREY, PALEST = 0.5, 0.12  # part of the face's red over green (log), and how far below it, where skin ends
GLARE, DARK = 0.93, 0.35  # red, and luminance as part of the face's, beyond which a pixel has no hue of its own
GRAZING, FRONTAL = 0.22, 0.45  # facing below which a pixel is smeared, and the range to full trust


@dataclass(frozen=True)
class PhotoSamples:
    """The photo at each dense vertex.

    Attributes:
        pixels: float64 [N,2], where the vertex is in the crop.
        colors: float64 [N,3] sRGB 0..1.
        weight: float64 [N] 0..1, how far to believe the colour: seen, facing the camera, inside the person.
        facing: float64 [N], cosine between the normal and the direction to the camera.
    """

    pixels: np.ndarray
    colors: np.ndarray
    weight: np.ndarray
    facing: np.ndarray


def sample(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bilinear look-up of an image [S,S] or [S,S,K] at pixel coordinates [N,2] (centres at half-integers)."""
    x, y = np.clip(np.nan_to_num(pixels), 0, image.shape[0]).astype(np.float32).T
    return remap_flat(image.astype(np.float32), x - 0.5, y - 0.5)


def look_at_photo(
    portrait: Portrait,
    image: np.ndarray,
    camera: Camera,
    vertices: np.ndarray,
    normals: np.ndarray,
    faces: np.ndarray,
    graph: Sparse,
    shell: HairShell | None,
) -> PhotoSamples:
    """Sample the photo at ``vertices`` [N,3] (head frame, the photo's expression) with unit ``normals``.

    ``image`` uint8 [S,S,3] is the portrait's picture, retouched.
    ``graph`` is the adjacency of the mesh: next to what is hidden, what is seen is not believed either.
    """
    points = project(vertices, camera)
    pixels = points[:, :2]
    depth = _depth(camera, vertices, faces, shell)
    column, row = np.clip(pixels.astype(int), 0, depth.shape[0] - 1).T
    visible = points[:, 2] < depth[row, column] + DEPTH_TOLERANCE
    eye = -camera.viewmat[:3, :3].T @ camera.viewmat[:3, 3]
    towards = eye - vertices
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    facing = (normals * towards).sum(1)
    person = ((portrait.matte > 0.8) & (portrait.inside > 0.9)).astype(np.uint8)
    person = cv2.erode(person, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    weight = np.clip((facing - GRAZING) / FRONTAL, 0, 1) ** 1.5 * (sample(person, pixels) > 0.9)
    weight = weight * _away_from_hidden(visible & (facing > 0), graph)
    return PhotoSamples(pixels, sample(image, pixels) / 255.0, weight, facing)


def _away_from_hidden(visible: np.ndarray, graph: Sparse) -> np.ndarray:
    """1 well inside the visible part, falling to 0 at its border, float64 [N]."""
    degree = np.maximum(np.asarray(graph.sum(1)).ravel(), 1)
    share = visible.astype(np.float64)
    for _ in range(BORDER_RINGS):
        share = 0.5 * share + 0.5 * (graph @ share) / degree
    return np.clip((share - 0.7) / 0.3, 0, 1) * visible


def _depth(camera: Camera, vertices: np.ndarray, faces: np.ndarray, shell: HairShell | None) -> np.ndarray:
    """Depth [S,S] of the nearest of skin and hair."""
    depth = rasterize_mesh(vertices, faces, camera).depth
    if shell is None:
        return depth
    alpha = shell.alpha.ravel()
    hair = rasterize_mesh(shell.vertices, shell.faces, camera, vertex_alpha=alpha)
    return np.minimum(depth, hair.depth)


def skin_weight(samples: PhotoSamples, portrait: Portrait, segmentation: Segmentation, scalp: np.ndarray) -> np.ndarray:
    """``samples.weight`` [N] with everything that is not skin taken out: collars, strands, teeth, lashes.

    Args:
        scalp: bool [N]; hair colours may stay there.
    """
    pixels = samples.pixels
    face = sample(cv2.GaussianBlur(segmentation.face_mask.astype(np.float32), (0, 0), 2), pixels) > 0.5
    surely_skin = ((segmentation.skin > 0.75) & ~segmentation.hair_mask).astype(np.uint8)
    surely_skin = cv2.erode(surely_skin, np.ones((3, 3)), iterations=4)
    plain = (sample(surely_skin, pixels) > 0.9) & (sample(segmentation.cloth, pixels) < 0.3)
    weight = samples.weight * (face | scalp | plain)
    weight *= face | _like_the_face(samples.colors, weight * face)
    weight *= ~(_sides_of_face(portrait, pixels) & _grey(samples.colors, weight * face))
    weight[sample(eye_openings(portrait, grow=1), pixels) > 0.3] = 0
    if mouth_is_open(portrait):
        weight[sample(mouth_opening(portrait), pixels) > 0.3] = 0
    return weight


def _like_the_face(colors: np.ndarray, face_weight: np.ndarray) -> np.ndarray:
    """Where colours [N,3] have a hue the face has: bool [N]. Grey strands and background beside the cheeks have not."""
    ratios = np.log((colors[:, :2] + 0.03) / (colors[:, 2:] + 0.03))  # red and green over blue: hue without shading
    known = face_weight > 0.5
    if known.sum() < 100:
        return np.ones(len(colors), bool)
    middle = np.median(ratios[known], axis=0)
    spread = 1.48 * np.median(np.abs(ratios[known] - middle), axis=0) + 0.05
    luminance = colors @ LUMINANCE
    dark = luminance < DARK * np.median(luminance[known])
    return (np.abs(ratios - middle) < 3 * spread).all(1) & ~dark


def _sides_of_face(portrait: Portrait, pixels: np.ndarray) -> np.ndarray:
    """Beside the eyes and not below the mouth, where no beard but sideburns grow: bool [N]."""
    marks = portrait.landmarks[:, :2]
    left, right = marks[list(regions.RIGHT_EYE), 0].min(), marks[list(regions.LEFT_EYE), 0].max()
    beside = (pixels[:, 0] < left) | (pixels[:, 0] > right)
    return beside & (pixels[:, 1] < marks[regions.LOWER_LIP, 1])


def _grey(colors: np.ndarray, face_weight: np.ndarray) -> np.ndarray:
    """Where colours [N,3] have far less red over green than the face: grey hair and what is behind the head, bool [N].

    Lamps change blue most; red over green tells blood from hair in warm light, too. Glare and lashes have no hue to
    judge by: not grey.
    """
    redness = np.log((colors[:, 0] + 0.03) / (colors[:, 1] + 0.03))
    known = face_weight > 0.5
    if known.sum() < 100:
        return np.zeros(len(colors), bool)
    usual = float(np.median(redness[known]))
    luminance = colors @ LUMINANCE
    judged = (colors[:, 0] < GLARE) & (luminance > DARK * np.median(luminance[known]))
    return judged & (redness < min(GREY * usual, usual - PALEST))


def mouth_is_open(portrait: Portrait) -> bool:
    """Whether one sees between the lips."""
    points = portrait.landmarks
    gap = abs(points[regions.UPPER_LIP, 1] - points[regions.LOWER_LIP, 1])
    return bool(gap > 0.04 * eye_distance(portrait))


def eye_distance(portrait: Portrait) -> float:
    """Between the irises, pixels."""
    points = portrait.landmarks
    return float(np.linalg.norm(points[regions.LEFT_IRIS, :2] - points[regions.RIGHT_IRIS, :2]))


def mouth_opening(portrait: Portrait) -> np.ndarray:
    """float32 [S,S], 1 between the lips, a little enlarged."""
    grow = max(1, int(0.012 * eye_distance(portrait)))
    return _polygon(portrait, [regions.INNER_LIPS], grow)


def eye_openings(portrait: Portrait, grow: int) -> np.ndarray:
    """float32 [S,S], 1 where one sees the eyeballs; enlarged (or, below zero, shrunk) by ``grow`` pixels."""
    return _polygon(portrait, [regions.LEFT_EYE, regions.RIGHT_EYE], grow)


def _polygon(portrait: Portrait, outlines: list[tuple[int, ...]], grow: int) -> np.ndarray:
    mask = np.zeros(portrait.image.shape[:2], np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [portrait.landmarks[list(outline), :2].astype(np.int32)], 1)
    change = cv2.dilate if grow > 0 else cv2.erode
    return change(mask, np.ones((3, 3)), iterations=abs(grow)).astype(np.float32)
