"""Which pixels of the portrait are hair, skin and clothing: by colour alone, without a network.

Seeds come from the landmarks and the matte, each class gets a mixture of colours, soft position priors break ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.ndimage as ndi

from ...artifacts import Portrait
from ...config import BuiltinConfig
from ...head.face_regions import (
    CHIN,
    FOREHEAD,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_IRIS,
)
from .color_models import ColorMixture
from .hair_over_face import hair_over_face

EYE_CORNERS = [33, 263]
FEATURES = (RIGHT_EYE, LEFT_EYE, RIGHT_BROW, LEFT_BROW, OUTER_LIPS)
NEVER = np.float32(-50.0)  # log likelihood of a class without seeds
DEEP_SHADOW = 0.65  # of the cheeks' lightness: behind the jaw, below hair, beside the ear
OUTLIER = np.float32(-12.5)  # log likelihood of a colour that fits no class
CROWN_WIDTH, CROWN_DEPTH = 0.5, 0.15  # eye distances: the middle of the head's top edge, to each side and downwards
LEAST_SIDE, LEAST_SIDES = 0.005, 0.04  # of the face's area: hair on the thinner side, and on both together
PALE, DARK = 0.5, 0.5  # hair's redness, of equally lit skin's, and its lightness, below which it is no shaded skin


@dataclass(frozen=True)
class Segmentation:
    """Classes of the portrait's pixels.

    Attributes:
        hair, skin, cloth: float32 [S,S], posteriors inside the matte (sum to 1 there), 0 outside. ``cloth`` is
            everything that is neither hair nor skin.
        hair_mask: bool [S,S], cleaned; what the hair shell is made from (a hat belongs to it).
        face_mask: bool [S,S], the face oval without what reaches over its border (strands, earrings, glasses' arms).
        bald: no hair worth a shell.
        hat: what sits on the head seems to be a hat.
        hat_mask: bool [S,S], the hat's part of ``hair_mask``.
        bare_crown: hair grows at the sides only, the top of the head is skin.
    """

    hair: np.ndarray
    skin: np.ndarray
    cloth: np.ndarray
    hair_mask: np.ndarray
    face_mask: np.ndarray
    bald: bool
    hat: bool
    hat_mask: np.ndarray
    bare_crown: bool


@dataclass(frozen=True)
class _Layout:
    """Where things are in the picture, from landmarks; heights in pixels, masks bool [S,S]."""

    lab: np.ndarray
    unit: float  # distance between the irises, pixels
    eye_y: float
    top_y: float
    chin_y: float
    y: np.ndarray  # [S,1]
    foreground: np.ndarray
    face: np.ndarray
    features: np.ndarray
    cheeks: np.ndarray  # surely skin: inside the face, below the brows, no features
    forehead: np.ndarray  # the face and a little more above it: bright spots there are shine, not hair
    whole: bool  # the top of the head is in the picture


def segment_portrait(portrait: Portrait, config: BuiltinConfig) -> Segmentation:
    """Split the person into hair, skin and cloth."""
    layout = _layout(portrait)
    likelihood, hair_seeds, bald = _likelihoods(layout)
    posterior = _posteriors(layout, likelihood)
    mask = _hair_mask(layout, posterior[0], hair_seeds)
    bare_crown = config.hair == "auto" and _crown_is_bare(layout, mask) and _hair_at_both_sides(layout, mask)
    bald = not bare_crown and (bald or (layout.whole and mask.sum() < 0.15 * layout.face.sum()))
    bald = config.hair == "bald" or (config.hair == "auto" and bald)
    may_be_hat = config.hair in ("auto", "hat") and not bald and not bare_crown
    hat_mask = _hat_mask(layout, mask) if may_be_hat else np.zeros_like(mask)
    if config.hair == "hat" and not hat_mask.any():
        hat_mask = mask & (layout.y < layout.eye_y)
    # Nothing but hair and skin lies above the eyes; what fits neither there is a crack, a jewel, a shine on skin.
    above = layout.y < layout.eye_y
    posterior = np.stack([posterior[0], posterior[1] + above * posterior[2], posterior[2] * ~above])
    hair, skin, cloth = (np.where(layout.foreground, p, 0).astype(np.float32) for p in posterior)
    face = _free_face(layout, skin)
    return Segmentation(hair, skin, cloth, mask, face, bald, bool(hat_mask.any()), hat_mask, bare_crown)


def _layout(portrait: Portrait) -> _Layout:
    size = portrait.image.shape[0]
    marks = portrait.landmarks[:, :2]
    unit = float(np.linalg.norm(marks[RIGHT_IRIS] - marks[LEFT_IRIS]))
    face = polygon_mask(marks[list(OVAL)], size)
    features = np.zeros((size, size), np.uint8)
    for indices in FEATURES:
        cv2.fillConvexPoly(features, cv2.convexHull(marks[list(indices)].astype(np.int32)), [1])
    features = cv2.dilate(features, np.ones((3, 3)), iterations=int(unit * 0.08)) > 0
    y = np.arange(size)[:, None]
    eye_y = float(marks[EYE_CORNERS, 1].mean())
    lab = cv2.cvtColor(portrait.image, cv2.COLOR_RGB2LAB).astype(np.float32)
    top = max(0, round(float(marks[FOREHEAD, 1]) - 0.4 * unit))
    oval = marks[list(OVAL)]
    forehead, high_forehead = (
        polygon_mask(oval - np.maximum(eye_y - oval[:, 1:], 0) * [0.0, stretch], size) for stretch in (0.35, 0.8)
    )
    core = cv2.erode(face.astype(np.uint8), np.ones((3, 3)), iterations=int(unit * 0.12)) > 0
    foreground = (portrait.matte > 0.6) & (portrait.inside > 0.5)
    cheeks = core & ~features & (y > eye_y - 0.1 * unit)
    left, right = np.sort(marks[EYE_CORNERS, 0])
    between = (np.arange(size) > left) & (np.arange(size) < right)
    above = foreground & ~face & (y < min(eye_y, float(marks[FOREHEAD, 1])))
    cheeks &= ~hair_over_face(lab, cheeks & between, face & ~between, foreground & ~face, above)
    shiny = lab[..., 0] > np.percentile(lab[cheeks, 0], 90)
    return _Layout(
        lab=lab,
        unit=unit,
        eye_y=eye_y,
        top_y=float(marks[FOREHEAD, 1]),
        chin_y=float(marks[CHIN, 1]),
        y=y,
        foreground=foreground,
        face=face,
        features=features,
        cheeks=cheeks,
        forehead=face | forehead | (high_forehead & shiny),
        whole=bool(portrait.inside[top, face.any(0)].mean() > 0.5),
    )


def polygon_mask(points: np.ndarray, size: int) -> np.ndarray:
    """Filled polygon [N,2] pixels -> bool [size,size]."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], [1])
    return mask > 0


def _likelihoods(layout: _Layout) -> tuple[np.ndarray, np.ndarray, bool]:
    """Log likelihoods [3,S,S] of hair, skin, cloth; the seeds of hair; whether hair seeds look like skin (bald)."""
    beside_face = cv2.dilate(layout.face.astype(np.uint8), np.ones((3, 3)), iterations=int(layout.unit * 0.1)) == 0
    skin = ColorMixture.fit(layout.lab[layout.cheeks], 3).log_likelihood(layout.lab)
    usual = np.percentile(skin[layout.cheeks], 12)
    seeds = layout.foreground & beside_face & ~layout.forehead & (layout.y < layout.eye_y - 0.25 * layout.unit)
    unlike_skin = seeds & ((skin < usual - 1.5) | (layout.y < layout.top_y - 0.9 * layout.unit))
    chosen = unlike_skin if unlike_skin.sum() > 0.2 * seeds.sum() else seeds
    hair = _mixture_or_never(layout.lab, chosen, 4)
    hairy = seeds & (np.logaddexp(hair, OUTLIER) > skin - 0.5)
    cloth_seeds = layout.foreground & beside_face & (layout.y > layout.chin_y + 0.55 * layout.unit) & (skin < usual - 1)
    cloth = _mixture_or_never(layout.lab, cloth_seeds, 4)
    bald = seeds.sum() > 0.05 * layout.face.sum() and hairy.sum() < 0.25 * seeds.sum()
    return np.stack([hair, skin, cloth]), hairy, bool(bald)


def _mixture_or_never(lab: np.ndarray, seeds: np.ndarray, components: int) -> np.ndarray:
    if seeds.sum() < 400:
        return np.full(lab.shape[:2], NEVER)
    return ColorMixture.fit(lab[seeds], components).log_likelihood(lab)


def _posteriors(layout: _Layout, likelihood: np.ndarray) -> np.ndarray:
    """Bayes with soft position priors, float32 [3,S,S]."""
    y, unit = layout.y, layout.unit
    below_eyes = np.maximum(y - layout.eye_y, 0) / unit
    in_face = cv2.GaussianBlur((layout.cheeks | layout.features).astype(np.float32), (0, 0), unit * 0.05)
    prior_hair = -below_eyes / 1.2 - 3 * in_face * (y > layout.eye_y - 0.1 * unit)
    above_forehead = np.clip((layout.top_y - 0.45 * unit - y) / (0.2 * unit), 0, 8)
    prior_skin = np.where(layout.face, 1.5, -0.2) - above_forehead
    below_chin = (y - layout.chin_y) / (0.4 * unit)
    prior_cloth = np.where(below_chin > 0, np.minimum(below_chin, 3) - 1.5, -8) + np.zeros_like(layout.face, float)
    likelihood = likelihood.copy()
    # Colours nobody has seen are shine on the forehead, hair (a ribbon) elsewhere above the eyes, and neither below.
    above = y < layout.eye_y
    likelihood[0] = np.where(above & ~layout.forehead, np.logaddexp(likelihood[0], OUTLIER), likelihood[0])
    likelihood[1] = np.where(above & layout.forehead, np.logaddexp(likelihood[1], OUTLIER), likelihood[1])
    below = (y >= layout.eye_y) & ~layout.face
    likelihood[2] = np.where(below, np.logaddexp(likelihood[2], OUTLIER - prior_cloth), likelihood[2])
    score = np.maximum(likelihood + np.stack([prior_hair, prior_skin, prior_cloth]), -40).astype(np.float32)
    score = np.stack([cv2.GaussianBlur(s, (0, 0), 1.2) for s in score])
    score = np.exp(score - score.max(0))
    score = np.stack([cv2.GaussianBlur(s, (0, 0), 1.5) for s in score / score.sum(0)])
    return score / score.sum(0)


def _hair_mask(layout: _Layout, hair: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The hair as one clean region: parts that touch the seeds and are not crumbs, without holes; bool [S,S]."""
    brow_line = layout.eye_y - 0.6 * layout.unit
    mask = (hair > 0.5) & layout.foreground & ~layout.cheeks & ~(layout.features & layout.face & (layout.y > brow_line))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    # Below the eyes a thin line (shadow along the neck) must not tie a dark collar to the hair.
    width = 2 * int(0.07 * layout.unit) + 1
    thick = cv2.morphologyEx(opened, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    opened = np.where(layout.y > layout.eye_y, thick, opened)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    touched = [i for i in np.unique(labels[seeds & (opened > 0)]) if i > 0]
    if not touched:
        return np.zeros_like(mask)
    area = stats[:, cv2.CC_STAT_AREA]
    largest = max(area[i] for i in touched)
    kept = np.isin(labels, [i for i in touched if area[i] > 0.08 * largest])
    filled = np.asarray(ndi.binary_fill_holes(kept)) & layout.foreground & ~layout.face
    return kept | filled


def _crown_is_bare(layout: _Layout, hair_mask: np.ndarray) -> bool:
    """Whether the middle of the head's upper edge is skin: a high forehead has hair behind it, a bare crown has none.

    A head cut off by the picture's edge shows no such edge: not bare.
    """
    if not layout.whole:
        return False
    middle = float(np.flatnonzero(layout.face.any(0)).mean())
    half = CROWN_WIDTH * layout.unit
    columns = np.arange(round(middle - half), round(middle + half))
    person = layout.foreground[:, columns]
    edge = person & (np.cumsum(person, 0) <= CROWN_DEPTH * layout.unit) & (layout.y < layout.top_y)
    return bool(edge.any() and hair_mask[:, columns][edge].mean() < 0.2)


def _hair_at_both_sides(layout: _Layout, hair_mask: np.ndarray) -> bool:
    """Whether what was found beside the face is hair and not skin in shadow.

    Shade takes lightness and redness alike; hair that is not far darker has too little redness for its lightness. (Its
    yellow says nothing: that comes and goes with the lamps.)
    """
    middle = float(np.flatnonzero(layout.face.any(0)).mean())
    width = 2 * int(0.04 * layout.unit) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    found = cv2.morphologyEx(hair_mask.astype(np.uint8), cv2.MORPH_OPEN, ellipse) > 0
    forehead = layout.forehead & ~layout.features & ~hair_mask & (layout.y < layout.eye_y - 0.6 * layout.unit)
    skin = np.median(layout.lab[forehead if forehead.sum() > 400 else layout.cheeks], 0) - [0, 128, 128]
    left = np.arange(hair_mask.shape[1]) < middle
    areas = []
    for side in (found & left, found & ~left):
        lab = layout.lab[side] - [0, 128, 128]
        brightness = lab[:, 0] / skin[0]
        pale = lab[:, 1] < PALE * skin[1] * np.minimum(brightness, 1)
        areas.append(float((pale | (brightness < DARK)).sum() / layout.face.sum()))
    return min(areas) > LEAST_SIDE and sum(areas) > LEAST_SIDES


def _free_face(layout: _Layout, skin: np.ndarray) -> np.ndarray:
    """The face oval; in its outer ring only what has the colour of skin and lies in no deep shadow, bool [S,S]."""
    inner = cv2.erode(layout.face.astype(np.uint8), np.ones((3, 3)), iterations=int(layout.unit * 0.3)) > 0
    lightness = layout.lab[..., 0]
    dark = lightness < DEEP_SHADOW * np.median(lightness[layout.cheeks])
    foreign = layout.face & ~inner & ~layout.features & ((skin < 0.5) | dark)
    around = cv2.dilate(foreign.astype(np.uint8), np.ones((3, 3)), iterations=int(layout.unit * 0.03)) > 0
    return layout.face & ~(around & ~inner)


def _hat_mask(layout: _Layout, hair_mask: np.ndarray) -> np.ndarray:
    """A guess: what lies above the forehead has colours that the hair beside the face has not.

    Natural hair is lit from above, so a top much darker than the sides, or of another hue, speaks for a hat; so does
    a top that is black here and white there.
    """
    none = np.zeros_like(hair_mask)
    crown = hair_mask & (layout.y < layout.top_y) & ~layout.forehead
    sides = hair_mask & (layout.y > layout.eye_y) & (layout.y < layout.chin_y + 0.3 * layout.unit)
    if crown.sum() < 0.05 * layout.face.sum():
        return none
    crown_lab = np.median(layout.lab[crown], 0) - [0, 128, 128]
    odd_color = crown_lab[2] < -9 or crown_lab[1] < -9 or crown_lab[1] > 34
    dark, light = np.percentile(cv2.GaussianBlur(layout.lab[..., 0], (0, 0), 3.0)[crown], (10, 90))
    odd_color = odd_color or light - dark > 140
    if sides.sum() < 0.01 * layout.face.sum():
        return _like_crown(layout, hair_mask, crown) if odd_color else none
    side_lab = np.median(layout.lab[sides], 0) - [0, 128, 128]
    darker_top = side_lab[0] - crown_lab[0] > 50  # 8-bit L: 20 of 100
    other_hue = np.hypot(*(side_lab - crown_lab)[1:]) > 16
    if not (odd_color or darker_top or other_hue):
        return none
    hat = ColorMixture.fit(layout.lab[crown], 4).log_likelihood(layout.lab)
    hair = ColorMixture.fit(layout.lab[sides], 2).log_likelihood(layout.lab)
    height_prior = np.clip((layout.eye_y - layout.y) / (0.4 * layout.unit), -3, 3)
    mask = hair_mask & (cv2.GaussianBlur(hat - hair + height_prior.astype(np.float32), (0, 0), 3.0) > 0)
    return _largest(mask)


def _like_crown(layout: _Layout, hair_mask: np.ndarray, crown: np.ndarray) -> np.ndarray:
    """The part of the mask above the eyes whose colours occur on the crown: a hat without the hair below it."""
    likelihood = ColorMixture.fit(layout.lab[crown], 4).log_likelihood(layout.lab)
    smooth = cv2.GaussianBlur(np.maximum(likelihood, -40), (0, 0), 2.0)
    alike = smooth > np.percentile(smooth[crown], 4)
    return _largest(hair_mask & (layout.y < layout.eye_y) & (alike | crown))


def _largest(mask: np.ndarray) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return mask
    kept = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(ndi.binary_fill_holes(kept))
