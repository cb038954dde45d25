"""How far the hair stands off the head: measured at the photo's outline, solved smoothly everywhere else.

Where the line of sight grazes the shell, the outline of the hair in the picture tells its radius. Those rim cells,
a few soft assumptions (thin at the hairline, the back like the sides) and a bi-Laplacian give the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.ndimage as ndi
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]

from ...artifacts import Camera
from ...head.mesh_raster import project
from .hair_atlas import HairAtlas, blur_wrapped, grid_faces, remap_flat

INNERMOST, OUTERMOST, STEP = -0.022, 0.13, 0.001  # metres round the skull in which hair is looked for
NEAREST_START = 0.035  # hair that starts further out than this belongs to something else
GAP = 0.012  # metres along a meridian that end a strand of hair
SPECK = 0.008  # metres without hair on the way out that do not end it: an ear, a shine, a hair slide
TIPS = 0.012  # metres at the lower end of long hair that are not measured
NECK_HEIGHT, SHOULDER = -0.09, 0.008  # metres: from where, and how far, the shoulders may push hair outwards
CROWN = 0.25  # part of the dome in which the outline may run along rows instead of across them
HEAD_RADIUS, TANGENT_RANGE = 0.09, np.deg2rad(14)
COARSE = 4  # the solve runs on every fourth cell
REFINEMENTS = 2  # rim cells are found on the shell they change


@dataclass(frozen=True)
class Outline:
    """The hair's outline as seen in the photo.

    Attributes:
        thickness: float64 [R,C] metres over the skull at rim cells, NaN elsewhere.
        starts, ends: first and last row with hair on the subject's (right, left) side of the photo's outline; 0
            without hair.
        profile: float64 [2,R], thickness per row on those sides, NaN where unknown.
    """

    thickness: np.ndarray
    starts: tuple[int, int]
    ends: tuple[int, int]
    profile: np.ndarray


def skull_radius(atlas: HairAtlas, points: np.ndarray) -> np.ndarray:
    """Radius of the skin in every cell, float64 [R,C], from dense skin points [N,3] without ears and mouth.

    Neighbours are searched on the capsule the atlas describes, so neither the pole nor the seam is special.
    """
    row, column, radius = atlas.locate(points)
    keep = row < atlas.rows + 20
    tree = cKDTree(_capsule(atlas, row[keep], column[keep]))
    rows, columns = np.mgrid[0 : atlas.rows : 2, 0 : atlas.columns : 2]
    distance, index = tree.query(_capsule(atlas, rows.ravel(), columns.ravel()), k=6, workers=2)
    weight = 1 / (distance**2 + 1e-7)
    coarse = (weight * radius[keep][index]).sum(1) / weight.sum(1)
    radius = upsample_wrapped(coarse.reshape(rows.shape), atlas, 2)
    # Hair hangs straight past the shoulders instead of following them outwards.
    neck = slice(atlas.row_at_height(NECK_HEIGHT), atlas.rows)
    narrowest = np.minimum.accumulate(radius[neck], axis=0)
    radius[neck] = np.minimum(radius[neck], narrowest + SHOULDER)
    return radius


def _capsule(atlas: HairAtlas, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Atlas coordinates [N] -> points [N,3] on a capsule of radius 9 cm: atlas distances without seam and pole."""
    polar = np.minimum(row / atlas.dome_rows, 1) * np.pi / 2
    azimuth = (column / atlas.columns * 2 - 1) * np.pi
    y = 0.09 * np.cos(polar) - np.maximum(row - atlas.dome_rows, 0) * atlas.cell
    ring = 0.09 * np.sin(polar)
    return np.stack([ring * np.sin(azimuth), y, ring * np.cos(azimuth)], 1)


def upsample_wrapped(field: np.ndarray, atlas: HairAtlas, factor: int) -> np.ndarray:
    """A field on every ``factor``-th cell -> float64 [R,C]. Sample (i, j) sits on cell (i*factor, j*factor)."""
    wide = np.concatenate([field, field[:, :2]], 1).astype(np.float32)
    rows, columns = np.mgrid[0 : atlas.rows, 0 : atlas.columns] / factor
    return remap_flat(wide, columns.ravel(), rows.ravel()).reshape(*atlas.shape, *field.shape[2:]).astype(np.float64)


def shell_normals(atlas: HairAtlas, radius: np.ndarray) -> np.ndarray:
    """Outward unit normals of the shell, float64 [R,C,3]."""
    points = atlas.points(radius)
    down = np.gradient(points, axis=0)
    across = np.roll(points, -1, 1) - np.roll(points, 1, 1)
    normal = np.cross(down, across)
    normal[0] = [0.0, 1.0, 0.0]
    return normal / (np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12)


def facing(points: np.ndarray, normals: np.ndarray, camera: Camera) -> np.ndarray:
    """Cosine between normal and direction to the camera: points, normals [...,3] -> [...]."""
    to_camera = camera_position(camera) - points
    return (normals * to_camera).sum(-1) / (np.linalg.norm(to_camera, axis=-1) + 1e-12)


def camera_position(camera: Camera) -> np.ndarray:
    """Where the camera stands, world frame, float64 [3]."""
    return -camera.viewmat[:3, :3].T @ camera.viewmat[:3, 3]


def camera_azimuth(atlas: HairAtlas, camera: Camera) -> float:
    """The side the photo was taken from: atlas azimuth in radians, positive from the subject's left."""
    offset = camera_position(camera) - np.asarray(atlas.center)
    return float(np.arctan2(offset[0], offset[2]))


def relative_azimuth(atlas: HairAtlas, camera: Camera) -> np.ndarray:
    """Azimuth of each column seen from the photo's camera, float64 [C] in (-pi, pi]."""
    turned = atlas.azimuth - camera_azimuth(atlas, camera)
    return (turned + np.pi) % (2 * np.pi) - np.pi


def solve_shell(
    atlas: HairAtlas, skull: np.ndarray, hair_mask: np.ndarray, known: np.ndarray, camera: Camera
) -> tuple[np.ndarray, Outline]:
    """The shell's radius float64 [R,C] metres and the outline it was made from.

    Args:
        skull: [R,C] metres.
        hair_mask: bool [S,S].
        known: bool [S,S], pixels that really are in the picture.
        camera: the photo's.
    """
    rim = _rim_cells(atlas, facing(atlas.points(skull + 0.01), atlas.directions, camera), camera)
    outline = _measure_outline(atlas, skull, rim, hair_mask, known, camera)
    radius = skull + _solve_thickness(atlas, skull, outline, hair_mask, camera)
    for _ in range(REFINEMENTS):
        normals = shell_normals(atlas, blur_wrapped(radius, 0.008 / atlas.cell))
        rim = _rim_cells(atlas, facing(atlas.points(radius), normals, camera), camera)
        outline = _measure_outline(atlas, skull, rim, hair_mask, known, camera)
        radius = skull + _solve_thickness(atlas, skull, outline, hair_mask, camera)
    return radius, outline


def _rim_cells(atlas: HairAtlas, cosine: np.ndarray, camera: Camera) -> np.ndarray:
    """Cells in which the surface turns away from the camera: int [N,2] (row, column).

    Below the crown one per row and side, the nearest to the tangent a round head would have: a dent has rims of its
    own, behind the outline.
    """
    across = np.signbit(cosine) != np.signbit(np.roll(cosine, -1, 1))
    distance = np.linalg.norm(camera_position(camera) - np.asarray(atlas.center))
    phi = relative_azimuth(atlas, camera)
    off_tangent = np.abs(np.abs(phi) - np.arccos(HEAD_RADIUS / distance))
    preferred = off_tangent + np.where(across & (off_tangent < TANGENT_RANGE), 0, np.pi)
    low = np.arange(int(CROWN * atlas.dome_rows), atlas.rows)
    across[low] = False
    for side in (phi <= 0, phi > 0):
        across[low, np.where(side, preferred, np.inf)[low].argmin(1)] = True
    along = np.zeros_like(across)
    top = int(0.6 * atlas.dome_rows)
    along[1:top] = np.signbit(cosine[1:top]) != np.signbit(cosine[2 : top + 1])
    return np.argwhere(across | along)


def _measure_outline(
    atlas: HairAtlas, skull: np.ndarray, rim: np.ndarray, hair_mask: np.ndarray, known: np.ndarray, camera: Camera
) -> Outline:
    """March outwards from the skull at every rim cell while there is hair."""
    row, column = rim.T
    thickness = _march(atlas, skull, row, column, hair_mask, known, camera)
    side = (relative_azimuth(atlas, camera)[column] > 0).astype(int)
    profile = np.full((2, atlas.rows), np.nan)
    starts, ends = [0, 0], [0, 0]
    out = np.full(atlas.shape, np.nan)
    out[row, column] = thickness
    for s in (0, 1):
        mine = (side == s) & np.isfinite(thickness)
        profile[s], starts[s], ends[s] = _smooth_profile(atlas, row[mine], thickness[mine])
        cells = side == s
        # Below the crown the smoothed value of the row replaces the single measurement.
        low = cells & (row > CROWN * atlas.dome_rows)
        out[row[low], column[low]] = profile[s, row[low]]
    return Outline(out, (starts[0], starts[1]), (ends[0], ends[1]), profile)


def _march(
    atlas: HairAtlas,
    skull: np.ndarray,
    row: np.ndarray,
    column: np.ndarray,
    hair_mask: np.ndarray,
    known: np.ndarray,
    camera: Camera,
) -> np.ndarray:
    """Thickness [N] at which hair ends along each cell's ray; NaN without hair or where the picture ends first."""
    size = hair_mask.shape[0]
    heights = np.arange(INNERMOST, OUTERMOST, STEP)
    reach = skull[row, column][:, None] + heights
    points = atlas.origins[row] + atlas.directions[row, column][:, None] * reach[..., None]
    pixel = project(points.reshape(-1, 3), camera)[:, :2].reshape(*reach.shape, 2)
    inside = ((pixel >= 0) & (pixel < size)).all(-1)
    x, y = np.clip(pixel, 0, size - 1).astype(int).transpose(2, 0, 1)
    hit = inside & (cv2.dilate(hair_mask.astype(np.uint8), np.ones((3, 3)))[y, x] > 0)
    unknown = ~inside | ~known[y, x]
    first = hit.argmax(1)
    last = _end_of_run(hit, first, round(SPECK / STEP), round((NEAREST_START - INNERMOST) / STEP))
    beyond = unknown[np.arange(len(row)), np.minimum(last + 2, len(heights) - 1)]
    usable = hit.any(1) & (heights[first] <= NEAREST_START) & ~beyond
    return np.where(usable, heights[np.maximum(last, 0)], np.nan)


def _end_of_run(hit: np.ndarray, first: np.ndarray, tolerated: int, free: int) -> np.ndarray:
    """Last hit [N] of the run that starts at ``first`` [N].

    ``tolerated`` misses in a row do not end it, nor do any before step ``free``: there a run may start anyway.
    """
    last = first.copy()
    for step in range(hit.shape[1]):
        going = hit[:, step] & (step > last) & ((step - last <= tolerated + 1) | (step <= free))
        last[going] = step
    return last


def _smooth_profile(atlas: HairAtlas, row: np.ndarray, thickness: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Thickness per row [R] (NaN outside the first run of hair) and that run's first and last row."""
    out = np.full(atlas.rows, np.nan)
    if len(row) < 8:
        return out, 0, 0
    count = np.bincount(row, minlength=atlas.rows)
    mean = np.bincount(row, thickness, atlas.rows) / np.maximum(count, 1)
    present = np.flatnonzero(count)
    breaks = np.flatnonzero(np.diff(present) * atlas.cell > GAP)
    run = present[: breaks[0] + 1] if len(breaks) else present
    filled = np.interp(np.arange(atlas.rows), run, mean[run])
    window = 2 * round(0.0075 / atlas.cell) + 1
    smooth = ndi.gaussian_filter1d(ndi.median_filter(filled, window, mode="nearest"), 0.004 / atlas.cell)
    # The last centimetre of long hair lies on the shoulders: their slope is not the hair's.
    trusted = run[-1] - (round(TIPS / atlas.cell) if len(run) * atlas.cell > 10 * TIPS else 0)
    out[run[0] : trusted + 1] = smooth[run[0] : trusted + 1]
    return out, int(run[0]), int(run[-1])


def _solve_thickness(
    atlas: HairAtlas, skull: np.ndarray, outline: Outline, hair_mask: np.ndarray, camera: Camera
) -> np.ndarray:
    """Minimise |Laplacian h|^2 + weights (h - data)^2 on the skull; float64 [R,C] metres."""
    weight, value = _soft_data(atlas, skull, outline, hair_mask, camera)
    coarse_points = atlas.points(skull)[::COARSE, ::COARSE]
    operator = _bilaplacian(coarse_points / (COARSE * atlas.cell))
    rows, columns = coarse_points.shape[:2]
    merge = _merge_pole(rows, columns)
    w = np.bincount(merge, weight.ravel())
    wv = np.bincount(merge, (weight * value).ravel())
    system = operator + sp.diags(w + 1e-5)
    h = np.asarray(sla.spsolve(system.tocsc(), wv + 1e-5 * 0.004))[merge].reshape(rows, columns)
    return np.clip(upsample_wrapped(h, atlas, COARSE), -0.02, OUTERMOST)


def _soft_data(
    atlas: HairAtlas, skull: np.ndarray, outline: Outline, hair_mask: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and values [R/4,C/4] of the thickness: rim, hairline, back."""
    measured = _block_mean(outline.thickness)
    weight = np.where(np.isfinite(measured), 4.0, 0.0)
    value = np.nan_to_num(measured)
    points = atlas.points(skull + 0.004)
    pixel = project(points.reshape(-1, 3), camera)
    inside = remap_flat(hair_mask.astype(np.float32), pixel[:, 0] - 0.5, pixel[:, 1] - 0.5).reshape(atlas.shape) > 0.5
    front = facing(points, atlas.directions, camera) > 0.25
    bare = cv2.dilate((front & ~inside).astype(np.uint8), np.ones((9, 9))) > 0
    hairline = _block_mean(np.where(front & inside & bare, 0.004, np.nan))
    here = np.isfinite(hairline) & (weight == 0)
    weight[here], value[here] = 0.3, 0.004
    # Long hair hangs beside the neck: towards the front it closes on the skin instead of flying on straight ahead.
    below_ears = np.arange(weight.shape[0])[:, None] * COARSE > atlas.row_at_height(-0.04)
    in_front = np.abs(atlas.azimuth)[::COARSE] < np.deg2rad(55)
    here = (weight == 0) & below_ears & in_front[None]
    weight[here], value[here] = 0.1, 0.002
    turn = np.abs(relative_azimuth(atlas, camera))[::COARSE]
    # Below the tips nothing was measured; without a word the sheet would go on flaring as the shoulders make it.
    below_tips = np.arange(weight.shape[0])[:, None] * COARSE > max(outline.ends)
    here = (weight == 0) & ((turn > np.deg2rad(108)) | (below_tips & (turn > np.deg2rad(60))))
    weight[here] = 0.02
    value[here] = np.broadcast_to(_back_thickness(outline)[::COARSE, None], weight.shape)[here]
    return weight, value


def _back_thickness(outline: Outline) -> np.ndarray:
    """What to expect behind the rim, per row [R]: a little less than the mean of both sides."""
    sides = np.isfinite(outline.profile)
    known = sides.any(0)
    if not known.any():
        return np.full(outline.profile.shape[1], 0.004)
    mean = np.where(sides, outline.profile, 0).sum(0) / np.maximum(sides.sum(0), 1)
    rows = np.arange(len(mean))
    return 0.85 * np.interp(rows, rows[known], mean[known])


def _block_mean(field: np.ndarray) -> np.ndarray:
    """Mean over COARSE x COARSE blocks, ignoring NaN; NaN where a block has none."""
    rows, columns = field.shape[0] // COARSE, field.shape[1] // COARSE
    blocks = field[: rows * COARSE, : columns * COARSE].reshape(rows, COARSE, columns, COARSE)
    finite = np.isfinite(blocks)
    count = finite.sum((1, 3))
    mean = np.where(finite, blocks, 0).sum((1, 3)) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)


def _merge_pole(rows: int, columns: int) -> np.ndarray:
    """All cells of row 0 are one vertex: vertex of each cell, int [rows*columns]."""
    return np.maximum(np.arange(rows * columns) - (columns - 1), 0)


def _bilaplacian(points: np.ndarray) -> sp.csr_matrix:
    """Bi-Laplacian (cotangent, lumped mass) of the grid mesh points [r,c,3]: true surface distances, no pole."""
    rows, columns = points.shape[:2]
    faces = _merge_pole(rows, columns)[grid_faces(rows, columns)]
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    vertices = points.reshape(-1, 3)[columns - 1 :]
    count = len(vertices)
    laplacian = sp.csr_matrix((count, count))
    mass = np.zeros(count)
    for k in range(3):
        i, j, o = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
        u, v = vertices[i] - vertices[o], vertices[j] - vertices[o]
        area2 = np.linalg.norm(np.cross(u, v), axis=1) + 1e-9
        cotangent = np.clip((u * v).sum(1) / area2, 1e-3, 50) / 2
        laplacian += sp.coo_matrix((cotangent, (i, j)), (count, count)).tocsr()
        mass += np.bincount(o, area2 / 6, count)
    laplacian = laplacian + laplacian.T
    laplacian = sp.diags(np.asarray(laplacian.sum(1)).ravel()) - laplacian
    return (laplacian @ sp.diags(1 / np.maximum(mass, 0.02)) @ laplacian).tocsr()
