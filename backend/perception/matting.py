"""Separate the person from the background: a 256-pixel network, then an edge that follows the picture's own hair."""

from __future__ import annotations

import cv2
import numpy as np

from .networks import matting_network

_INPUT = 256
_ZOOMS = (1.0, 1.12)  # the network looks twice at each scale, once mirrored; its mistakes differ, the person does not
_SURE = (0.3, 0.8)  # network values below and above count as background and person
_BAND = 0.012  # radius of the refined edge, as a part of the picture's longer side
_EPSILON = 1e-4  # guided filter: variance (of values 0..1) below which an area counts as flat
_HAZE = (0.08, 0.94)  # what the filter leaves below and above is haze, not hair
_PLAIN_SHARE = 0.9  # of the rim's pixels that must have one colour for a plain backdrop
_PLAIN_LEVELS = 8  # how far apart (of 255) two pixels of one plain colour may be
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
    backdrop = _plain_backdrop(image)
    if backdrop is not None:
        return _cut_from(backdrop, coarse)
    radius = max(2, round(_BAND * max(image.shape[:2])))
    sure = _stretch(coarse, *_SURE)
    return _stretch(guided_filter(image.astype(np.float32) / 255, sure, radius, _EPSILON), *_HAZE)


def _person(image: np.ndarray) -> np.ndarray:
    """The network's answer, float32 [H,W] 0..1, averaged over scales and mirrorings."""
    height, width = image.shape[:2]
    total = np.zeros((height, width), np.float32)
    for zoom in _ZOOMS:
        # A zoom looks at the same centre from further away, so that nothing of the picture is lost.
        scale = np.array([width, height]) * zoom / _INPUT
        offset = np.array([width, height]) / 2 * (1 - zoom)
        matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
        matrix[:, 2] += scale / 2 - 0.5  # OpenCV puts pixel centres at integers
        blurred = cv2.GaussianBlur(image, (0, 0), 0.4 * max(scale.max(), 1))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        small = cv2.warpAffine(blurred, matrix, (_INPUT, _INPUT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        small = small.astype(np.float32) / 255
        for mirrored in (False, True):
            view = small[:, ::-1] if mirrored else small
            (mask,) = matting_network()(view[None])
            mask = mask.reshape(_INPUT, _INPUT)
            mask = np.ascontiguousarray(mask[:, ::-1] if mirrored else mask)
            total += cv2.warpAffine(
                mask, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
    return np.clip(total / (2 * len(_ZOOMS)), 0, 1)


def _stretch(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values - low) / (high - low), 0, 1).astype(np.float32)


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


def _cut_from(backdrop: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """The matte on a plain backdrop: all that hangs together with the person the network sees, with a soft edge."""
    person = (~backdrop) | (coarse > _CORE)
    _, labels = cv2.connectedComponents(person.astype(np.uint8), connectivity=8)
    seen = np.unique(labels[(coarse > _CORE) & person])
    matte = np.isin(labels, seen[seen > 0]).astype(np.float32)
    # The outermost pixel is blended with the backdrop: it would show as a bright rim.
    return cv2.GaussianBlur(cv2.erode(matte, np.ones((3, 3), np.uint8)), (0, 0), 0.7)


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
