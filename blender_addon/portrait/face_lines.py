"""Lines through the landmarks, by which an artist sees at a glance whether eyes, mouth and outline were found.

Indices into MediaPipe's 478 face landmarks (its canonical face model,
https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/modules/face_geometry/data/canonical_face_model_uv_visualization.png).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

COUNT = 478
_OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_CLOSED = (
    _OUTLINE,
    # lips, outer and inner rim
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191),
    # lids, the right eye's first
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
_OPEN = (
    # brows, the right one's first
    (70, 63, 105, 66, 107),
    (300, 293, 334, 296, 336),
    # nose: bridge and wings
    (168, 6, 197, 195, 5, 4),
    (98, 97, 2, 326, 327),
)
_SEGMENTS = np.array(
    [pair for line in _CLOSED for pair in zip(line, (*line[1:], line[0]))]
    + [pair for line in _OPEN for pair in pairwise(line)]
)


def points_on_lines(landmarks: np.ndarray, spacing: float) -> np.ndarray:
    """Points along the lines, at most ``spacing`` apart.

    Args:
        landmarks: [478,2], pixels.

    Returns:
        [N,2], pixels.
    """
    starts, ends = landmarks[_SEGMENTS[:, 0]], landmarks[_SEGMENTS[:, 1]]
    longest = float(np.linalg.norm(ends - starts, axis=1).max())
    along = np.linspace(0.0, 1.0, max(int(np.ceil(longest / spacing)), 1) + 1)[:, None, None]
    return (starts + along * (ends - starts)).reshape(-1, 2)
