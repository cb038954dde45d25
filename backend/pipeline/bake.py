"""The last stage: a :class:`GaussianAvatar` becomes the avatar file that Blender plays without a backend."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from ...protocol.avatar import AvatarCamera, AvatarCeiling, AvatarControl, AvatarData, AvatarPose
from ..artifacts import (
    AvatarMesh,
    BoundGaussians,
    Camera,
    Ceiling,
    Control,
    GaussianAvatar,
    PersonalizedSet,
    Portrait,
)
from ..errors import StageError
from ..head.poses import POSES

_THUMBNAIL_SIZE = 256


def bake_avatar(
    portrait: Portrait, source: PersonalizedSet, avatar: GaussianAvatar, provenance: Mapping[str, object]
) -> AvatarData:
    """The content of the avatar file.

    The photo's camera is that of the reference view. Its expression is what the engine found
    (``provenance["photo_controls"]``: control name -> value), else what perception saw.

    Args:
        avatar: colours already baked for the reference view.
        provenance: of the whole job; wins over the avatar's and the engine's.
    """
    made_from = {**source.provenance, **avatar.provenance}
    seen = _mapping(made_from.pop("photo_controls", portrait.blendshapes))
    return avatar_data(
        replace(avatar, provenance={**made_from, **provenance}), source.cameras[source.reference_view], seen
    )


def avatar_data(
    avatar: GaussianAvatar, photo_camera: Camera | None = None, photo_controls: Mapping[str, float] | None = None
) -> AvatarData:
    """The content of the avatar file, with every named pose that the head's controls can show.

    Args:
        photo_camera, photo_controls: of the photo it was made from; controls that the head has not are left out.
    """
    mesh, gaussians = avatar.mesh, avatar.gaussians
    names = {control.name for control in mesh.controls}
    return AvatarData(
        vertices=mesh.vertices,
        faces=mesh.faces,
        part=mesh.part,
        unit_names=mesh.unit_names,
        unit_dirs=mesh.unit_dirs,
        posedirs=mesh.posedirs,
        weights=mesh.weights,
        joints=mesh.joints,
        vertex_colors=mesh.colors,
        controls=tuple(_control(control) for control in mesh.controls),
        gaussian_face=gaussians.face,
        gaussian_offset=gaussians.offset,
        gaussian_rest_edges=gaussians.rest_edges,
        gaussian_rotation=gaussians.rotation,
        gaussian_scale=gaussians.scale,
        gaussian_opacity=gaussians.opacity,
        gaussian_color=gaussians.color,
        thumbnail_png=encode_thumbnail(avatar.thumbnail),
        photo_camera=photo_camera and _camera(photo_camera),
        photo_controls={name: float(value) for name, value in (photo_controls or {}).items() if name in names},
        poses=tuple(AvatarPose(p.name, p.group, p.controls) for p in POSES if p.controls.keys() <= names),
        provenance=_plain(avatar.provenance),
    )


def avatar_of(data: AvatarData) -> GaussianAvatar:
    """The avatar that a file holds."""
    mesh = AvatarMesh(
        vertices=data.vertices,
        faces=data.faces,
        part=data.part,
        unit_names=data.unit_names,
        unit_dirs=data.unit_dirs,
        posedirs=data.posedirs,
        weights=data.weights,
        joints=data.joints,
        colors=data.vertex_colors,
        controls=tuple(
            Control(c.name, c.units, c.joints, c.ceiling and Ceiling(c.ceiling.constant, c.ceiling.controls))
            for c in data.controls
        ),
    )
    gaussians = BoundGaussians(
        face=data.gaussian_face,
        offset=data.gaussian_offset,
        rest_edges=data.gaussian_rest_edges,
        rotation=data.gaussian_rotation,
        scale=data.gaussian_scale,
        opacity=data.gaussian_opacity,
        color=data.gaussian_color,
    )
    return GaussianAvatar(mesh, gaussians, _decode_thumbnail(data.thumbnail_png), data.provenance)


def encode_thumbnail(image: np.ndarray) -> bytes:
    """PNG of an uint8 [H,W,3] sRGB picture, at most 256 pixels on a side."""
    scale = min(1.0, _THUMBNAIL_SIZE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    done, png = cv2.imencode(".png", cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2BGR))
    if not done:
        raise StageError(
            "bake.thumbnail",
            "The avatar's thumbnail could not be written.",
            cause=f"The picture has the shape {image.shape}.",
            fix="Submit the picture again. If it happens again, please report this, with the picture.",
        )
    return png.tobytes()


def _decode_thumbnail(png: bytes) -> np.ndarray:
    """uint8 [H,W,3] sRGB; one black pixel where there is none."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR) if png else None
    return np.zeros((1, 1, 3), np.uint8) if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _control(control: Control) -> AvatarControl:
    ceiling = control.ceiling and AvatarCeiling(control.ceiling.constant, control.ceiling.controls)
    return AvatarControl(control.name, control.units, control.joints, ceiling)


def _camera(camera: Camera) -> AvatarCamera:
    return AvatarCamera(camera.viewmat, camera.K, camera.width, camera.height)


def _mapping(value: object) -> Mapping[str, float]:
    return value if isinstance(value, Mapping) else {}


def _plain(value: object) -> dict[str, object]:
    """Provenance as JSON can hold it: numpy numbers become numbers, what is not finite becomes null."""
    return json.loads(json.dumps(_finite(value), default=lambda other: getattr(other, "tolist", lambda: str(other))()))


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_finite(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
