"""The colour of the hair: the photo where it sees it, smooth continuation plus strands everywhere else."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ...artifacts import Portrait
from .hair_alpha import PhotoOnShell, sample_photo
from .hair_atlas import HairAtlas, blur_wrapped, remap_flat
from .hair_strands import Strands
from .segmentation import Segmentation

BROAD = 0.012  # metres: what is coarser is "colour", what is finer is "strands"
MEDIUM = 0.002  # metres: what is finer than this is single strands, coarser are clumps
FADE, HAT_FADE = 0.010, 0.003  # metres over which photo turns into synthesis
COARSE = 8  # the membrane is solved on every eighth cell
BACK_SHADE = 0.9  # hair nobody saw is lit by less than a photographer's front light


@dataclass(frozen=True)
class _Seen:
    """What the photo gives: ``color`` float32 [R,C,3] 0..255, ``known`` bool [R,C], ``typical`` bool [R,C]."""

    color: np.ndarray
    known: np.ndarray
    typical: np.ndarray


def hair_color(
    atlas: HairAtlas,
    alpha: np.ndarray,
    strands: Strands,
    seen: PhotoOnShell,
    portrait: Portrait,
    segmentation: Segmentation,
) -> np.ndarray:
    """Colour of every cell, float32 [R,C,3] sRGB 0..1."""
    photo = _read_photo(atlas, alpha, seen, portrait, segmentation)
    if photo.known.sum() < 200:
        return _guessed_color(strands, portrait, segmentation)
    hat = _spread_hat(atlas, photo.known, seen, segmentation)
    broad = _broad_color(atlas, photo, hat, _color_beside_face(portrait, segmentation))
    synthetic = broad + _strand_detail(atlas, photo, broad, strands) * (1 - hat)[..., None]
    keep = _photo_weight(atlas, alpha, photo.known, strands, hat)
    color = photo.color * keep[..., None] + synthetic * (1 - keep[..., None])
    return np.clip(color / 255, 0, 1).astype(np.float32)


def _guessed_color(strands: Strands, portrait: Portrait, segmentation: Segmentation) -> np.ndarray:
    """Where the photo shows next to no hair: one colour and ordinary strands, float32 [R,C,3]."""
    base = _color_beside_face(portrait, segmentation)
    pattern = 1 + 0.12 * strands.clumps + 0.08 * strands.fine
    return np.clip(base / 255 * pattern[..., None], 0, 1).astype(np.float32)


def _read_photo(
    atlas: HairAtlas, alpha: np.ndarray, seen: PhotoOnShell, portrait: Portrait, segmentation: Segmentation
) -> _Seen:
    """Colours of well seen cells; typical ones lie near the colour of the hair's outline (no badge, no highlight)."""
    color = sample_photo(portrait.image.astype(np.float32), seen.pixel)
    solid = ((portrait.matte > 0.8) & (portrait.inside > 0.9)).astype(np.uint8)
    safe = cv2.erode(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))).astype(np.float32)
    known = (seen.trust > 0.4) & (seen.hair > 0.8) & (alpha > 0.3) & (sample_photo(safe, seen.pixel) > 0.9)
    known = cv2.morphologyEx(known.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))) > 0
    middle, spread = _outline_color(portrait, segmentation, safe > 0.5)
    smooth = _masked_blur(color, known, BROAD / atlas.cell)
    odd = np.abs(smooth - middle).max(-1)
    typical = known & (odd < 2 * spread + 12) & (np.abs(color - smooth).mean(-1) < 40)
    if typical.sum() < 0.05 * known.sum():
        return _Seen(color, known, known)
    # Near the outline an odd colour is background that slipped through the matte.
    skin = sample_photo(segmentation.skin, seen.pixel)
    known &= typical | ((seen.trust > 0.9) & (skin < 0.3)) | segmentation.hat
    return _Seen(color, known, typical)


def _outline_color(portrait: Portrait, segmentation: Segmentation, safe: np.ndarray) -> tuple[np.ndarray, float]:
    """Median colour of the hair near the matte's edge [3] and its median deviation, 0..255."""
    depth = cv2.distanceTransform((portrait.matte > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    rim = segmentation.hair_mask & ~segmentation.hat_mask & safe & (depth < 0.04 * portrait.image.shape[0])
    if rim.sum() < 50:
        rim = segmentation.hair_mask
    smooth = cv2.GaussianBlur(portrait.image.astype(np.float32), (0, 0), 4.0)[rim]
    middle = np.median(smooth, 0)
    return middle, float(np.median(np.abs(smooth - middle).max(1)))


def _color_beside_face(portrait: Portrait, segmentation: Segmentation) -> np.ndarray:
    """Median colour [3] of the hair that shows under a hat, or else of what is beside the face and not skin."""
    under = segmentation.hair_mask & ~cv2.dilate(segmentation.hat_mask.astype(np.uint8), np.ones((5, 5))).astype(bool)
    if under.sum() > 200:
        colors = portrait.image[under]
        lit = colors.sum(1) >= np.median(colors.sum(1))  # the darker half lies in the hat's shadow
        return np.median(colors[lit], 0)
    size = portrait.image.shape[0]
    rows, columns = np.nonzero(segmentation.face_mask)
    box = np.zeros((size, size), bool)
    reach = (columns.max() - columns.min()) // 5
    upper, lower = (rows.min() + round(part * (rows.max() - rows.min())) for part in (0.45, 0.9))
    box[upper:lower, max(0, columns.min() - reach) : columns.max() + reach] = True
    beside = box & (portrait.matte > 0.9) & ~segmentation.face_mask & ~segmentation.hat_mask
    chosen = beside & (segmentation.skin < 0.5)
    chosen = chosen if chosen.sum() > 50 else beside
    return np.median(portrait.image[chosen], 0) if chosen.any() else np.full(3, 90.0)


def _masked_blur(field: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Blur [R,C,K] over the cells of ``mask`` only."""
    weight = blur_wrapped(mask.astype(np.float32), sigma)[..., None]
    return blur_wrapped(field * mask[..., None], sigma) / np.maximum(weight, 1e-3)


def _spread_hat(atlas: HairAtlas, known: np.ndarray, seen: PhotoOnShell, segmentation: Segmentation) -> np.ndarray:
    """Which cells belong to a hat, float32 [R,C] 0..1. A hat goes on round the head at the same height."""
    if not segmentation.hat:
        return np.zeros(atlas.shape, np.float32)
    label = sample_photo(segmentation.hat_mask.astype(np.float32), seen.pixel)
    spread = _turn_round(atlas, label[..., None], known)[..., 0]
    mostly = (known & (label > 0.5)).sum(1) > 0.6 * np.maximum(known.sum(1), 1)
    rows = np.flatnonzero(known.any(1))
    ends = rows[~mostly[rows] & (rows > np.flatnonzero(mostly)[:1].sum())]
    spread[ends[0] if len(ends) else rows[-1] + 1 :] = 0
    crisp = np.clip((blur_wrapped(spread, 0.003 / atlas.cell) - 0.5) * 6 + 0.5, 0, 1)
    return crisp.astype(np.float32)


def _turn_round(atlas: HairAtlas, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Continue each row [R,C,K] round the back from its outermost known cells, as on a turned piece of wood."""
    out = values.astype(np.float32).copy()
    margin = max(1, round(0.003 / atlas.cell))
    filled_rows = np.flatnonzero(known.sum(1) > 2 * margin)
    for row in filled_rows:
        columns = np.flatnonzero(known[row])
        first, last = columns[0], columns[-1]
        left = np.median(values[row, columns[:margin]], 0)
        right = np.median(values[row, columns[-margin:]], 0)
        gap = first + atlas.columns - last
        share = ((np.arange(atlas.columns) - last) % atlas.columns / gap)[:, None]
        around = right * (1 - share) + left * share
        inside = np.stack([np.interp(np.arange(atlas.columns), columns, v) for v in values[row, columns].T], 1)
        unseen = (np.arange(atlas.columns) < first) | (np.arange(atlas.columns) > last)
        out[row] = np.where(unseen[:, None], around, inside)
    if len(filled_rows):
        nearest = filled_rows[np.abs(np.arange(atlas.rows)[:, None] - filled_rows).argmin(1)]
        out = out[nearest]
    return out


def _broad_color(atlas: HairAtlas, photo: _Seen, hat: np.ndarray, beside_face: np.ndarray) -> np.ndarray:
    """The smooth part of the colour everywhere, float32 [R,C,3] 0..255."""
    smooth = _masked_blur(photo.color, photo.known, BROAD / atlas.cell)
    mirror = (atlas.columns - np.arange(atlas.columns)) % atlas.columns
    own_hair = photo.typical & (hat < 0.5)
    middle = np.median(photo.color[own_hair], 0) if own_hair.sum() > 100 else beside_face
    weight = own_hair + 0.25 * (own_hair[:, mirror] & ~photo.known)
    values = np.where(own_hair[..., None], smooth, smooth[:, mirror])
    hair = _membrane(atlas, values, weight.astype(np.float32), middle)
    away = np.clip(blur_wrapped(1 - photo.known.astype(np.float32), 0.03 / atlas.cell) * 2 - 0.6, 0, 1)
    hair = hair * (1 - (1 - BACK_SHADE) * away[..., None])
    if not hat.any():
        return hair
    cap = blur_wrapped(_turn_round(atlas, photo.color, photo.known & (hat > 0.5)), 0.0015 / atlas.cell)
    return hair * (1 - hat[..., None]) + cap * hat[..., None]


def _membrane(atlas: HairAtlas, values: np.ndarray, weight: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Harmonic continuation of values [R,C,K] where weight [R,C] > 0; ``rest`` [K] far from any."""
    rows, columns = atlas.rows // COARSE, atlas.columns // COARSE
    small = cv2.resize(weight.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    weighted = (values * weight[..., None]).astype(np.float32)
    channels = [cv2.resize(weighted[..., k], (columns, rows), interpolation=cv2.INTER_AREA) for k in range(len(rest))]
    target = np.stack(channels, -1) / np.maximum(small, 1e-4)[..., None]
    data = 2 * np.minimum(small, 1) * (small > 0.05)
    system = (_grid_laplacian(rows, columns) + sp.diags(data.ravel() + 0.002)).tocsc()
    solve = sla.factorized(system)
    solved = [solve((data * target[..., k]).ravel() + 0.002 * rest[k]) for k in range(len(rest))]
    field = np.stack(solved, -1).reshape(rows, columns, -1).astype(np.float32)
    wide = np.concatenate([field[:, -1:], field, field[:, :1]], 1)
    r, c = np.mgrid[0 : atlas.rows, 0 : atlas.columns]
    x, y = (c + 0.5) / COARSE + 0.5, (r + 0.5) / COARSE - 0.5
    return remap_flat(wide, x.ravel(), y.ravel()).reshape(*atlas.shape, len(rest))


def _grid_laplacian(rows: int, columns: int) -> sp.csr_matrix:
    index = np.arange(rows * columns).reshape(rows, columns)
    pairs = [(index[:-1], index[1:]), (index, np.roll(index, -1, 1))]
    count = rows * columns
    half = sp.csr_matrix((count, count))
    for a, b in pairs:
        half += sp.coo_matrix((np.ones(a.size), (a.ravel(), b.ravel())), (count, count)).tocsr()
    both = half + half.T
    return (sp.diags(np.asarray(both.sum(1)).ravel()) - both).tocsr()


def _strand_detail(atlas: HairAtlas, photo: _Seen, broad: np.ndarray, strands: Strands) -> np.ndarray:
    """Strand pattern with the contrast and the colour direction measured in the photo, float32 [R,C,3]."""
    fine = photo.color - _masked_blur(photo.color, photo.known, MEDIUM / atlas.cell)
    medium = _masked_blur(photo.color, photo.known, MEDIUM / atlas.cell) - broad
    cells = photo.typical & (cv2.erode(photo.known.astype(np.uint8), np.ones((5, 5))) > 0)
    if cells.sum() < 50:
        cells = photo.known
    return strands.clumps[..., None] * _main_axis(medium[cells]) + strands.fine[..., None] * _main_axis(fine[cells])


def _main_axis(detail: np.ndarray) -> np.ndarray:
    """Colours [N,3] around their mean -> the direction of most variation times its robust deviation, [3]."""
    centred = detail - np.median(detail, 0)
    direction = np.linalg.eigh(np.cov(centred.T))[1][:, -1]
    direction = direction * np.sign(direction.sum())
    return direction * 1.48 * np.median(np.abs(centred @ direction))


def _photo_weight(
    atlas: HairAtlas, alpha: np.ndarray, known: np.ndarray, strands: Strands, hat: np.ndarray
) -> np.ndarray:
    """How much the photo's own pixels count, float32 [R,C]; in hair the border follows clumps, so no seam shows."""
    kernel = np.ones((3, 3), np.uint8)
    closed = cv2.morphologyEx(known.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    depth = cv2.distanceTransform((closed | (alpha < 0.35)).astype(np.uint8), cv2.DIST_L2, 5) * atlas.cell
    in_hair = np.clip((depth + 0.003 * strands.clumps) / FADE, 0, 1)
    in_hat = np.clip(depth / HAT_FADE, 0, 1)
    return ((in_hair + (in_hat - in_hair) * hat) * closed).astype(np.float32)
