"""What a request would see in its picture: the portrait stage alone, told to the artist before minutes are spent."""

from __future__ import annotations

import cv2
import numpy as np

from ...protocol.messages import Examine, Examined, FaceBox, Remark
from ..perception.angles import head_angles
from ..perception.sharpness import face_blur
from .portrait import face_height, prepare_portrait
from .presets import preset_for

_SHOWN = 384  # pixels of a side; the panel shows no more


def examine(question: Examine) -> Examined:
    """Prepare the portrait as a job would.

    Raises:
        CameoError: as a job's portrait stage; ``request.*`` for a wrong preset or option.
    """
    request = question.request
    preset = preset_for(request.preset, request.options, request.engine)
    portrait = prepare_portrait(request.image.tobytes(), preset.portrait, face=request.face)
    size = min(_SHOWN, len(portrait.image))
    angles = head_angles(portrait.landmarks)
    scale = float(np.sqrt(np.linalg.det(portrait.crop[:, :2])))
    return Examined(
        job=question.job,
        width=portrait.source_size[0],
        height=portrait.source_size[1],
        faces=tuple(FaceBox(*map(float, box)) for box in portrait.face_boxes),
        chosen=request.face or 0,
        crop=portrait.crop,
        image=cv2.resize(portrait.image, (size, size), interpolation=cv2.INTER_AREA),
        matte=cv2.resize((255 * portrait.matte).astype(np.uint8), (size, size), interpolation=cv2.INTER_AREA),
        landmarks=(portrait.landmarks[:, :2] * (size / len(portrait.image))).astype(np.float32),
        yaw_deg=angles.yaw,
        pitch_deg=angles.pitch,
        roll_deg=angles.roll,
        face_height=face_height(portrait.landmarks) / scale,
        blur=face_blur(portrait.image, portrait.landmarks),
        remarks=tuple(Remark(code, sentence) for code, sentence in portrait.warnings),
    )
