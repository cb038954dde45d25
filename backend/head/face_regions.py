"""Which of the landmarker's 478 points lie where on the face (mediapipe's numbering)."""

from __future__ import annotations

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The outline of the face, clockwise in the picture from the forehead."""

RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)
"""The lid margins, closed polygons. Left and right are the subject's."""

LEFT_LID_MIDDLES, RIGHT_LID_MIDDLES = (386, 374), (159, 145)
"""(upper, lower) middle of each eye's lid margins."""

RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)

OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""Closed polygons of the mouth."""

RIGHT_IRIS, RIGHT_IRIS_RING = 468, (469, 470, 471, 472)
LEFT_IRIS, LEFT_IRIS_RING = 473, (474, 475, 476, 477)
UPPER_LIP, LOWER_LIP = 13, 14
"""Inner edges of the lips, middle."""

CHIN, FOREHEAD = 152, 10

CHIN_SKIN = (
    *(32, 140, 148, 149, 150, 152, 169, 170, 171, 175, 176, 194, 199, 200, 201, 208, 211, 262),
    *(369, 377, 378, 379, 394, 395, 396, 400, 418, 421, 428, 431),
)
"""Everything more than 8 mm below the lower lip."""

IBUG_CONTOUR, IBUG_EYES, IBUG_LIPS = range(17), range(36, 48), range(48, 68)
"""Among iBUG's 68 landmarks: the jaw line, whose points move over the skin with the view, lid margins, lips."""

IBUG_INNER = (
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows, along their upper edges
    *(168, 197, 5, 4),  # ridge of the nose
    *(75, 97, 2, 326, 305),  # base of the nose
    *(33, 160, 158, 133, 153, 144),  # right eye: corners, and thirds of the lids
    *(362, 385, 387, 263, 373, 380),  # left eye
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)
"""Which of the 478 points mean what iBUG's 17..67 mean."""
