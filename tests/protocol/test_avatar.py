"""The avatar file keeps what it is given, and nothing done to its bytes does more than raise AvatarFileError."""

import dataclasses
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cameo.protocol.avatar import (
    AvatarCamera,
    AvatarCeiling,
    AvatarControl,
    AvatarData,
    AvatarPose,
    read_avatar,
    write_avatar,
)
from cameo.protocol.errors import AvatarFileError
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="session")
def avatar_bytes(avatar, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("avatar") / "head.cameo"
    write_avatar(path, avatar)
    return path.read_bytes()


def differences(a: AvatarData, b: AvatarData) -> list[str]:
    """Names of the fields in which two avatars differ."""

    def same(x: object, y: object) -> bool:
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            return x.dtype == y.dtype and np.array_equal(x, y)
        if isinstance(x, AvatarCamera) and isinstance(y, AvatarCamera):
            return np.array_equal(x.viewmat, y.viewmat) and np.array_equal(x.K, y.K) and x.width == y.width
        return x == y

    return [f.name for f in dataclasses.fields(AvatarData) if not same(getattr(a, f.name), getattr(b, f.name))]


def rewritten(avatar_bytes: bytes, **members: bytes | None) -> bytes:
    """The same file with members replaced (or left out), its CRCs right again: damage that only checks can find."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(avatar_bytes)) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            content = members.get(info.filename, old.read(info))
            if content is not None:
                new.writestr(info.filename, content)
    return target.getvalue()


def with_header(avatar_bytes: bytes, **changes: object) -> bytes:
    with zipfile.ZipFile(io.BytesIO(avatar_bytes)) as archive:
        header = json.loads(archive.read("avatar.json"))
    return rewritten(avatar_bytes, **{"avatar.json": json.dumps(header | changes).encode()})


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_round_trip_keeps_everything(avatar, avatar_bytes):
    assert differences(avatar, read_avatar(avatar_bytes)) == []


def test_equal_avatars_have_equal_bytes(avatar, avatar_bytes, tmp_path):
    write_avatar(tmp_path / "again.cameo", avatar)
    assert (tmp_path / "again.cameo").read_bytes() == avatar_bytes


def test_unit_directions_lose_at_most_half_precision(avatar, tmp_path):
    precise = dataclasses.replace(avatar, unit_dirs=avatar.unit_dirs * np.float32(1.0007))
    write_avatar(tmp_path / "a.cameo", precise)
    assert np.allclose(read_avatar(tmp_path / "a.cameo").unit_dirs, precise.unit_dirs, rtol=5e-4, atol=1e-7)


def test_every_array_opens_with_plain_numpy(avatar, avatar_bytes):
    with np.load(io.BytesIO(rewritten(avatar_bytes, **{"avatar.json": None, "thumbnail.png": None}))) as arrays:
        assert np.array_equal(arrays["gaussian_scale"], avatar.gaussian_scale)


def test_failed_write_leaves_the_old_file_and_no_litter(avatar, avatar_bytes, tmp_path):
    path = tmp_path / "head.cameo"
    path.write_bytes(avatar_bytes)
    with pytest.raises(TypeError):
        write_avatar(path, dataclasses.replace(avatar, provenance={"not json": object()}))
    assert path.read_bytes() == avatar_bytes
    assert [p.name for p in tmp_path.iterdir()] == ["head.cameo"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gaussian_scale", np.full((40, 3), np.nan, np.float32)),
        ("gaussian_face", np.full(40, 99, np.int32)),
        ("faces", np.full((16, 3), -1, np.int32)),
        ("weights", np.ones((12, 4), np.float32)),
        ("unit_dirs", np.zeros((2, 12, 3), np.float32)),
        ("controls", (AvatarControl("jawOpen", ((3, 1.0),), ()),)),
        ("controls", (AvatarControl("jawOpen", (), ((2, 3, 1.0),)),)),
        ("controls", (AvatarControl("jawOpen", ceiling=AvatarCeiling(1.0, ((1, -1.0),))),)),
        ("poses", (AvatarPose("joy", "", {}),)),
        ("poses", (AvatarPose("joy", "emotion", {"jawOpen": float("nan")}),)),
    ],
)
def test_what_a_reader_would_refuse_is_not_written(avatar, tmp_path, field, value):
    with pytest.raises(AvatarFileError) as caught:
        write_avatar(tmp_path / "bad.cameo", dataclasses.replace(avatar, **{field: value}))
    assert caught.value.code == "avatar.corrupt"
    assert not (tmp_path / "bad.cameo").exists()


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_cut_anywhere(avatar_bytes, data):
    length = data.draw(st.integers(0, len(avatar_bytes) - 1))
    with pytest.raises(AvatarFileError) as caught:
        read_avatar(avatar_bytes[:length])
    assert caught.value.code == "avatar.truncated"
    assert caught.value.fix


@given(data=st.data())
@settings(max_examples=1000, deadline=None)
def test_flipped_bytes_never_give_another_avatar(avatar, avatar_bytes, data):
    damaged = bytearray(avatar_bytes)
    # The directory at the end decides most, so half of the flips go there.
    first = data.draw(st.sampled_from([0, len(damaged) - 2000]))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(first, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        result = read_avatar(bytes(damaged))
    except AvatarFileError as error:
        assert error.code.startswith("avatar.") and error.sentence and error.fix
    else:
        assert differences(avatar, result) == []


@given(st.binary(max_size=400))
def test_other_bytes_are_not_an_avatar(content):
    with pytest.raises(AvatarFileError):
        read_avatar(content)


@given(
    header=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    key=st.sampled_from(["version", "unit_names", "controls", "photo_camera", "photo_controls", "poses", "provenance"]),
)
@settings(max_examples=150, deadline=None)
def test_any_header_is_read_or_refused(avatar_bytes, key, header):
    try:
        read_avatar(with_header(avatar_bytes, **{key: header}))
    except AvatarFileError as error:
        assert error.code in ("avatar.corrupt", "avatar.newer_version")


def test_codes_tell_apart(avatar_bytes, tmp_path):
    def code(content: bytes) -> str:
        with pytest.raises(AvatarFileError) as caught:
            read_avatar(content)
        return caught.value.code

    assert code(b"") == "avatar.truncated"
    assert code(b"\x89PNG\r\n\x1a\n....") == "avatar.not_an_avatar"
    assert code(rewritten(avatar_bytes, **{"avatar.json": None})) == "avatar.not_an_avatar"
    assert code(with_header(avatar_bytes, format="other")) == "avatar.not_an_avatar"
    assert code(with_header(avatar_bytes, version=[2, 0])) == "avatar.newer_version"
    assert code(rewritten(avatar_bytes, **{"faces.npy": None})) == "avatar.corrupt"


def test_release_1_0_is_still_read(avatar):
    """The file was written by release 1.0 from the same avatar; what 1.1 added is empty."""
    golden = read_avatar(Path(__file__).with_name("golden_avatar_1_0.cameo"))
    assert all(control.ceiling is None for control in golden.controls) and golden.poses == ()
    plain = tuple(dataclasses.replace(control, ceiling=None) for control in avatar.controls)
    assert differences(dataclasses.replace(avatar, controls=plain, poses=()), golden) == []


def test_a_newer_minor_version_is_read(avatar, avatar_bytes):
    assert differences(avatar, read_avatar(with_header(avatar_bytes, version=[1, 7], novelty=True))) == []


def test_arrays_that_lie_are_refused(avatar_bytes):
    honest = npy(np.zeros((16, 3), "<i4"))
    shape, room = b"(16, 3), }", b" " * 14
    huge = honest.replace(shape + room, b"(999999999, 999999999), }"[: len(shape + room)])
    assert b"999999999, 99" in huge
    lies = {
        "promises more than it holds": honest.replace(b"(16, 3)", b"(99, 3)"),
        "another dtype": npy(np.zeros((16, 3), "<i8")),
        "objects": npy(np.array([{"a": 1}] * 16, object)),
        "no header": b"\x93NUMPY\x01\x00",
        "code in the header": honest.replace(b"'shape': (16, 3)", b"'shape':exit(1,)"),
        "huge": huge,
        "fortran order": npy(np.asfortranarray(np.zeros((16, 3), "<i4"))),
    }
    for content in lies.values():
        with pytest.raises(AvatarFileError) as caught:
            read_avatar(rewritten(avatar_bytes, **{"faces.npy": content}))
        assert caught.value.code == "avatar.corrupt"


def test_compressed_members_are_refused(avatar_bytes):
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(avatar_bytes)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    with pytest.raises(AvatarFileError):
        read_avatar(target.getvalue())
