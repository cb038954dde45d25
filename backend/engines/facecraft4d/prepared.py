"""Stage 0 of the engine: the portrait as PanoHead wants it (FaceCraft4D section 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...artifacts import Portrait
from ...head.fitting import fit_head
from ...head.model import HeadModel
from ...priors.panohead.camera import SIZE, label_of
from ...priors.panohead.portrait import PanoHeadCrop, face_square, inner_landmarks, panohead_crop
from .prepared_config import PreparedConfig

_FINER = 2  # the cut is sampled this much finer and averaged, as published
Remark = tuple[str, str]  # code and sentence


@dataclass(frozen=True)
class PreparedPortrait:
    """The artist's picture in PanoHead's square, without its background.

    Attributes:
        image: uint8 [512,512,4] premultiplied RGBA.
        label: float32 [25], PanoHead's camera that sees the head as ``image`` does (``priors/panohead/camera.py``).
        azimuth_deg: orbit yaw of that camera, degrees.
        crop: float64 [2,3], pixel of ``Portrait.image`` -> pixel of ``image``.
        warnings: codes and sentences for the artist.
    """

    image: np.ndarray
    label: np.ndarray
    azimuth_deg: float
    crop: np.ndarray
    warnings: tuple[Remark, ...] = ()


def prepare(portrait: Portrait, config: PreparedConfig, model: HeadModel) -> PreparedPortrait:
    """Cut ``portrait`` as PanoHead's training pictures are cut; the camera is that of our own head fit.

    Raises:
        StageError: ``fit.failed`` when the landmarks do not look like a face.
    """
    fit = fit_head(portrait, model)
    crop = panohead_crop(face_square(inner_landmarks(portrait.landmarks)), fit.camera)
    alpha = _cut(portrait.matte, crop.transform).clip(0, 1)
    color = _cut(portrait.image.astype(np.float32), crop.transform).clip(0, 255)
    rgba = np.concatenate([color * alpha[..., None], 255 * alpha[..., None]], axis=-1)
    place = np.linalg.inv(crop.camera.viewmat)[:3, 3]
    azimuth = float(np.rad2deg(np.arctan2(place[0], place[2])))
    pitch = float(np.rad2deg(np.arctan2(place[1], np.hypot(place[0], place[2]))))
    return PreparedPortrait(
        image=np.round(rgba).astype(np.uint8),
        label=label_of(crop.camera),
        azimuth_deg=azimuth,
        crop=crop.transform,
        warnings=_warnings(crop, azimuth, pitch, config),
    )


def _cut(image: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """Resample float32 [H,W] or [H,W,3] into PanoHead's square; the border is repeated outside."""
    finer = transform * _FINER
    finer[:, 2] += finer[:, :2] @ np.full(2, 0.5) - 0.5  # OpenCV puts pixel centres at integers
    large = cv2.warpAffine(
        image, finer, (SIZE * _FINER,) * 2, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def _warnings(crop: PanoHeadCrop, azimuth: float, pitch: float, config: PreparedConfig) -> tuple[Remark, ...]:
    found: list[Remark] = []
    if abs(azimuth) > config.most_yaw_deg:
        sentence = f"The head is turned by {abs(azimuth):.0f} degrees; the side that is not seen will be guessed."
        found.append(("panohead.turned", sentence))
    if abs(pitch) > config.most_pitch_deg:
        direction = "from below" if pitch < 0 else "from above"
        sentence = f"The head is seen {abs(pitch):.0f} degrees {direction}; its shape may come out wrong."
        found.append(("panohead.tilted", sentence))
    low, high = config.scale_range
    if not low <= crop.scale <= high or crop.shift > config.most_shift:
        sentence = "The head's proportions are far from a photographed person's; its shape may come out wrong."
        found.append(("panohead.unusual_head", sentence))
    return tuple(found)
