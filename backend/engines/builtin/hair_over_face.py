"""Hair that hangs over the side of the face: the landmarks' oval takes it for cheek."""

from __future__ import annotations

import cv2
import numpy as np

from .color_models import ColorMixture

LEAST_SEEDS = 400  # pixels from which colours of hair or skin are known
FAR_DARKER = 0.55  # of the inner face's lightness; a merely shaded cheek is lighter
CLEARLY = 2.0  # by how much hair must be likelier than skin, log


def hair_over_face(
    lab: np.ndarray, inner: np.ndarray, flanks: np.ndarray, around: np.ndarray, hair: np.ndarray
) -> np.ndarray:
    """Where dark hair covers the flanks of the face, bool [S,S].

    It looks like the hair above, unlike the skin between the eyes, and hangs together with the hair outside the face.
    Hair that is not far darker than the skin is not told from a cheek in shade.

    Args:
        lab: float32 [S,S,3], 8-bit Lab.
        inner: bool [S,S], surely skin. flanks: the face beside the outer corners of the eyes.
        around: the person outside the face. hair: surely hair.
    """
    nothing = np.zeros_like(inner)
    if min(inner.sum(), hair.sum()) < LEAST_SEEDS or not flanks.any():
        return nothing
    as_skin = ColorMixture.fit(lab[inner], 3).log_likelihood(lab)
    as_hair = ColorMixture.fit(lab[hair], 4).log_likelihood(lab)
    dark = lab[..., 0] < FAR_DARKER * np.median(lab[inner, 0])
    alike = dark & (as_hair > as_skin + CLEARLY) & (as_skin < np.percentile(as_skin[inner], 5))
    solid = cv2.GaussianBlur(alike.astype(np.float32), (0, 0), 2.0) > 0.5
    _, labels = cv2.connectedComponents((solid & (flanks | around)).astype(np.uint8))
    of_hair = np.unique(labels[hair])
    return np.isin(labels, of_hair[of_hair > 0]) & flanks
