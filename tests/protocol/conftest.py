"""A small, complete avatar for the tests of the file and of the wire."""

import numpy as np
import pytest
from cameo.protocol.avatar import AvatarCamera, AvatarCeiling, AvatarControl, AvatarData, AvatarPose


@pytest.fixture(scope="session")
def avatar() -> AvatarData:
    rng = np.random.default_rng(3)
    vertex_count, face_count, gaussian_count = 12, 16, 40

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    unit_dirs = np.zeros((3, vertex_count, 3), np.float32)
    unit_dirs[0, 2:5], unit_dirs[2, 7] = numbers(3, 3) * 0.01, numbers(3) * 0.01
    weights = np.abs(numbers(vertex_count, 5))
    return AvatarData(
        vertices=numbers(vertex_count, 3),
        faces=rng.integers(0, vertex_count, (face_count, 3)).astype(np.int32),
        part=rng.integers(0, 7, face_count).astype(np.uint8),
        unit_names=("mouthSmileLeft", "still", "eyeBlinkLeft"),
        unit_dirs=unit_dirs.astype(np.float16).astype(np.float32),
        posedirs=numbers(36, vertex_count, 3) * 1e-3,
        weights=weights / weights.sum(1, keepdims=True),
        joints=numbers(5, 3),
        vertex_colors=rng.random((vertex_count, 3), np.float32),
        controls=(
            AvatarControl("jawOpen", (), ((2, 0, 0.35),)),
            AvatarControl("mouthSmileLeft", ((0, 1.0), (2, -0.25)), (), AvatarCeiling(1.0, ((0, -0.5),))),
        ),
        gaussian_face=rng.integers(0, face_count, gaussian_count).astype(np.int32),
        gaussian_offset=numbers(gaussian_count, 3),
        gaussian_rest_edges=numbers(gaussian_count, 3),
        gaussian_rotation=numbers(gaussian_count, 4),
        gaussian_scale=np.abs(numbers(gaussian_count, 3)),
        gaussian_opacity=rng.random(gaussian_count, np.float32),
        gaussian_color=rng.random((gaussian_count, 3), np.float32),
        thumbnail_png=b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        photo_camera=AvatarCamera(np.eye(4), np.diag([500.0, 500.0, 1.0]), 768, 640),
        photo_controls={"mouthSmileLeft": 0.4},
        poses=(AvatarPose("aa", "viseme", {"jawOpen": 0.6}), AvatarPose("joy", "emotion", {"mouthSmileLeft": 0.9})),
        provenance={"engine": "builtin", "seconds": 1.5, "name": "Zoë"},
    )
