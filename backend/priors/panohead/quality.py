"""Whether an inversion became a head: measured, compared with limits, and said in words."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ...artifacts import over_white
from ...gaussians.perceptual import Perceptual
from ...perception.landmark_names import LEFT_IRIS, RIGHT_IRIS
from ...perception.landmarks import find_landmarks
from .camera import RADIUS
from .inversion_config import InversionLimits
from .orbit import HeadView

_SHOWN = 127  # alpha above which a pixel shows the head
_MIDDLE = 0.1  # half of the middle's side, of the picture's: where thickness and likeness are measured
_FACE = 0.22  # the same for the face
_COARSE, _FINE = 12.0, 2.0  # pixels: detail lies between
_DRAWN = 8.0  # of 255: the least spread of a face's detail; the four example portraits have 22 to 53


@dataclass(frozen=True)
class InversionMeasures:
    """What :class:`~.inversion_config.InversionLimits` bounds, in the same units.

    Attributes:
        pixel_error: root mean square difference over the head, of values 0..1.
        perceptual: distance to the artist's picture.
        outline: overlap of the rendered outline with the picture's matte.
        coverage: (least, most) part of the picture covered, of reference, front and back.
        thickness: from front to back through the middle, PanoHead's unit; 0 where one of them is missing.
        back_likeness: correlation of front and mirrored back in the face's place.
        face_behind: the landmarker finds a face at the back of the head.
        landmark_error: mean distance over that of the irises; inf where the head has no face, None where the picture
            has none.
    """

    pixel_error: float
    perceptual: float
    outline: float
    coverage: tuple[float, float]
    thickness: float
    back_likeness: float
    face_behind: bool
    landmark_error: float | None


def measure_inversion(
    picture: np.ndarray, reference: HeadView, front: HeadView, back: HeadView, perceptual: Perceptual
) -> InversionMeasures:
    """Measure a head by three views.

    Args:
        picture: the artist's, uint8 [512,512,4] premultiplied RGBA.
        reference: the head as the picture's camera sees it.
        front, back: from azimuth 0 and 180 degrees.
        perceptual: on any device.
    """
    wanted, found = over_white(picture), over_white(reference.image)
    person, head = picture[..., 3] > _SHOWN, reference.image[..., 3] > _SHOWN
    either = person | head
    difference = (wanted[either].astype(np.float32) - found[either]) / 255
    covered = [float((view.image[..., 3] > _SHOWN).mean()) for view in (reference, front, back)]
    return InversionMeasures(
        pixel_error=float(np.sqrt((difference**2).mean())) if either.any() else 1.0,
        perceptual=_distance(found, wanted, perceptual),
        outline=float((person & head).sum() / max(1, either.sum())),
        coverage=(min(covered), max(covered)),
        thickness=_thickness(front, back),
        back_likeness=_likeness(over_white(front.image), over_white(back.image)[:, ::-1]),
        face_behind=_has_face(over_white(back.image)),
        landmark_error=_landmark_error(wanted, found),
    )


def complaints(measures: InversionMeasures, limits: InversionLimits) -> tuple[str, ...]:
    """What is wrong, in words with figures; empty for a good head."""
    found: list[str] = []

    def refuse_above(value: float, limit: float, what: str) -> None:
        if not value <= limit:
            found.append(f"{what} ({value:.2f}, at most {limit:g})")

    def refuse_below(value: float, limit: float, what: str) -> None:
        if not value >= limit:
            found.append(f"{what} ({value:.2f}, at least {limit:g})")

    refuse_above(measures.pixel_error, limits.most_pixel_error, "its colours differ from the picture's")
    refuse_above(measures.perceptual, limits.most_perceptual, "it does not look like the picture")
    refuse_below(measures.outline, limits.least_outline, "its outline is not the picture's")
    refuse_below(measures.coverage[0], limits.coverage[0], "it is too small or not there")
    refuse_above(measures.coverage[1], limits.coverage[1], "it fills the whole view")
    refuse_below(measures.thickness, limits.thickness[0], "it is flat")
    refuse_above(measures.thickness, limits.thickness[1], "it is too deep")
    refuse_above(measures.back_likeness, limits.most_back_likeness, "the back of the head shows the face again")
    if measures.face_behind:
        found.append("there is a face at the back of the head")
    if measures.landmark_error is not None:
        refuse_above(measures.landmark_error, limits.most_landmark_error, "its face is not where the picture's is")
    return tuple(found)


def _distance(image: np.ndarray, other: np.ndarray, perceptual: Perceptual) -> float:
    first, second = (
        torch.from_numpy(cv2.resize(one, (256, 256), interpolation=cv2.INTER_AREA)).to(perceptual.device).float() / 255
        for one in (image, other)
    )
    with torch.no_grad():
        return float(perceptual(first, second))


def _thickness(front: HeadView, back: HeadView) -> float:
    """Both cameras look at the origin from :data:`RADIUS`."""
    nearest = []
    for view in (front, back):
        depth = view.depth[_middle(len(view.depth), _MIDDLE)]
        if np.isfinite(depth).mean() < 0.5:
            return 0.0
        nearest.append(float(np.median(depth[np.isfinite(depth)])))
    return 2 * RADIUS - sum(nearest)


def _has_face(image: np.ndarray) -> bool:
    """Whether a face can be seen. The landmarker alone takes a plain round thing for one now and then."""
    found = find_landmarks(image)
    if found is None:
        return False
    low, high = np.percentile(found.points[:, :2], [10, 90], axis=0).clip(0, len(image)).astype(int)  # inside the rim
    drawn = _detail(image)[low[1] : high[1], low[0] : high[0]]
    return drawn.size > 0 and float(drawn.std()) >= _DRAWN


def _detail(image: np.ndarray) -> np.ndarray:
    """float32 [H,W]: what is neither a shade over the face nor finer than its features, of 0..255."""
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.GaussianBlur(grey, (0, 0), _FINE) - cv2.GaussianBlur(grey, (0, 0), _COARSE)


def _likeness(front: np.ndarray, back: np.ndarray) -> float:
    """Correlation of two pictures' detail in the face's place, -1..1; 0 where one has none."""
    details = [_detail(image)[_middle(len(image), _FACE)].ravel() for image in (front, back)]
    spreads = [float(detail.std()) for detail in details]
    if min(spreads) < 1.0:  # of 255: a plain surface
        return 0.0
    return float(np.corrcoef(details[0], details[1])[0, 1])


def _landmark_error(picture: np.ndarray, rendered: np.ndarray) -> float | None:
    wanted = find_landmarks(picture)
    if wanted is None:
        return None
    found = find_landmarks(rendered)
    if found is None:
        return float("inf")
    apart = np.linalg.norm(wanted.points[LEFT_IRIS[0], :2] - wanted.points[RIGHT_IRIS[0], :2])
    return float(np.linalg.norm(found.points[:, :2] - wanted.points[:, :2], axis=1).mean() / apart)


def _middle(side: int, half: float) -> tuple[slice, slice]:
    """The rows and columns within ``half`` of the side from the middle."""
    part = slice(round(side * (0.5 - half)), round(side * (0.5 + half)))
    return part, part
