"""Stage 0: from any picture to a :class:`Portrait`, a square crop round one face with matte and landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..artifacts import Portrait
from ..config import PortraitConfig
from ..errors import PortraitError
from ..perception.angles import head_angles
from ..perception.landmark_names import CHIN, NOSE_TIP
from ..perception.landmarks import FaceLandmarks, settle_landmarks
from ..perception.matting import portrait_matte
from ..perception.occlusion import occlusion_warnings
from ..perception.picture import Picture, read_picture
from ..perception.search import search_faces
from ..perception.sharpness import blur_warnings
from ..progress import Reporter, SilentReporter
from ..weights.fetch import asset_path

_TOUCHING = 0.1  # parts of the matte hang together where it is above this
_HIGHER = 0.4  # what a pixel up or down counts against one to the side when two people share a picture
Remark = tuple[str, str]  # code and sentence


@dataclass(frozen=True)
class _Found:
    """The chosen face in the source picture, all faces, and what there is to say about the choice."""

    landmarks: FaceLandmarks
    faces: tuple[FaceLandmarks, ...]
    warnings: tuple[Remark, ...]


def prepare_portrait(
    source: str | Path | bytes,
    config: PortraitConfig | None = None,
    reporter: Reporter | None = None,
    *,
    face: int | None = None,
) -> Portrait:
    """Decode a picture, find the face and cut the crop that every engine starts from.

    Args:
        source: path of a PNG, JPEG or WebP file, or its bytes.
        face: which face to take where there are several, counted from the largest (0); None takes the largest and
            warns.

    Raises:
        PortraitError: the codes of :func:`~..perception.picture.read_picture`, and ``portrait.no_face``,
            ``.no_such_face``, ``.face_too_small``, ``.profile``.
        AssetError: a network's file is missing and cannot be fetched.
    """
    config = config or PortraitConfig()
    reporter = reporter or SilentReporter()
    reporter.progress(0.0, "reading the picture")
    picture = read_picture(source, max_bytes=config.max_bytes, max_pixels=config.max_pixels)
    for name in ("face_landmarker.task", "selfie_segmenter.tflite"):
        asset_path(name, reporter)  # the first time they are fetched, and the artist sees it
    reporter.progress(0.2, "looking for the face")
    found = _choose_face(picture.rgb, config, face)
    crop = crop_transform(found.landmarks.points, config)
    image = cut_crop(picture.rgb, crop, config.size)
    inside = inside_mask(crop, picture.rgb.shape[:2], config.size)
    reporter.progress(0.6, "separating head and background")
    expected = _mapped(found.landmarks, crop)
    landmarks = settle_landmarks(image, expected.points) or expected
    neighbours = [_mapped(other, crop).points for other in found.faces if other is not found.landmarks]
    matte = _matte(image, picture, crop, landmarks.points, neighbours)
    reporter.preview(image)
    height, width = picture.rgb.shape[:2]
    reporter.progress(1.0)
    return Portrait(
        image=image,
        matte=matte,
        inside=inside,
        landmarks=landmarks.points,
        blendshapes=landmarks.blendshapes,
        crop=crop,
        source_size=(width, height),
        warnings=(
            *picture.warnings,
            *found.warnings,
            *blur_warnings(image, landmarks.points),
            *occlusion_warnings(image, landmarks.points),
        ),
        face_boxes=np.stack([_box(one.points) for one in found.faces]),
    )


def crop_transform(points: np.ndarray, config: PortraitConfig) -> np.ndarray:
    """Return float64 [2,3], source pixel -> crop pixel, that puts the face where the engines expect it.

    The face's height takes ``config.face_fraction`` of the crop. A head that lies on its side is turned upright.
    """
    roll = head_angles(points).roll
    turn = -np.radians(roll) if abs(roll) > config.upright_roll_deg else 0.0
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    upright = points[:, :2] @ rotation.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    height = high[1] - low[1]
    center = (low + high) / 2 + (config.shift_fraction * height, -config.raise_fraction * height)
    scale = config.face_fraction * config.size / height
    linear = scale * rotation
    return np.concatenate([linear, (config.size / 2 - scale * center)[:, None]], axis=1)


def cut_crop(image: np.ndarray, crop: np.ndarray, size: int) -> np.ndarray:
    """Resample ``image`` ([H,W] or [H,W,3], uint8 or float32) into the square crop of ``size`` pixels.

    Outside the picture its border pixels are repeated. A large picture is shrunk and blurred to the crop's resolution
    first, so that nothing aliases.
    """
    scale = float(np.sqrt(np.linalg.det(crop[:, :2])))
    corners = np.array([[0, size, size, 0], [0, 0, size, size]], float)
    in_source = np.linalg.solve(crop[:, :2], corners - crop[:, 2:])
    margin = 4 / min(scale, 1)
    low = np.clip(np.floor(in_source.min(axis=1) - margin), 0, np.array(image.shape[1::-1]) - 1).astype(int)
    high = np.ceil(in_source.max(axis=1) + margin).astype(int)
    part = image[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    pixel = np.ones(2)  # source pixels per pixel of the part
    if scale < 0.5:
        shrunk = max(1, int(part.shape[1] * 2 * scale)), max(1, int(part.shape[0] * 2 * scale))
        pixel = np.array(part.shape[1::-1]) / shrunk
        part = cv2.resize(part, shrunk, interpolation=cv2.INTER_AREA)
    linear = crop[:, :2] * pixel
    if scale * pixel.mean() < 1:
        part = cv2.GaussianBlur(part, (0, 0), 0.4 / (scale * pixel.mean()))
    # From the part's pixels; OpenCV puts pixel centres at integers, we at half-integers.
    offset = crop[:, :2] @ low + crop[:, 2] + linear @ np.full(2, 0.5) - 0.5
    matrix = np.concatenate([linear, offset[:, None]], axis=1)
    flags = cv2.INTER_CUBIC if image.dtype == np.uint8 else cv2.INTER_LINEAR
    return cv2.warpAffine(part, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def inside_mask(crop: np.ndarray, shape: tuple[int, int], size: int) -> np.ndarray:
    """Return float32 [size,size]: 1 where the crop shows pixels of a picture of ``shape`` (H, W), 0 beyond it."""
    centers = np.arange(size) + 0.5
    x, y = np.meshgrid(centers, centers)
    to_source = np.linalg.inv(crop[:, :2])
    source_x, source_y = np.tensordot(to_source, np.stack([x, y]) - crop[:, 2, None, None], axes=1)
    to_border = np.minimum.reduce([source_x, shape[1] - source_x, source_y, shape[0] - source_y])
    scale = np.sqrt(np.linalg.det(crop[:, :2]))
    return np.clip(to_border * scale + 0.5, 0, 1).astype(np.float32)


def _choose_face(rgb: np.ndarray, config: PortraitConfig, face: int | None) -> _Found:
    faces = search_faces(rgb)
    if not faces:
        raise PortraitError(
            "portrait.no_face",
            "No face was found in the picture.",
            cause="nothing in it looks like a face seen from the front or half from the side",
            fix="Choose a picture in which both eyes can be seen, or cut out the head so that it fills the picture.",
        )
    if face is not None and not 0 <= face < len(faces):
        raise PortraitError(
            "portrait.no_such_face",
            f"There is no face number {face} in the picture.",
            cause=f"{len(faces)} found",
            fix="Choose a smaller number; faces are counted from the largest, which is 0.",
        )
    chosen = faces[face or 0]
    height = face_height(chosen.points)
    _require_usable(chosen, height, config)
    return _Found(chosen, tuple(faces), tuple(_choice_warnings(faces, face, height, config)))


def face_height(points: np.ndarray) -> float:
    """Height of the landmarks' box in the head's own upright direction, pixels."""
    roll = np.radians(head_angles(points).roll)
    return float(np.ptp(points[:, 1] * np.cos(roll) - points[:, 0] * np.sin(roll)))


def _require_usable(face: FaceLandmarks, height: float, config: PortraitConfig) -> None:
    if height < config.min_face_pixels:
        raise PortraitError(
            "portrait.face_too_small",
            f"The face is only {height:.0f} pixels high.",
            cause=f"at least {config.min_face_pixels} pixels are needed",
            fix="Use a larger version of the picture or one taken from nearer.",
        )
    yaw = head_angles(face.points).yaw
    if abs(yaw) > config.max_yaw_deg:
        raise PortraitError(
            "portrait.profile",
            "The face is seen from the side.",
            cause=f"it is turned by about {abs(yaw):.0f} degrees; up to {config.max_yaw_deg:.0f} can be used",
            fix="Choose a picture in which both eyes can be seen well.",
        )


def _choice_warnings(
    faces: list[FaceLandmarks], face: int | None, height: float, config: PortraitConfig
) -> list[Remark]:
    warnings = []
    if len(faces) > 1 and face is None:
        nose = [landmarks.points[NOSE_TIP] for landmarks in faces]
        places = ", ".join(f"{number} at ({x:.0f}, {y:.0f})" for number, (x, y, _) in enumerate(nose))
        sentence = f"{len(faces)} faces were found; the largest (number 0) was taken. By number and pixel: {places}."
        warnings.append(("portrait.several_faces", sentence))
    if height < config.low_resolution_pixels:
        sentence = f"The face is only {height:.0f} pixels high; fine detail will be missing."
        warnings.append(("portrait.low_resolution", sentence))
    return warnings


def _matte(
    image: np.ndarray, picture: Picture, crop: np.ndarray, points: np.ndarray, neighbours: list[np.ndarray]
) -> np.ndarray:
    """The person's matte; where the picture brought transparency, never more than that.

    Args:
        points: [478,3] landmarks in the crop. neighbours: those of the other people.
    """
    matte = portrait_matte(image)
    if picture.alpha is not None:
        matte = np.minimum(matte, cut_crop(picture.alpha, crop, len(image)))
    return _without_bystanders(_without_neighbours(matte, points, neighbours), points)


def _without_neighbours(matte: np.ndarray, points: np.ndarray, neighbours: list[np.ndarray]) -> np.ndarray:
    """Clear what is nearer to another face, measured in that face's size. People are higher than wide."""
    y, x = np.mgrid[0 : len(matte), 0 : len(matte)] + 0.5

    def away_from(face: np.ndarray) -> np.ndarray:
        center = face[:, :2].mean(0)
        return np.hypot(x - center[0], _HIGHER * (y - center[1])) / face_height(face)

    own = away_from(points)
    for neighbour in neighbours:
        matte = np.where(away_from(neighbour) < own, 0, matte)
    return matte.astype(np.float32)


def _without_bystanders(matte: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Clear what stands beside the head without touching it: somebody else's head, a lamp."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((matte > _TOUCHING).astype(np.uint8))
    xy = np.clip(points[:, :2].astype(int), 0, len(matte) - 1)
    own = np.unique(labels[xy[:, 1], xy[:, 0]])
    chin = points[CHIN, 1]
    strange = [n for n in range(1, count) if n not in own and stats[n, cv2.CC_STAT_TOP] < chin]
    return np.where(np.isin(labels, strange), 0, matte).astype(np.float32)


def _box(points: np.ndarray) -> np.ndarray:
    """float32 [4]: x0, y0, x1, y1 of landmarks."""
    return np.concatenate([points[:, :2].min(0), points[:, :2].max(0)]).astype(np.float32)


def _mapped(landmarks: FaceLandmarks, crop: np.ndarray) -> FaceLandmarks:
    """Landmarks of the source carried into the crop."""
    scale = np.sqrt(np.linalg.det(crop[:, :2]))
    xy = landmarks.points[:, :2] @ crop[:, :2].T + crop[:, 2]
    points = np.concatenate([xy, landmarks.points[:, 2:] * scale], axis=1).astype(np.float32)
    return FaceLandmarks(points, landmarks.blendshapes, landmarks.presence)
