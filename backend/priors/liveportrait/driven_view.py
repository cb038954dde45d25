"""A driven frame back in its view: at the view's size, with a soft border, and with an outline that moved along.

The networks know no transparency: they see the view over white and answer over white. Where the jaw went down there is
skin over what was empty, where a cheek went in there is white over what was skin. Both are told by comparing the frame
with the same view's frame at rest, so that what the networks always do to a picture does not count as motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .crop import INPUT_SIDE, FaceCrop, cut, paste

_EMPTY, _FULL = 0.04, 0.16
"""How far from white (0..1, the darkest channel) a pixel is still background, and from where on it is all person."""
_REACH = 0.08
"""Skin appears at most this far outside the outline at rest, in units of the square's side: a wide open jaw's way."""
_RIM = 0.02
"""Up to this far inside the outline networks mix white into the person, in units of the square's side."""
_COVERED = 0.5
"""A pixel keeps its alpha as long as the frame shows at least this part of the person that it should."""
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class DrivenView:
    """One view: ``image`` uint8 [H,W,4] premultiplied, and the square of it that is driven."""

    image: np.ndarray
    crop: FaceCrop

    def source(self) -> np.ndarray:
        """What the networks see: float32 [3,256,256] 0..1, over white."""
        rgba = cut(self.image, self.crop, INPUT_SIDE)
        return rgba[:3] + (1 - rgba[3])

    def with_frame(self, frame: np.ndarray, still: np.ndarray, border: float) -> np.ndarray:
        """The view, uint8 [H,W,4] premultiplied, showing ``frame``.

        Args:
            frame: float [3,S,S] 0..1 over white. still: the frame without motion.
            border: width of the soft edge, in units of the square's side.
        """
        alpha = moved_alpha(cut(self.image, self.crop, frame.shape[1])[3], still, frame)
        share = _share_of_person(frame, alpha)
        color = 1 - (1 - frame) / np.maximum(share, _LEAST_SHARE)  # what is left when the white is taken out
        alpha = alpha * np.clip(share / np.maximum(_COVERED * alpha, _LEAST_SHARE), 0, 1)
        return paste(np.concatenate([np.clip(color, 0, 1) * alpha, alpha[None]]), self.crop, self.image, border)


def moved_alpha(alpha: np.ndarray, still: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Alpha float32 [S,S] of ``frame`` [3,S,S], whose view has ``alpha`` [S,S] and shows ``still`` without motion."""
    side = len(alpha)
    now = _person(frame)
    change = now - _person(still)
    reachable = _grown(alpha > 0.5, _REACH * side)
    gone = _grown(_outside(now < 0.5, alpha < 0.05), 2)
    change = np.where((change > 0) & reachable | (change < 0) & gone, change, 0)
    moved = np.clip(alpha + change, 0, 1)
    covered = _grown(change > 0.5, _RIM * side)  # the soft outline at rest is no outline where skin lies on both sides
    moved = np.where(covered, np.maximum(moved, now), moved)
    return moved.astype(np.float32)


def _share_of_person(frame: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """How much of each pixel of ``frame`` [3,S,S] is person and not white, float32 [S,S]; 1 away from the outline.

    Told by the colour of the nearest pixel that is safely inside; where that is nearly white, nothing can be told.
    """
    inside = ~_grown(alpha < 0.5, _RIM * len(alpha))
    if not inside.any():
        return np.ones_like(alpha)
    darkness = 1 - frame
    _, found = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label = np.asarray(found, np.int32)
    of_label = np.zeros((3, label.max() + 1), np.float32)
    of_label[:, label[inside]] = darkness[:, inside]
    pure = of_label[:, label]
    strength = (pure * pure).sum(0)
    share = np.clip((darkness * pure).sum(0) / np.maximum(strength, 1e-6), 0, 1)
    return np.where(inside | (strength < 3 * _FULL**2), 1, share).astype(np.float32)


def _person(frame: np.ndarray) -> np.ndarray:
    """How much of each pixel is not white, [S,S] 0..1."""
    return np.clip(((1 - frame.min(0)) - _EMPTY) / (_FULL - _EMPTY), 0, 1)


def _outside(empty: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The part of ``empty`` that hangs together with what was empty ``before``: teeth and eyes are white, too."""
    count, found = cv2.connectedComponents(empty.astype(np.uint8), connectivity=4)
    labels = np.asarray(found, np.int32)
    touched = np.zeros(count, bool)
    touched[labels[empty & before]] = True
    return touched[labels]


def _grown(mask: np.ndarray, pixels: float) -> np.ndarray:
    """``mask`` and what is within ``pixels`` of it."""
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance <= pixels
