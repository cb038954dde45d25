"""Where the shell has hair and where it has none.

The photo decides what it sees well; a badly seen side copies the well seen one; behind the rim short hair follows the
head's scalp, long hair hangs down as far as it does at the sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.ndimage as ndi

from ...artifacts import Camera
from ...head.mesh_raster import project
from .hair_atlas import HairAtlas, blur_wrapped, remap_flat
from .hair_thickness import Outline, camera_azimuth, facing, relative_azimuth, shell_normals

INWARDS = 0.007  # metres below the outside at which hair is looked up too: right at the outline the mask misses it
FILL_BELOW, DROP_BELOW = 6000, 500  # mm2 of holes to close and of islands to drop
EAR_HEIGHT, MOUTH_HEIGHT, NAPE_HEIGHT = -0.035, -0.05, -0.078  # metres, head frame
SHORT_HEIGHTS = (-0.026, -0.056)  # metres, where short hair ends behind the ear and at the nape
SHORT_TURN = (np.deg2rad(100.0), np.deg2rad(150.0))  # azimuths between which it goes from the one to the other
THIN_HAIRLINE = 0.008  # metres over which the seen hairline of a narrow strip at the side is evened
AVERTED_FROM = np.deg2rad(12.0)


@dataclass(frozen=True)
class PhotoOnShell:
    """The photo laid on the shell; every field [R,C].

    Attributes:
        cosine: between the normal and the direction to the camera.
        pixel: float64 [R,C,2] crop pixels.
        hair: float32 0..1, the hair mask there or a little inside.
        trust: float32 0..1, how well the photo sees the cell: good enough for colours.
        visible: float32 0..1, whether the photo sees the cell at all: good enough to tell hair from skin.
        cut_off: bool, the cell lies beyond the picture's edge.
    """

    cosine: np.ndarray
    pixel: np.ndarray
    hair: np.ndarray
    trust: np.ndarray
    visible: np.ndarray
    cut_off: np.ndarray


def look_at_shell(
    atlas: HairAtlas,
    radius: np.ndarray,
    hair_mask: np.ndarray,
    person: np.ndarray,
    known: np.ndarray,
    camera: Camera,
) -> PhotoOnShell:
    """Project the shell (radius [R,C] metres) into the photo.

    Args:
        hair_mask, person: bool [S,S]. known: bool [S,S], pixels that really are in the picture.
    """
    points = atlas.points(radius)
    cosine = facing(points, shell_normals(atlas, blur_wrapped(radius, 2.0)), camera)
    pixel = project(points.reshape(-1, 3), camera)[:, :2].reshape(*atlas.shape, 2)
    inner = project(atlas.points(radius - INWARDS).reshape(-1, 3), camera)[:, :2].reshape(*atlas.shape, 2)
    soft = cv2.GaussianBlur(hair_mask.astype(np.float32), (0, 0), 1.0)
    hair = np.maximum(sample_photo(soft, pixel), sample_photo(soft, inner))
    visible_person = sample_photo(cv2.GaussianBlur(person.astype(np.float32), (0, 0), 1.0), pixel) >= 0.6
    possible = visible_person & (np.abs(relative_azimuth(atlas, camera)) < np.pi / 2)[None]
    trust, visible = (
        np.where(possible, np.clip((cosine - least) / width, 0, 1), 0).astype(np.float32)
        for least, width in ((0.25, 0.2), (0.06, 0.12))
    )
    inside = ((pixel >= 0) & (pixel < hair_mask.shape[0])).all(-1)
    cut_off = ~inside | (sample_photo(known.astype(np.float32), pixel) < 0.5)
    return PhotoOnShell(cosine, pixel, hair, trust, visible, cut_off)


def sample_photo(image: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """Bilinear look-up of ``image`` [S,S] or [S,S,K] at pixel coordinates [...,2] (centres at halves)."""
    flat = np.nan_to_num(pixel.reshape(-1, 2))
    return remap_flat(image, flat[:, 0] - 0.5, flat[:, 1] - 0.5).reshape(*pixel.shape[:-1], *image.shape[2:])


def hair_alpha(
    atlas: HairAtlas,
    seen: PhotoOnShell,
    outline: Outline,
    scalp: np.ndarray,
    camera: Camera,
    *,
    bare_crown: bool,
    seed: int,
) -> np.ndarray:
    """Opacity of the shell, float32 [R,C] 0..1, before ears are cut out.

    Args:
        scalp: float [R,C] 0..1, the head model's scalp region.
        bare_crown: hair goes round the head like a horseshoe and ends above as high as at the photo's outline.
        seed: of the ragged lower edge of long hair and of the ragged upper edge below a bare crown.
    """
    trust = seen.visible * (1 - averted(atlas, camera))
    mirror = (atlas.columns - np.arange(atlas.columns)) % atlas.columns
    borrowed = trust[:, mirror] * (1 - np.clip(trust * 1.5, 0, 1)) * (np.abs(atlas.azimuth) < np.pi / 2)
    hair = seen.hair * (1 - borrowed) + seen.hair[:, mirror] * borrowed
    trust = np.maximum(trust, borrowed)
    turn = np.abs(relative_azimuth(atlas, camera))[None]
    behind = np.where(seen.cut_off, 1, np.clip((turn - 0.33 * np.pi) / 0.3, 0, 1))
    assumed = _behind_the_rim(atlas, outline, scalp, camera, seed)
    if bare_crown:
        assumed = assumed * _below_bare_crown(atlas, outline, camera, seed)
    guess = assumed * behind + hair * (turn < 0.36 * np.pi) * ~seen.cut_off
    alpha = np.maximum(trust * hair, (1 - trust) * np.clip(guess, 0, 1))
    alpha = _fill_and_drop(atlas, alpha * (1 - _throat(atlas)))
    if bare_crown:
        alpha = np.clip((blur_wrapped(alpha, THIN_HAIRLINE / atlas.cell) - 0.5) * 2 + 0.5, 0, 1)
    return np.clip(blur_wrapped(alpha, 0.0012 / atlas.cell), 0, 1)


def averted(atlas: HairAtlas, camera: Camera) -> np.ndarray:
    """How far a column's own pixels should give way to the mirrored ones, float64 [C] 0..1.

    A head turned away shows one temple at a grazing angle only: its hairline there is a jagged guess.
    """
    azimuth = camera_azimuth(atlas, camera)
    turned = np.clip((abs(azimuth) - AVERTED_FROM) / np.deg2rad(4) + 0.5, 0, 1)
    away = -np.sign(azimuth) * atlas.azimuth
    return turned * np.clip((away - np.deg2rad(15)) / np.deg2rad(12), 0, 1)


def _throat(atlas: HairAtlas) -> np.ndarray:
    """Below the mouth and in front no hair hangs: what the photo shows there lies further back; float64 [R,C] 0..1."""
    front = np.clip((np.deg2rad(62) - np.abs(atlas.azimuth)) / np.deg2rad(14), 0, 1)
    rows = np.arange(atlas.rows)
    below = np.clip((rows - atlas.row_at_height(MOUTH_HEIGHT)) * atlas.cell / 0.02, 0, 1)
    return below[:, None] * front


def _behind_the_rim(atlas: HairAtlas, outline: Outline, scalp: np.ndarray, camera: Camera, seed: int) -> np.ndarray:
    """What is assumed where nobody looked, float64 [R,C] 0..1."""
    last_behind = float(np.mean(outline.ends))
    if max(outline.ends) > atlas.row_at_height(EAR_HEIGHT) + 0.015 / atlas.cell:
        last_behind = max(atlas.row_at_height(NAPE_HEIGHT), last_behind + 0.02 / atlas.cell)
    last = _ragged_edge(atlas, outline.ends, last_behind, camera, seed)
    rows = np.arange(atlas.rows)[:, None]
    edge = np.clip((last[None] - rows) * atlas.cell / 0.012 + 0.5, 0, 1)
    hanging = edge * (rows > atlas.dome_rows - 0.03 / atlas.cell)
    return np.maximum(hanging, scalp * _short_nape(atlas))


def _below_bare_crown(atlas: HairAtlas, outline: Outline, camera: Camera, seed: int) -> np.ndarray:
    """Which cells lie no higher than the hair at the photo's outline, float64 [R,C] 0..1.

    Where one side shows no hair, the other's height counts for both.
    """
    seen = [start for start, end in zip(outline.starts, outline.ends) if end > 0]
    if not seen:
        return np.ones(atlas.shape)
    starts = tuple(s if e > 0 else seen[0] for s, e in zip(outline.starts, outline.ends))
    first = _ragged_edge(atlas, (starts[0], starts[1]), float(np.mean(starts)), camera, seed)
    return np.clip((np.arange(atlas.rows)[:, None] - first[None]) * atlas.cell / 0.012 + 0.5, 0, 1)


def _ragged_edge(atlas: HairAtlas, sides: tuple[int, int], behind: float, camera: Camera, seed: int) -> np.ndarray:
    """A row per column, float64 [C]: the subject's (right, left) side's, going over to ``behind`` at the back."""
    phi = relative_azimuth(atlas, camera)
    backness = np.clip((np.abs(phi) / (np.pi / 2) - 1) * 2.5, 0, 1)
    row = np.where(phi < 0, *(float(s) for s in sides)) * (1 - backness) + behind * backness
    degree = atlas.columns / 360
    ragged = np.random.default_rng(seed).normal(size=atlas.columns)
    row = ndi.gaussian_filter1d(row, 7 * degree, mode="wrap")
    return row + ndi.gaussian_filter1d(ragged, 2 * degree, mode="wrap") * 0.006 / atlas.cell


def _short_nape(atlas: HairAtlas) -> np.ndarray:
    """Where short hair may grow, float64 [R,C] 0..1: no tufts hang below the ears, and the nape ends softly."""
    turn = np.clip((np.abs(atlas.azimuth) - SHORT_TURN[0]) / (SHORT_TURN[1] - SHORT_TURN[0]), 0, 1)
    beside, behind = (atlas.row_at_height(y) for y in SHORT_HEIGHTS)
    last = beside + (behind - beside) * turn * turn * (3 - 2 * turn)
    return np.clip((last[None] - np.arange(atlas.rows)[:, None]) * atlas.cell / 0.016 + 0.5, 0, 1)


def _fill_and_drop(atlas: HairAtlas, alpha: np.ndarray) -> np.ndarray:
    """Close small holes and remove small islands."""
    cell_mm2 = (atlas.cell * 1000) ** 2
    solid = alpha > 0.5
    tripled = np.concatenate([solid] * 3, 1)
    middle = slice(atlas.columns, 2 * atlas.columns)
    roofed = np.vstack([np.ones((1, tripled.shape[1]), bool), tripled])
    holes = np.asarray(ndi.binary_fill_holes(roofed))[1:] & ~tripled
    filled = np.maximum(alpha, _of_size(holes, 0, FILL_BELOW / cell_mm2)[:, middle])
    solid = np.concatenate([filled > 0.5] * 3, 1)
    return np.where(_of_size(solid, 0, DROP_BELOW / cell_mm2)[:, middle], 0, filled)


def _of_size(mask: np.ndarray, least: float, most: float) -> np.ndarray:
    """The connected parts of ``mask`` whose number of cells lies in (least, most)."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    size = np.bincount(labels.ravel(), minlength=count)
    chosen = (size > least) & (size < most)
    chosen[0] = False
    return np.take(chosen, np.asarray(labels, np.int64))


def cut_out_ear(atlas: HairAtlas, alpha: np.ndarray, points: np.ndarray) -> np.ndarray:
    """No hair over an ear that shows; ``points`` [N,3] of that ear, neutral head."""
    row, column, _ = atlas.locate(points)
    footprint = np.zeros(atlas.shape, np.uint8)
    footprint[np.clip(row.astype(int), 0, atlas.rows - 1), column.astype(int) % atlas.columns] = 1
    close, grow = (2 * round(k / atlas.cell / 2) + 1 for k in (0.009, 0.004))
    footprint = cv2.morphologyEx(footprint, cv2.MORPH_CLOSE, np.ones((close, close)))
    return np.where(cv2.dilate(footprint, np.ones((grow, grow))) > 0, 0, alpha).astype(np.float32)
