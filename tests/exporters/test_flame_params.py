"""``flame_param.npz``: its layout, that FLAME's own function makes our mesh of it, round trips, and damaged files."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.artifacts import AvatarMesh, HeadParameters
from cameo.backend.errors import CameoError
from cameo.backend.exporters.flame_params import (
    expression_table,
    flame_params,
    head_parameters,
    neutral_vertices,
    read_flame_params,
    write_flame_params,
)
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.flame.head_model import RAW
from cameo.backend.head.flame.layer import FlameParameters, pose_flame
from cameo.backend.head.flame.smplx_layout import flame_layout
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model
from hypothesis import given, settings
from hypothesis import strategies as st

MODEL = load_head_model()
CLIP = ({}, {"jawOpen": 0.7, "eyeLookUpLeft": 1.0}, {"mouthSmileLeft": 1.0, "browInnerUp": 0.5})


def clip(mesh) -> list[HeadParameters]:
    """The last frame turns and moves the head, too."""
    poses = [parameters_from_controls(mesh, controls) for controls in CLIP]
    turned = poses[-1].pose.copy()
    turned[0], turned[1] = (0.1, -0.4, 0.05), (0.2, 0, -0.1)
    poses[-1] = replace(poses[-1], pose=turned, translation=np.array([0.01, 0.02, -0.1], np.float32))
    return poses


@pytest.fixture(scope="module")
def file(avatar, tmp_path_factory):
    path = tmp_path_factory.mktemp("params") / "flame_param.npz"
    write_flame_params(path, flame_params(avatar.mesh, clip(avatar.mesh), MODEL))
    return path


def test_the_layout_is_theirs(file):
    vertices = len(MODEL.v_template)
    with np.load(file, allow_pickle=False) as archive:
        assert {name: array.shape for name, array in archive.items()} == {
            **{"shape": (300,), "expr": (3, 100), "translation": (3, 3), "static_offset": (1, vertices, 3)},
            **{"rotation": (3, 3), "neck_pose": (3, 3), "jaw_pose": (3, 3), "eyes_pose": (3, 6)},
            "dynamic_offset": (3, vertices, 3),
        }
        assert all(array.dtype == np.float32 for array in archive.values())


def test_flames_function_makes_our_mesh_of_it(avatar, file):
    """But for joints, which follow the expression in FLAME: a tenth of a millimetre."""
    with np.load(file, allow_pickle=False) as a:
        turns = np.concatenate([a["rotation"], a["neck_pose"], a["jaw_pose"], a["eyes_pose"]], 1).reshape(-1, 5, 3)
        found = FlameParameters(a["shape"][None], a["expr"], turns, a["translation"], a["static_offset"])
        posed = pose_flame(flame_layout(MODEL), found).vertices
    wanted = np.stack([pose_vertices(avatar.mesh, pose)[: posed.shape[1]] for pose in clip(avatar.mesh)])
    missed = np.linalg.norm(posed - wanted, axis=-1)
    assert missed[0].max() < 1e-6 and missed.max() < 5e-4 and missed.mean() < 1e-4


def test_round_trip(avatar, file):
    params = read_flame_params(file)
    np.testing.assert_allclose(
        neutral_vertices(params, MODEL), avatar.mesh.vertices[: len(MODEL.v_template)], atol=2e-8
    )
    for found, wanted in zip(head_parameters(params, MODEL), clip(avatar.mesh), strict=True):
        for name, array in vars(wanted).items():
            np.testing.assert_allclose(getattr(found, name), array, atol=1e-7, err_msg=name)


def test_named_units_are_written_as_flames_own_expression():
    """A head whose named units are sums of raw components, as FLAME's are (``named_expressions.py``)."""
    rng = np.random.default_rng(0)
    sums = rng.normal(0, 1, (5, 12))
    raw = MODEL.unit_dirs[:12]
    names = (*"abcde", *(RAW.format(k) for k in range(12)))
    units = np.concatenate([np.tensordot(sums, raw, 1), raw]).astype(np.float32)
    head = replace(MODEL, unit_names=names, unit_dirs=units)
    np.testing.assert_allclose(expression_table(head), np.concatenate([sums, np.eye(12)]), atol=1e-4)
    mesh = make_mesh(head)
    value = HeadParameters(rng.normal(0, 1, 17).astype(np.float32), np.zeros((5, 3), np.float32))
    params = flame_params(mesh, [value], head)
    (back,) = head_parameters(params, head)
    assert not back.units[:5].any() and params.expr.shape == (1, 12)
    np.testing.assert_allclose(pose_vertices(mesh, back), pose_vertices(mesh, value), atol=1e-6)


def make_mesh(head):
    return AvatarMesh(
        vertices=head.v_template,
        faces=head.faces,
        part=head.part,
        unit_names=head.unit_names,
        unit_dirs=head.unit_dirs,
        posedirs=head.posedirs,
        weights=head.weights,
        joints=head.joints(head.v_template),
        colors=np.zeros_like(head.v_template),
        controls=(),
    )


def test_identities_and_offsets_without_teeth_are_read(file):
    params = read_flame_params(file)
    short = replace(params, static_offset=params.static_offset[:100], shape=np.eye(1, 300, 2, dtype=np.float32)[0])
    found = neutral_vertices(short, MODEL)
    np.testing.assert_allclose(found[100:], (MODEL.v_template + MODEL.shapedirs[:, :, 2])[100:], atol=1e-7)
    for wrong in (
        replace(params, static_offset=np.zeros((len(MODEL.v_template) + 1, 3), np.float32)),
        replace(params, shape=np.ones(300, np.float32)),  # the built-in head has 100
    ):
        with pytest.raises(CameoError) as caught:
            neutral_vertices(wrong, MODEL)
        assert caught.value.code == "flame_param.of_another_head"


def test_another_heads_avatar_is_refused(avatar):
    fewer = replace(MODEL, faces=MODEL.faces[1:])
    with pytest.raises(CameoError) as caught:
        flame_params(avatar.mesh, clip(avatar.mesh), fewer)
    assert caught.value.code == "export.another_head"


def changed(file, path, **arrays):
    with np.load(file, allow_pickle=False) as archive:
        content = {**archive, **arrays}
    np.savez(path, **{name: array for name, array in content.items() if array is not None})
    return path


@pytest.mark.parametrize(
    "arrays",
    [
        {"expr": None},
        {"expr": np.zeros((2, 100), np.float32)},
        {"expr": np.zeros((0, 100), np.float32)},
        {"expr": np.float32(1)},
        {"eyes_pose": np.zeros((3, 3), np.float32)},
        {"jaw_pose": np.full((3, 3), np.nan, np.float32)},
        {"static_offset": np.zeros((2, 10, 3), np.float32)},
        {"shape": np.zeros(300, int)},
        {"shape": np.array([{"a": 1}], object)},
    ],
)
def test_what_is_no_such_file_is_refused(file, tmp_path, arrays):
    with pytest.raises(CameoError) as caught:
        read_flame_params(changed(file, tmp_path / "flame_param.npz", **arrays))
    assert caught.value.code == "flame_param.unreadable" and caught.value.fix


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damage_raises_that_error_or_none(file, tmp_path_factory, data):
    content = bytearray(file.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            # where the directory and the arrays' headers lie: the rest is numbers
            place = data.draw(st.integers(0, 400) | st.integers(len(content) - 900, len(content) - 1))
            content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("params") / "flame_param.npz"
    path.write_bytes(content)
    try:
        read_flame_params(path)
    except CameoError as error:
        assert error.code == "flame_param.unreadable"
