"""The typed values that travel between stages. Everybody may import this module; it imports only numpy.

Frames, units and the binding formula: ``backend/conventions.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np


class Part(IntEnum):
    """What a face of the avatar mesh belongs to."""

    SKIN = 0
    LEFT_EYE = 1
    RIGHT_EYE = 2
    TEETH = 3
    TONGUE = 4
    MOUTH = 5  # inside of the mouth
    HAIR = 6


JOINT_NAMES = ("root", "neck", "jaw", "left_eye", "right_eye")
JOINT_PARENTS = (-1, 0, 1, 1, 1)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera (OpenCV). ``viewmat`` float64 [4,4] world-to-camera, metres; ``K`` float64 [3,3] pixels."""

    viewmat: np.ndarray
    K: np.ndarray
    width: int
    height: int


def orbit_camera(
    yaw_deg: float,
    pitch_deg: float = 0.0,
    *,
    distance: float,
    fov_deg: float,
    size: int,
    center: np.ndarray | tuple[float, float, float] = (0.0, -0.015, -0.01),
) -> Camera:
    """Camera on an orbit round the head, looking at ``center``; square image of ``size`` pixels, ``fov_deg`` across."""
    yaw, pitch = np.deg2rad(yaw_deg), np.deg2rad(pitch_deg)
    backward = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    down = np.cross(-backward, right)
    rotation = np.stack([right, down, -backward])
    viewmat = np.eye(4)
    viewmat[:3, :3] = rotation
    viewmat[:3, 3] = -rotation @ (np.asarray(center, float) + distance * backward)
    focal = 0.5 * size / np.tan(np.deg2rad(fov_deg) / 2)
    K = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]])
    return Camera(viewmat, K, size, size)


def scaled_camera(camera: Camera, size: int) -> Camera:
    """The same camera with square pictures of ``size`` pixels."""
    K = camera.K.copy()
    K[:2] *= size / camera.width
    return Camera(camera.viewmat, K, size, size)


def over_white(image: np.ndarray) -> np.ndarray:
    """uint8 [H,W,3] of a picture uint8 [H,W,3], or [H,W,4] with premultiplied alpha, on white."""
    if image.shape[2] == 3:
        return image
    mixed = image[..., :3].astype(np.uint16) + (255 - image[..., 3:])
    return np.minimum(mixed, 255).astype(np.uint8)  # rounding may leave colour above alpha


@dataclass(frozen=True)
class HeadParameters:
    """One pose: ``units`` float32 [U], ``pose`` float32 [5,3] axis-angle, ``translation`` float32 [3] metres."""

    units: np.ndarray
    pose: np.ndarray
    translation: np.ndarray = field(default_factory=lambda: np.zeros(3, np.float32))


@dataclass(frozen=True)
class Portrait:
    """A prepared picture: a square crop round the face with everything perception found on it.

    Attributes:
        image: uint8 [S,S,3] sRGB.
        matte: float32 [S,S] 0..1, the person.
        inside: float32 [S,S], 1 where the source picture really has pixels.
        landmarks: float32 [478,3]; x, y in crop pixels, z in the same unit (smaller is nearer).
        blendshapes: the landmarker's 52 ARKit scores by name, 0..1.
        crop: float64 [2,3], source pixel -> crop pixel.
        source_size: (width, height) of the decoded, upright source.
        warnings: codes and sentences for the artist, e.g. ``("portrait.several_faces", "...")``.
        face_boxes: float32 [F,4], all faces of the source picture, the largest first: x0, y0, x1, y1 of their landmarks
            in its pixels.
    """

    image: np.ndarray
    matte: np.ndarray
    inside: np.ndarray
    landmarks: np.ndarray
    blendshapes: dict[str, float]
    crop: np.ndarray
    source_size: tuple[int, int]
    warnings: tuple[tuple[str, str], ...] = ()
    face_boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))


@dataclass(frozen=True)
class Ceiling:
    """How far a control acts at most: ``constant + sum(gain * value of another control)``, not below 0.

    The values of the others are those the artist set, before any ceiling. ``controls`` holds (control index, gain).
    """

    constant: float
    controls: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Control:
    """One slider of the artist, 0..1, and what it drives, linearly.

    Attributes:
        name: ARKit name, or an action unit's (``AU12LipCornerPuller``).
        units: (unit index, value at 1).
        joints: (joint index, axis 0..2, radians at 1), added to the joint's axis-angle.
        ceiling: what the value is cut to before it drives anything; None: nothing.
    """

    name: str
    units: tuple[tuple[int, float], ...] = ()
    joints: tuple[tuple[int, int, float], ...] = ()
    ceiling: Ceiling | None = None


@dataclass(frozen=True)
class AvatarMesh:
    """The rigged mesh of one person, identity applied: what Gaussians are bound to and what Blender shows as proxy.

    Head faces come first, then (optionally) a coarse hair shell whose vertices follow the neck joint.

    Attributes:
        vertices: float32 [V,3] neutral.
        faces: int32 [F,3].
        part: uint8 [F], :class:`Part`.
        unit_names: U names.
        unit_dirs: float32 [U,V,3] displacement at value 1.
        posedirs: float32 [36,V,3] pose correctives; row 9*(j-1)+3*r+c belongs to (R_j - I)[r,c], j = 1..4.
        weights: float32 [V,5] skinning weights, rows sum to 1.
        joints: float32 [5,3] joint positions of the neutral mesh.
        colors: float32 [V,3] sRGB 0..1, for showing the proxy.
        controls: the artist's controls, ARKit 52 first.
    """

    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    unit_names: tuple[str, ...]
    unit_dirs: np.ndarray
    posedirs: np.ndarray
    weights: np.ndarray
    joints: np.ndarray
    colors: np.ndarray
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class SurfaceCloud:
    """Coloured surface elements of a mesh-like source, from which the first Gaussians are made.

    Each element sits on a face of the avatar mesh exactly as a bound Gaussian does (``offset`` = (a, b, h)).

    Attributes:
        face: int32 [N].
        offset: float32 [N,3], (a, b, h) of the binding; h in metres.
        normal: float32 [N,3] in the face's own frame (t, b, n) of the neutral mesh.
        tangent: float32 [N,3] in the same frame: strand direction for hair, any unit vector in the surface elsewhere.
        area: float32 [N] m² on the neutral mesh.
        color: float32 [N,3] sRGB 0..1.
        importance: float32 [N], how much detail the eye wants here (1 = skin, more for eyes, lips, teeth).
    """

    face: np.ndarray
    offset: np.ndarray
    normal: np.ndarray
    tangent: np.ndarray
    area: np.ndarray
    color: np.ndarray
    importance: np.ndarray


@dataclass(frozen=True)
class ViewSet:
    """Pictures of one still head from all around, with depth: what shape and image priors make.

    The world is the head upright, y up, face towards +z, in a unit of its maker's: tracking finds it.

    Attributes:
        images: uint8 [V,S,S,4] premultiplied RGBA.
        depth: float32 [V,S,S] camera z in the world's unit; inf where there is nothing.
        cameras: V cameras, pictures of S pixels.
        azimuths_deg: V orbit yaws, degrees (``conventions.md``).
        reference: index of the view that shows the artist's own picture.
    """

    images: np.ndarray
    depth: np.ndarray
    cameras: tuple[Camera, ...]
    azimuths_deg: tuple[float, ...]
    reference: int


@dataclass(frozen=True)
class ClipSet:
    """Moving pictures of one head from several cameras of a :class:`ViewSet`, in lockstep: what a video prior makes.

    Attributes:
        images: uint8 [T,W,S,S,4] premultiplied RGBA; moment t as view ``views[w]`` sees it.
        views: int32 [W], indices into the ViewSet.
        clip: int32 [T], the clip that a moment belongs to; a clip's moments follow each other.
        names: the clips'.
        rate: moments per second.
    """

    images: np.ndarray
    views: np.ndarray
    clip: np.ndarray
    names: tuple[str, ...]
    rate: float


@dataclass(frozen=True)
class PersonalizedSet:
    """What every engine ends in: pictures of one person from known cameras in known head poses.

    Frame m shows ``cameras[view_index[m]]`` and ``poses[pose_index[m]]``.

    Attributes:
        mesh: the rigged mesh of this person.
        cameras: V cameras.
        poses: T head poses; ``poses[0]`` is neutral.
        images: uint8 [M,H,W,4] premultiplied RGBA.
        view_index, pose_index: int32 [M].
        held_out: bool [M]; frames kept for measuring, never trained on.
        reference_view: index of the view whose look is kept (COIN's reference).
        surface: first Gaussians, where the engine has a surface.
        provenance: versions, licences, settings: JSON-able.
        warnings: codes and sentences for the artist.
    """

    mesh: AvatarMesh
    cameras: tuple[Camera, ...]
    poses: tuple[HeadParameters, ...]
    images: np.ndarray
    view_index: np.ndarray
    pose_index: np.ndarray
    held_out: np.ndarray
    reference_view: int
    surface: SurfaceCloud | None
    provenance: dict[str, object]
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BoundGaussians:
    """N Gaussians bound to triangles; the formula stands in ``conventions.md``.

    Attributes:
        face: int32 [N]. offset: float32 [N,3] (a, b, h). rest_edges: float32 [N,3].
        rotation: float32 [N,4] wxyz, local. scale: float32 [N,3] metres at rest.
        opacity: float32 [N]. color: float32 [N,3] sRGB 0..1.
    """

    face: np.ndarray
    offset: np.ndarray
    rest_edges: np.ndarray
    rotation: np.ndarray
    scale: np.ndarray
    opacity: np.ndarray
    color: np.ndarray


@dataclass(frozen=True)
class GaussianAvatar:
    """The finished avatar: what the avatar file holds (``protocol/avatar.py``)."""

    mesh: AvatarMesh
    gaussians: BoundGaussians
    thumbnail: np.ndarray  # uint8 [H,W,3]
    provenance: dict[str, object]
