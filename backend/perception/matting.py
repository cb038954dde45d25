"""Separate the person from the background: a 256-pixel network, then an edge that follows the picture's own hair."""

from __future__ import annotations

import cv2
import numpy as np

from .networks import matting_network

_INPUT = 256
_ZOOMS = (1.0, 0.9, 0.8)  # the network looks at the whole and nearer at the head, each time also mirrored
_ABOVE = 0.3  # which part of what a nearer look leaves out lies above it
_FEATHER = 0.1  # a nearer look fades out towards its rim
_UNSURE = (0.2, 0.8)  # network values between which the picture's colours decide
_UNSURE_RADIUS = 0.012  # the same applies this near to the edge; radii are parts of the picture's longer side
_COLOR_SIDE = 384  # pixels; colours are told apart on a smaller picture
_COLOR_ROUNDS = 3
_EDGE_RADIUS = 0.008
_EPSILON = 1e-4  # guided filter: variance (of values 0..1) below which an area counts as flat
_HAZE = (0.08, 0.94)  # what the filter leaves below and above is haze, not hair
_PLAIN_SHARE = 0.95  # of the rim's pixels that must have one colour for a plain backdrop
_PLAIN_LEVELS = 8  # how far apart (of 255) two pixels of one plain colour may be
_PLAIN_EXCESS = 0.05  # of the person's area that a plain backdrop may leave where the network sees nobody
_CORE = 0.9


def portrait_matte(image: np.ndarray) -> np.ndarray:
    """Return how much of each pixel is the person: float32 [H,W], 0..1.

    Works best on a crop in which the head fills about half of the picture (the network sees 256 pixels). On a plain
    backdrop, as drawings and cut-out pictures have it, the backdrop's own colour decides instead of the network.

    Args:
        image: uint8 [H,W,3] sRGB.

    Raises:
        AssetError: the network's file is not here and cannot be fetched.
    """
    coarse = _person(image)
    plain = _cut_from_plain_backdrop(image, coarse)
    if plain is not None:
        return plain
    radius = max(2, round(_EDGE_RADIUS * max(image.shape[:2])))
    refined = guided_filter(image.astype(np.float32) / 255, _settled_by_color(image, coarse), radius, _EPSILON)
    return _stretch(refined, *_HAZE)


def _person(image: np.ndarray) -> np.ndarray:
    """The network's answer, float32 [H,W] 0..1, averaged over nearer looks and mirrorings."""
    height, width = image.shape[:2]
    total = np.zeros((height, width), np.float32)
    weights = np.zeros((height, width), np.float32)
    for zoom in _ZOOMS:
        scale = np.array([width, height]) * zoom / _INPUT
        corner = np.array([width / 2, height * _ABOVE]) * (1 - zoom)
        matrix = np.array([[scale[0], 0, corner[0]], [0, scale[1], corner[1]]])
        matrix[:, 2] += scale / 2 - 0.5  # OpenCV puts pixel centres at integers
        blurred = cv2.GaussianBlur(image, (0, 0), 0.4 * max(scale.max(), 1))
        small = cv2.warpAffine(blurred, matrix, (_INPUT, _INPUT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        small = small.astype(np.float32) / 255
        (upright,) = matting_network()(small[None])
        (mirrored,) = matting_network()(small[None, :, ::-1])
        mask = (upright.reshape(_INPUT, _INPUT) + mirrored.reshape(_INPUT, _INPUT)[:, ::-1]) / 2
        weight = _look_weight() if zoom < 1 else np.full((_INPUT, _INPUT), 0.5, np.float32)
        border = cv2.BORDER_CONSTANT if zoom < 1 else cv2.BORDER_REPLICATE
        total += cv2.warpAffine(mask * weight, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
        weights += cv2.warpAffine(weight, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.clip(total / weights, 0, 1)


def _look_weight() -> np.ndarray:
    """float32 [256,256]: 1 inside, falling to 0 at the rim of a nearer look."""
    ramp = np.clip(np.minimum(np.arange(_INPUT), np.arange(_INPUT)[::-1]) / (_FEATHER * _INPUT), 0, 1)
    return np.outer(ramp, ramp).astype(np.float32)


def _settled_by_color(image: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Where the network wavers, and along its edge, let the colours decide (GrabCut; Rother et al. 2004).

    Returns float32 [H,W]: 0, 1, and steps between at the resolution of the smaller picture.
    """
    height, width = coarse.shape
    shrink = min(1.0, _COLOR_SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    guess = cv2.resize(coarse, size, interpolation=cv2.INTER_AREA)
    band = 2 * round(_UNSURE_RADIUS * max(size)) + 1
    kernel = np.ones((band, band), np.uint8)
    person = cv2.erode((guess > _UNSURE[1]).astype(np.uint8), kernel) > 0
    nobody = cv2.erode((guess < _UNSURE[0]).astype(np.uint8), kernel) > 0
    if not person.any() or not nobody.any():
        return coarse
    labels = np.where(guess > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[person], labels[nobody] = cv2.GC_FGD, cv2.GC_BGD
    cv2.setRNGSeed(0)  # GrabCut starts its colour clusters at random
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, (0, 0, 1, 1), background, foreground, _COLOR_ROUNDS, cv2.GC_INIT_WITH_MASK)
    settled = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    settled = np.minimum(settled, _stretch(guess, *_UNSURE))  # colour alone never adds what the network denies
    return cv2.resize(settled, (width, height), interpolation=cv2.INTER_LINEAR)


def _stretch(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values - low) / (high - low), 0, 1).astype(np.float32)


def _cut_from_plain_backdrop(image: np.ndarray, coarse: np.ndarray) -> np.ndarray | None:
    """The matte on a backdrop of one colour: all that hangs together with the person the network sees.

    None when the backdrop is not plain, or when its colour disagrees with the network about what is the person.
    """
    backdrop = _plain_backdrop(image)
    if backdrop is None:
        return None
    person = ~backdrop | (coarse > _CORE)
    _, labels = cv2.connectedComponents(person.astype(np.uint8), connectivity=8)
    seen = np.unique(labels[(coarse > _CORE) & person])
    matte = np.isin(labels, seen[seen > 0])
    if (matte & (coarse < 1 - _CORE)).sum() > _PLAIN_EXCESS * (coarse > 0.5).sum():
        return None
    # The outermost pixel is blended with the backdrop: it would show as a bright rim.
    inner = cv2.erode(matte.astype(np.float32), np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(inner, (0, 0), 0.7)


def _plain_backdrop(image: np.ndarray) -> np.ndarray | None:
    """Where a backdrop of one colour reaches in from the rim (bool [H,W]); None when there is no such backdrop.

    The lower rim does not count: there the body leaves the picture.
    """
    height = image.shape[0]
    upper = slice(0, int(0.6 * height))
    rim = np.concatenate([image[0], image[upper, 0], image[upper, -1]]).astype(np.int16)
    color = np.median(rim, axis=0)
    if (np.abs(rim - color).max(axis=1) <= _PLAIN_LEVELS).mean() < _PLAIN_SHARE:
        return None
    alike = np.abs(image.astype(np.int16) - color).max(axis=2) <= _PLAIN_LEVELS
    _, labels = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    from_rim = np.unique(np.concatenate([labels[0], labels[upper, 0], labels[upper, -1]]))
    return np.isin(labels, from_rim[from_rim > 0])


def guided_filter(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Smooth ``target`` so that its edges follow those of the colour picture ``guide`` (He et al., ECCV 2010, eq. 19).

    In each window the result is the linear function of the guide's colour that fits the target best.

    Args:
        guide: float32 [H,W,3], 0..1.
        target: float32 [H,W].
        radius: half the window, pixels.
        epsilon: ridge on the colour's covariance.

    Returns:
        float32 [H,W], not clipped.
    """
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(values, cv2.CV_64F, size, borderType=cv2.BORDER_REFLECT)

    color, goal = guide.astype(np.float64), target.astype(np.float64)
    mean_color, mean_goal = mean(color), mean(goal)
    covariance = np.empty((*goal.shape, 3, 3))
    for i in range(3):
        for j in range(i, 3):
            value = mean(color[..., i] * color[..., j]) - mean_color[..., i] * mean_color[..., j]
            covariance[..., i, j] = covariance[..., j, i] = value
    correlation = mean(color * goal[..., None]) - mean_color * mean_goal[..., None]
    slope = np.linalg.solve(covariance + epsilon * np.eye(3), correlation[..., None])[..., 0]
    offset = mean_goal - (slope * mean_color).sum(axis=-1)
    return ((mean(slope) * color).sum(axis=-1) + mean(offset)).astype(np.float32)
