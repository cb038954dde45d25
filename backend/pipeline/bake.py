"""The last stage: a :class:`GaussianAvatar` becomes the avatar file that Blender plays without a backend."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import cv2
import numpy as np

from ...protocol.avatar import AvatarCamera, AvatarCeiling, AvatarControl, AvatarData, AvatarPose
from ..artifacts import Camera, Control, GaussianAvatar, PersonalizedSet, Portrait
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
    mesh, gaussians = avatar.mesh, avatar.gaussians
    made_from = {**source.provenance, **avatar.provenance}
    seen = _mapping(made_from.pop("photo_controls", portrait.blendshapes))
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
        photo_camera=_camera(source.cameras[source.reference_view]),
        photo_controls={name: float(value) for name, value in seen.items() if name in names},
        poses=tuple(AvatarPose(p.name, p.group, p.controls) for p in POSES if p.controls.keys() <= names),
        provenance=_plain({**made_from, **provenance}),
    )


def encode_thumbnail(image: np.ndarray) -> bytes:
    """PNG of an uint8 [H,W,3] sRGB picture, at most 256 pixels on a side."""
    scale = min(1.0, _THUMBNAIL_SIZE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    done, png = cv2.imencode(".png", cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2BGR))
    if not done:
        raise StageError("bake.thumbnail", "The thumbnail could not be written.", cause=f"picture {image.shape}")
    return png.tobytes()


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
