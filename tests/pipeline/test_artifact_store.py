"""Artifacts come back as they were, or not at all."""

import dataclasses

import numpy as np
import pytest
from cameo.backend.artifacts import AvatarMesh, Camera, Control, HeadParameters, PersonalizedSet, Portrait, orbit_camera
from cameo.backend.config import BuiltinConfig
from cameo.backend.pipeline.artifact_store import ArtifactStore, artifact_key, code_version
from hypothesis import given, settings
from hypothesis import strategies as st

RNG = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def portrait() -> Portrait:
    return Portrait(
        image=RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8),
        matte=numbers(8, 8),
        inside=numbers(8, 8),
        landmarks=numbers(478, 3),
        blendshapes={"jawOpen": 0.25},
        crop=np.eye(2, 3),
        source_size=(640, 480),
        warnings=(("portrait.several_faces", "There are 2 faces."),),
    )


def personalized() -> PersonalizedSet:
    mesh = AvatarMesh(
        vertices=numbers(5, 3),
        faces=np.zeros((2, 3), np.int32),
        part=np.zeros(2, np.uint8),
        unit_names=("a", "b"),
        unit_dirs=numbers(2, 5, 3),
        posedirs=numbers(36, 5, 3),
        weights=numbers(5, 5),
        joints=numbers(5, 3),
        colors=numbers(5, 3),
        controls=(Control("jawOpen", ((0, 1.0),), ((2, 0, 0.3),)), Control("b")),
    )
    cameras = tuple(orbit_camera(yaw, distance=1.0, fov_deg=20, size=16) for yaw in (0, 30))
    return PersonalizedSet(
        mesh=mesh,
        cameras=cameras,
        poses=(HeadParameters(numbers(2), numbers(5, 3)),),
        images=RNG.integers(0, 256, (3, 16, 16, 4)).astype(np.uint8),
        view_index=np.array([0, 1, 1], np.int32),
        pose_index=np.zeros(3, np.int32),
        held_out=np.array([False, True, False]),
        reference_view=0,
        surface=None,
        provenance={"engine": "toy", "error": float("nan"), "frames": ["a", "b"]},
    )


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if dataclasses.is_dataclass(a):
        fields = dataclasses.fields(a)
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def test_artifacts_come_back_equal(tmp_path):
    store = ArtifactStore(tmp_path / "stages")
    for name, artifact in (("portrait", portrait()), ("engine", personalized())):
        store.save(name, "k" * 64, artifact, {"seconds": 1.5})
        loaded, record = store.load(name, "k" * 64, type(artifact))
        assert record == {"seconds": 1.5}
        for field in dataclasses.fields(artifact):
            if field.name != "provenance":
                assert same(getattr(artifact, field.name), getattr(loaded, field.name)), field.name
    assert loaded.provenance == {"engine": "toy", "error": None, "frames": ["a", "b"]}
    assert isinstance(loaded.cameras[0], Camera)


def test_loaded_arrays_may_be_changed_as_fresh_ones_may(tmp_path):
    store = ArtifactStore(tmp_path)
    store.save("portrait", "k", portrait(), {})
    store.load("portrait", "k", Portrait)[0].image[0, 0] = 7


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_artifact_counts_as_none(tmp_path_factory, data):
    store = ArtifactStore(tmp_path_factory.mktemp("store"))
    artifact = portrait()
    store.save("portrait", "k", artifact, {})
    path = store.path("portrait", "k")
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    loaded = store.load("portrait", "k", Portrait)
    assert not path.exists() if loaded is None else same(loaded[0], artifact)


def test_a_failed_save_leaves_nothing(tmp_path):
    store = ArtifactStore(tmp_path)
    broken = dataclasses.replace(portrait(), blendshapes={"jawOpen": object()})
    with pytest.raises(TypeError):
        store.save("portrait", "k", broken, {})
    assert list(tmp_path.iterdir()) == []
    assert store.load("portrait", "k", Portrait) is None


def test_keys_tell_apart_what_differs():
    keys = {
        artifact_key("a", BuiltinConfig()),
        artifact_key("a", BuiltinConfig(seed=1)),
        artifact_key("a", BuiltinConfig(expression_yaws=(1.0,))),
        artifact_key("b", BuiltinConfig()),
        artifact_key("a", "b"),
        artifact_key("ab"),
        artifact_key("a", None),
    }
    assert len(keys) == 7
    assert artifact_key("a", BuiltinConfig()) == artifact_key("a", BuiltinConfig())
    assert len(code_version()) == 64
