"""The square round a face that the networks see, and the way back into the picture (LivePortrait, section 3.3).

It follows from landmarks: their bounding box along the face's own axis (eyes to mouth), enlarged, shifted towards the
forehead. Pixel coordinates have centres at half-integers (``conventions.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...perception.landmark_names import FACE_OVAL, LEFT_BROW, LEFT_EYE, LIPS_OUTER, NOSE_TIP, RIGHT_BROW, RIGHT_EYE
from .retargeting import EYES, LIPS

INPUT_SIDE = 256
"""Side of the networks' input."""
CUT_SIDE = 512
"""Side of a cut picture, and of the networks' output."""

# LivePortrait's own 203 landmarks end at the brows and the jaw: of the oval, only what lies below the temples.
_JAW = FACE_OVAL[FACE_OVAL.index(356) : FACE_OVAL.index(127) + 1]
_BOX = (*_JAW, *RIGHT_BROW, *LEFT_BROW, *RIGHT_EYE, *LEFT_EYE, *LIPS_OUTER, NOSE_TIP)


@dataclass(frozen=True)
class CropOptions:
    """How much round a face is seen. The defaults are LivePortrait's for a source."""

    scale: float = 2.3
    """Side of the square in units of the landmarks' larger extent."""
    forehead: float = 0.125
    """Shift towards the forehead in units of the square's side."""
    upright: bool = True
    """Turn the face upright in its plane."""

    @staticmethod
    def of_clip() -> CropOptions:
        """LivePortrait's values for a driving clip."""
        return CropOptions(scale=2.2, forehead=0.1, upright=False)


@dataclass(frozen=True)
class FaceCrop:
    """A similarity from the picture to a square of ``side`` pixels: ``matrix`` float64 [2,3], pixels to pixels."""

    matrix: np.ndarray
    side: int

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """Points [...,2] of the picture in the square."""
        return points @ self.matrix[:, :2].T + self.matrix[:, 2]

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points [...,2] of the square in the picture."""
        return (points - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T


def face_crop(landmarks: np.ndarray, options: CropOptions | None = None, side: int = CUT_SIDE) -> FaceCrop:
    """The square for one face from the landmarker's 478 points [478,2 or more], pixels of the picture."""
    options = options or CropOptions()
    right, down = _axes(landmarks)
    centre, size = _square(landmarks, right, down, options)
    axes = np.stack([right, down]) if options.upright else np.eye(2)
    return _crop(axes, centre, size, side)


def clip_crop(landmarks: np.ndarray, options: CropOptions | None = None, side: int = CUT_SIDE) -> FaceCrop:
    """One square for all frames of a clip, the mean of theirs, from landmarks [T,478,2 or more].

    A square for each frame would follow the head and hide its motion, and tremble with the landmarks.
    """
    options = options or CropOptions.of_clip()
    squares = [_square(frame, *_axes(frame), options) for frame in landmarks]
    centre = np.mean([centre for centre, _ in squares], 0)
    return _crop(np.eye(2), centre, float(np.mean([size for _, size in squares])), side)


def cut(image: np.ndarray, crop: FaceCrop, side: int = INPUT_SIDE) -> np.ndarray:
    """The square of ``image`` (uint8 [H,W,C]) as the networks want it: float32 [C,side,side] 0..1; outside is 0."""
    square = cv2.warpAffine(image, _of_indices(crop.matrix), (crop.side, crop.side), flags=cv2.INTER_LINEAR)
    small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.moveaxis(small, 2, 0), np.float32) / 255


def paste(frame: np.ndarray, crop: FaceCrop, image: np.ndarray, border: float = 0.1) -> np.ndarray:
    """``image`` (uint8 [H,W,C]) with ``frame`` (float [C,S,S] 0..1) in its square; uint8 [H,W,C].

    ``border`` is the width of the soft edge, in units of the square's side. Premultiplied RGBA may be pasted, too.
    """
    frame = _no_finer(np.ascontiguousarray(np.moveaxis(frame, 0, 2), np.float32), crop)
    side = frame.shape[1]
    back = cv2.invertAffineTransform(_of_indices(crop.matrix * (side / crop.side)))
    height, width = image.shape[:2]
    colour = cv2.warpAffine(frame, back, (width, height), borderMode=cv2.BORDER_REPLICATE)
    weight = cv2.warpAffine(_soft_edge(side, border), back, (width, height))[..., None]
    mixed = weight * colour * 255 + (1 - weight) * image
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _no_finer(frame: np.ndarray, crop: FaceCrop) -> np.ndarray:
    """``frame`` [S,S,C] shrunk by area to about the picture's own pixels, where it has more of them."""
    in_picture = round(crop.side / float(np.linalg.norm(crop.matrix[0, :2])))
    if in_picture >= frame.shape[0]:
        return frame
    return cv2.resize(frame, (max(1, in_picture),) * 2, interpolation=cv2.INTER_AREA)


def _axes(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The face's unit axes in the picture, towards the image's right and down."""
    eyes = np.mean([landmarks[list(eye), :2].mean(0) for eye in EYES], 0)
    down = landmarks[list(LIPS[2:]), :2].mean(0) - eyes
    length = np.linalg.norm(down)
    down = down / length if length > 1e-3 else np.array([0.0, 1.0])  # a face seen from above or below
    return np.array([down[1], -down[0]]), down


def _square(
    landmarks: np.ndarray, right: np.ndarray, down: np.ndarray, options: CropOptions
) -> tuple[np.ndarray, float]:
    """Centre [2] and side of the square, in pixels of the picture."""
    axes = np.stack([right, down])
    along = landmarks[list(_BOX), :2] @ axes.T
    low, high = along.min(0), along.max(0)
    size = float((high - low).max()) * options.scale
    return (low + high) / 2 @ axes - options.forehead * size * down, size


def _crop(axes: np.ndarray, centre: np.ndarray, size: float, side: int) -> FaceCrop:
    linear = side / size * axes
    return FaceCrop(np.column_stack([linear, side / 2 - linear @ centre]), side)


def _of_indices(matrix: np.ndarray) -> np.ndarray:
    """The same map for OpenCV, whose pixel centres are at integers."""
    shift = matrix[:, :2] @ [0.5, 0.5] + matrix[:, 2] - 0.5
    return np.column_stack([matrix[:, :2], shift])


def _soft_edge(side: int, border: float) -> np.ndarray:
    """Weights float32 [side,side]: 1 inside, falling smoothly to 0 at the edges over ``border`` of the side."""
    centres = (np.arange(side) + 0.5) / side
    ramp = np.clip(np.minimum(centres, 1 - centres) / border, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.outer(ramp, ramp).astype(np.float32)
