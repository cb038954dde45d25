"""Does a render show the same person as the photo? The cosine between face embeddings says.

For evaluation only, nothing is trained on it. The network is ``fr_feature.onnx`` of ``weights.registry`` (ArcFace-like,
512-d). On real photos the same person gives .5 to .9, different people mostly less than .2.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from ..perception.landmark_names import (
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    NOSE_TIP,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
)
from ..weights.fetch import asset_path

_SIZE = 112
# Where the network was trained to see right eye, left eye, nose tip and mouth corners (subject's sides), pixels.
_REFERENCE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def face_embedding(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the unit embedding float32 [512] of the face at ``points`` in ``image``.

    Args:
        image: uint8 [H,W,3] sRGB.
        points: float [478,3] landmarks in its pixels.

    Raises:
        AssetError: the network cannot be fetched.
    """
    aligned = align_face(image, points).astype(np.float32)
    blob = ((aligned - 127) / 128).transpose(2, 0, 1)[None]
    network = _network()
    network.setInput(np.ascontiguousarray(blob))
    embedding = network.forward().ravel()
    return (embedding / np.linalg.norm(embedding)).astype(np.float32)


def identity_cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of two embeddings of :func:`face_embedding`, -1..1."""
    return float(np.dot(a, b))


def align_face(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Cut uint8 [112,112,3] in which eyes, nose and mouth lie where the network expects them."""
    five = np.stack(
        [
            points[list(RIGHT_EYE), :2].mean(axis=0),
            points[list(LEFT_EYE), :2].mean(axis=0),
            points[NOSE_TIP, :2],
            points[RIGHT_MOUTH_CORNER, :2],
            points[LEFT_MOUTH_CORNER, :2],
        ]
    ).astype(np.float64)
    matrix = _similarity(five - 0.5, _REFERENCE)
    scale = np.hypot(*matrix[0, :2])
    if scale < 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / scale)
    return cv2.warpAffine(image, matrix, (_SIZE, _SIZE), flags=cv2.INTER_LINEAR)


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares rotation, scale and translation [2,3] from ``source`` [N,2] to ``target`` [N,2], no mirroring."""
    s, t = source - source.mean(axis=0), target - target.mean(axis=0)
    # In the plane a similarity is one complex number: minimise |a s - t|.
    s_complex, t_complex = s[:, 0] + 1j * s[:, 1], t[:, 0] + 1j * t[:, 1]
    a = np.vdot(s_complex, t_complex) / np.vdot(s_complex, s_complex)
    linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
    return np.concatenate([linear, (target.mean(axis=0) - linear @ source.mean(axis=0))[:, None]], axis=1)


@lru_cache(maxsize=1)
def _network() -> cv2.dnn.Net:
    return cv2.dnn.readNetFromONNX(str(asset_path("fr_feature.onnx")))
