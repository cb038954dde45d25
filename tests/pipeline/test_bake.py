"""What reconstruction made is what the avatar file holds: real head, real Gaussians, real file."""

import dataclasses

import cv2
import numpy as np
import pytest
from cameo.backend.artifacts import GaussianAvatar, Part, PersonalizedSet
from cameo.backend.config import InitialCloudConfig
from cameo.backend.gaussians.initialise import initial_gaussians
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.poses import POSES
from cameo.backend.pipeline.bake import bake_avatar, encode_thumbnail
from cameo.protocol.avatar import ARRAYS, AvatarControl, read_avatar, write_avatar

from ..gaussians.toy import toy_set
from .test_artifact_store import portrait


@pytest.fixture(scope="module")
def made() -> tuple[PersonalizedSet, GaussianAvatar]:
    source = toy_set()
    posed = [pose_vertices(source.mesh, pose) for pose in source.poses]
    gaussians = initial_gaussians(source.mesh, posed, source.surface, InitialCloudConfig(gaussians=500))
    thumbnail = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    return source, GaussianAvatar(source.mesh, gaussians, thumbnail, {"psnr": np.float32(30.5), "bad": float("nan")})


def test_the_file_holds_the_avatar(made, tmp_path):
    source, avatar = made
    data = bake_avatar(portrait(), source, avatar, {"preset": "toy", "stages": [{"name": "portrait", "seconds": 1.0}]})
    write_avatar(tmp_path / "a.cameo", data)
    back = read_avatar(tmp_path / "a.cameo")
    mesh, gaussians = avatar.mesh, avatar.gaussians
    for name in ("vertices", "faces", "part", "posedirs", "weights", "joints"):
        assert np.array_equal(getattr(back, name), getattr(mesh, name)), name
    for name in ("face", "offset", "rest_edges", "rotation", "scale", "opacity", "color"):
        assert np.array_equal(getattr(back, f"gaussian_{name}"), getattr(gaussians, name)), name
    assert back.unit_names == mesh.unit_names
    assert np.abs(back.unit_dirs - mesh.unit_dirs).max() < 1e-5  # half precision, metres
    plain = tuple(dataclasses.replace(control, ceiling=None) for control in back.controls)
    assert plain == tuple(AvatarControl(c.name, c.units, c.joints) for c in mesh.controls)
    assert [dataclasses.astuple(c.ceiling) for c in back.controls if c.ceiling] == [
        dataclasses.astuple(c.ceiling) for c in mesh.controls if c.ceiling
    ]
    assert any(control.ceiling for control in back.controls)
    assert [(pose.name, pose.group, pose.controls) for pose in back.poses] == [
        (pose.name, pose.group, pose.controls) for pose in POSES
    ]
    assert back.provenance["psnr"] == 30.5 and back.provenance["bad"] is None
    assert back.provenance["stages"] == [{"name": "portrait", "seconds": 1.0}]


def test_the_photo_is_remembered(made):
    source, avatar = made
    data = bake_avatar(portrait(), source, avatar, {})
    camera = source.cameras[source.reference_view]
    assert np.array_equal(data.photo_camera.viewmat, camera.viewmat) and np.array_equal(data.photo_camera.K, camera.K)
    assert data.photo_controls == {"jawOpen": 0.25}
    source.provenance["photo_controls"] = {"mouthSmileLeft": 0.5, "unknown": 1.0}
    try:
        assert bake_avatar(portrait(), source, avatar, {}).photo_controls == {"mouthSmileLeft": 0.5}
    finally:
        del source.provenance["photo_controls"]


def test_the_thumbnail_is_a_small_png():
    image = np.zeros((300, 600, 3), np.uint8)
    image[..., 0] = 200  # red
    png = cv2.imdecode(np.frombuffer(encode_thumbnail(image), np.uint8), cv2.IMREAD_COLOR)
    assert png.shape == (128, 256, 3) and tuple(png[5, 5]) == (0, 0, 200)


def test_the_file_documents_the_parts_as_the_backend_has_them():
    """``protocol`` cannot import ``Part``; its numbers stand in SPEC.md and must not drift."""
    names = {0: "SKIN", 1: "LEFT_EYE", 2: "RIGHT_EYE", 3: "TEETH", 4: "TONGUE", 5: "MOUTH", 6: "HAIR"}
    assert {part.value: part.name for part in Part} == names
    assert ARRAYS["part"] == ("|u1", ("F",))
