"""One head seen in one picture: landmark errors, their derivatives, and how wrong landmarks are kept out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..artifacts import Camera
from .fit_state import Moment, Person, pose_of
from .landmark_rig import LandmarkRig


@dataclass(frozen=True)
class Outline:
    """What a picture shows of a person's edge.

    Attributes:
        person: bool [H,W], the matte.
        skin: bool [H,W], where the person shows skin: hair, jewels and clothes may stand out from the head.
    """

    person: np.ndarray
    skin: np.ndarray


@dataclass(frozen=True)
class SkinSurface:
    """Where skin is in the world, as depth tells it: ``points`` float64 [P,3], ``normals`` [P,3] unit, outwards."""

    points: np.ndarray
    normals: np.ndarray


@dataclass(frozen=True)
class Sight:
    """The landmarks of the head in one picture.

    Attributes:
        points: float [K,2] pixels, in the order of the landmark embedding; rows that are not finite were not found.
        camera: calibrated, or a guess whose focal length is fitted, too.
        moment: index of the moment the picture shows; pictures of one moment show one expression.
        scores: the landmarker's expression scores (ARKit names), if any.
        outline: the person's edge, which tells what landmarks do not (skull, ears, neck); for calibrated cameras.
        surface: the skin of this moment as depth tells it; one sight of a moment brings it, for calibrated cameras.
    """

    points: np.ndarray
    camera: Camera
    moment: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
    outline: Outline | None = None
    surface: SkinSurface | None = None


@dataclass(frozen=True)
class SightTerm:
    """The landmark term of one sight.

    Attributes:
        rig: of the landmarks.
        points: float64 [K,2] pixels. weights: [K], 0 where a landmark is missing.
        rotation, translation: world to camera. focal: [2] pixels. center: [2] pixels.
        per_pixel: per cent of the distance between the eyes that a pixel is; errors are in per cent.
        measure: [K,2,2], by which errors are multiplied: of points on a line without marks it keeps little of what runs
            along the line. None for identities.
    """

    rig: LandmarkRig
    points: np.ndarray
    weights: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    focal: np.ndarray
    center: np.ndarray
    per_pixel: float
    measure: np.ndarray | None = None

    def error(self, person: Person, moment: Moment) -> np.ndarray:
        """[K,2] per cent."""
        return self.error_of(self._points(person, moment), person, moment)

    def pixels(self, person: Person, moment: Moment) -> np.ndarray:
        """Where the landmarks are seen, [K,2]."""
        return self._pixels_of(self._local(self._points(person, moment), person, moment), person)

    def error_of(self, points: np.ndarray, person: Person, moment: Moment) -> np.ndarray:
        """[K,2] per cent of landmarks whose places ``points`` [K,3] in the head frame are known already."""
        return self._error_at(self._pixels_of(self._local(points, person, moment), person))

    def slopes(self, points: np.ndarray, person: Person, moment: Moment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Error [K,2] of landmarks at ``points`` [K,3] (head frame), and its derivatives.

        Returns:
            The error, its derivative [K,2,3] by the landmark's place in the world, and [K,2] by ``log_focal``.
        """
        local = self._local(points, person, moment)
        depth = np.maximum(local[:, 2], 1e-6)
        focal = self.focal * np.exp(person.log_focal) * self.per_pixel
        view = np.zeros((len(points), 2, 3))
        view[:, [0, 1], [0, 1]] = focal / depth[:, None]
        view[:, :, 2] = -focal * local[:, :2] / depth[:, None] ** 2
        by_focal = self._measured((focal * local[:, :2] / depth[:, None])[..., None])[..., 0]
        error = self._error_at(self._pixels_of(local, person))
        return error, self._measured(view) @ self.rotation, by_focal

    def _points(self, person: Person, moment: Moment) -> np.ndarray:
        return self.rig.positions(person.betas[: self.rig.betas], moment.units, pose_of(moment.angles))

    def _local(self, points: np.ndarray, person: Person, moment: Moment) -> np.ndarray:
        """From the head frame to the camera's, [K,3]."""
        world = np.exp(person.log_scale) * points @ moment.rotation.T + moment.translation
        return world @ self.rotation.T + self.translation

    def _pixels_of(self, local: np.ndarray, person: Person) -> np.ndarray:
        depth = np.maximum(local[:, 2:], 1e-6)
        return local[:, :2] / depth * self.focal * np.exp(person.log_focal) + self.center

    def _error_at(self, pixels: np.ndarray) -> np.ndarray:
        error = np.where(self.weights[:, None] > 0, (pixels - self.points) * self.per_pixel, 0)
        return self._measured(error[..., None])[..., 0]

    def _measured(self, values: np.ndarray) -> np.ndarray:
        """[K,2,n] errors or derivatives as they count."""
        return values if self.measure is None else self.measure @ values


def camera_from_head(camera: Camera, rotation: np.ndarray, translation: np.ndarray, scale: float) -> Camera:
    """``camera`` with the frame of a head as the world; lengths in metres, pixels unchanged.

    Args:
        rotation, translation, scale: from the head's frame to the camera's world.
    """
    R, t = camera.viewmat[:3, :3], camera.viewmat[:3, 3]
    viewmat = np.eye(4)
    viewmat[:3, :3], viewmat[:3, 3] = R @ rotation, (R @ translation + t) / scale
    return Camera(viewmat, camera.K, camera.width, camera.height)


def landmark_energy(error: np.ndarray, weights: np.ndarray, doubt: float) -> float:
    """Robust distance: quadratic up to a per cent, then linear, flat far beyond ``doubt`` per cent."""
    far = np.sqrt((error**2).sum(1) + 1) - 1
    return float((weights * far / (1 + far / doubt)).sum() / 5)


def landmark_trust(error: np.ndarray, doubt: float) -> np.ndarray:
    """[K]: what a squared error counts so that half the gradient of :func:`landmark_energy` comes out."""
    length = np.sqrt((error**2).sum(1) + 1)
    return 1 / (10 * length * (1 + (length - 1) / doubt) ** 2)
